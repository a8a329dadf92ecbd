/* The attention kernels and what they are launched with. */
#ifndef GT_CUDA_ATTENTION_ARGS_H
#define GT_CUDA_ATTENTION_ARGS_H

#include <stdint.h>

#define GT_CUDA_ATTENTION_KERNELS(K)

#endif
