/* The linear kernels and what they are launched with. */
#ifndef GT_CUDA_LINEAR_ARGS_H
#define GT_CUDA_LINEAR_ARGS_H

#include <stdint.h>

#define GT_CUDA_LINEAR_KERNELS(K)

#endif
