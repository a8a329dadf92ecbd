/* Every kernel of the CUDA library: K(name, args struct, threads per block). The host launches by this list, the device
 * code is declared by it (kernel.cuh), and a kernel that the module lacks is refused by name when a context is made. */
#ifndef GT_CUDA_KERNEL_LIST_H
#define GT_CUDA_KERNEL_LIST_H

#include "cuda/attention_args.h"
#include "cuda/disentangled_args.h"
#include "cuda/linear_args.h"
#include "cuda/row_args.h"

#define GT_CUDA_KERNELS(K)     \
  GT_CUDA_ROW_KERNELS(K)       \
  GT_CUDA_LINEAR_KERNELS(K)    \
  GT_CUDA_ATTENTION_KERNELS(K) \
  GT_CUDA_DISENTANGLED_KERNELS(K)

#endif
