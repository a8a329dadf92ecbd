/*
 * What kernels are written with. nvcc compiles it to the instructions named here; g++ compiles it with the shim of
 * tests/cuda (kernel_shim.h), where blocks and threads are fibers of one CPU thread and each of these functions has a
 * scalar stand-in. Device code uses nothing of CUDA beside this header, threadIdx.x, blockIdx, gridDim, blockDim.x,
 * float2/float4/uint2/uint4/int2 with make_*, and <math.h> functions on floats.
 *
 *   GT_KERNEL(layer_norm_f32) { ... args.rows ... }     one row of kernel_list.h; `args` is its struct, by value
 *   GT_DEVICE float square(float x) { ... }             a function of kernels
 *   GT_SHARED(smem);                                    smem: the block's dynamic shared memory, unsigned char *, aligned
 *                                                       to 128 bytes. There is no static shared memory.
 *   GT_UNROLL                                           #pragma unroll
 *
 *   gt_sync_block(), gt_sync_warp()                     all threads of the block, of the warp (full warps only)
 *   gt_shuffle_xor(float v, int mask), gt_shuffle(float v, int lane)      whole warp; also for int32_t and uint32_t
 *
 *   gt_copy_async_16(void *shared, const void *global, bool valid)        cp.async.cg: 16 bytes, both aligned to 16;
 *   gt_copy_async_4(void *shared, const void *global, bool valid)         zeros if not valid (global isn't read then)
 *   gt_copy_commit(), gt_copy_wait<N>()                 groups; wait until at most N of this thread's are under way.
 *                                                       A barrier is still needed before other threads' copies are read.
 *
 *   gt_load_matrix_x4(uint32_t r[4], const void *shared)                  ldmatrix .x4 (.trans): each lane gives the
 *   gt_load_matrix_x4_trans(uint32_t r[4], const void *shared)            address of a row of 16 bytes, aligned to 16
 *   gt_mma_bf16(float d[4], const uint32_t a[4], const uint32_t b[2])     d += a b, m16n8k16, bf16 in, fp32 sums
 *   gt_mma_tf32(float d[4], const uint32_t a[4], const uint32_t b[2])     d += a b, m16n8k8, tf32 in, fp32 sums
 *   gt_tf32(float) -> uint32_t                          cvt.rna.tf32
 *   gt_bf16x2(float low, float high) -> uint32_t        two bf16, round to nearest even
 *   gt_float_of_bf16(uint16_t), gt_float_of_f16(uint16_t)
 */
#ifndef GT_KERNEL_CUH
#define GT_KERNEL_CUH

#include <stdint.h>

#include "cuda/kernel_list.h"

#endif
