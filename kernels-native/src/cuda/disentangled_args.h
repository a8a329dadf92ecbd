/* The disentangled kernels and what they are launched with. */
#ifndef GT_CUDA_DISENTANGLED_ARGS_H
#define GT_CUDA_DISENTANGLED_ARGS_H

#include <stdint.h>

#define GT_CUDA_DISENTANGLED_KERNELS(K)

#endif
