/* The row kernels and what they are launched with. */
#ifndef GT_CUDA_ROW_ARGS_H
#define GT_CUDA_ROW_ARGS_H

#include <stdint.h>

#define GT_CUDA_ROW_KERNELS(K)

#endif
