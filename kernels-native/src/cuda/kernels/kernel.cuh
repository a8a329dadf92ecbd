/*
 * What kernels are written with. nvcc compiles it to the instructions named here; g++ compiles it with the shim of
 * tests/cuda (kernel_shim.h), where blocks and threads are fibers of one CPU thread and each of these functions has a
 * scalar stand-in. Device code uses nothing of CUDA beside this header, threadIdx.x, blockIdx, gridDim, blockDim.x,
 * float2/float4/uint2/uint4/int2 with make_*, and <math.h> functions on floats.
 *
 *   GT_KERNEL(layer_norm_f32) { ... args.rows ... }     one row of kernel_list.h; `args` is its struct, by value
 *   GT_DEVICE float square(float x) { ... }             a function of kernels
 *   GT_SHARED(smem);                                    unsigned char *smem: the block's dynamic shared memory, aligned
 *                                                       to 128 bytes. There is no static shared memory.
 *   GT_UNROLL                                           #pragma unroll, before a `for` with a constant count
 *
 *   gt_sync_block(), gt_sync_warp()                     all threads of the block, of the warp (full warps only)
 *   gt_shuffle_xor(float v, int mask), gt_shuffle(float v, int lane)      whole warp; also for int32_t and uint32_t
 *
 *   gt_copy_async_16(void *shared, const void *global, bool valid)        cp.async.cg: 16 bytes, both aligned to 16;
 *   gt_copy_async_4(void *shared, const void *global, bool valid)         zeros if not valid (global isn't read then)
 *   gt_copy_commit(), gt_copy_wait<N>()                 groups; wait until at most N of this thread's are under way.
 *                                                       What other threads copied needs a barrier after their wait.
 *
 *   gt_load_matrix_x4(uint32_t r[4], const void *shared)                  ldmatrix .x4 (.trans): each lane gives the
 *   gt_load_matrix_x4_trans(uint32_t r[4], const void *shared)            address of a row of 16 bytes, aligned to 16
 *   gt_mma_bf16(float d[4], const uint32_t a[4], const uint32_t b[2])     d += a b, m16n8k16, bf16 in, fp32 sums
 *   gt_mma_tf32(float d[4], const uint32_t a[4], const uint32_t b[2])     d += a b, m16n8k8, tf32 in, fp32 sums
 *   gt_tf32(float) -> uint32_t                          cvt.rna.tf32
 *   gt_bf16x2(float low, float high) -> uint32_t        two bf16, round to nearest even
 *   gt_exp2(float)                                      ex2.approx.ftz: off by 2 ulp at most; below 2^-126 it gives 0
 *   gt_float_of_bf16(uint16_t), gt_float_of_f16(uint16_t), gt_float_of_bits(uint32_t), gt_bits_of(float)
 */
#ifndef GT_KERNEL_CUH
#define GT_KERNEL_CUH

#include <math.h>
#include <stdint.h>

#ifndef GT_CUDA_KERNELS /* the shim's test has kernels of its own */
#include "cuda/kernel_list.h"
#endif

#define GT_KERNEL_ROW(name, args_type, threads) \
  typedef args_type gt_args_of_##name;          \
  enum { gt_threads_of_##name = threads };
GT_CUDA_KERNELS(GT_KERNEL_ROW)
#undef GT_KERNEL_ROW

#ifndef __CUDACC__

#include "kernel_shim.h"

#else

#define GT_KERNEL(name)                                              \
  extern "C" __global__ void __launch_bounds__(gt_threads_of_##name) \
      name(const __grid_constant__ gt_args_of_##name args)
#define GT_DEVICE __device__ __forceinline__
#define GT_SHARED(name) extern __shared__ __align__(128) unsigned char name[]
#define GT_UNROLL _Pragma("unroll")

GT_DEVICE void gt_sync_block() {
  __syncthreads();
}

GT_DEVICE void gt_sync_warp() {
  __syncwarp();
}

GT_DEVICE float gt_shuffle_xor(float v, int mask) {
  return __shfl_xor_sync(0xffffffffu, v, mask);
}

GT_DEVICE int32_t gt_shuffle_xor(int32_t v, int mask) {
  return __shfl_xor_sync(0xffffffffu, v, mask);
}

GT_DEVICE uint32_t gt_shuffle_xor(uint32_t v, int mask) {
  return __shfl_xor_sync(0xffffffffu, v, mask);
}

GT_DEVICE float gt_shuffle(float v, int lane) {
  return __shfl_sync(0xffffffffu, v, lane);
}

GT_DEVICE int32_t gt_shuffle(int32_t v, int lane) {
  return __shfl_sync(0xffffffffu, v, lane);
}

GT_DEVICE uint32_t gt_shuffle(uint32_t v, int lane) {
  return __shfl_sync(0xffffffffu, v, lane);
}

GT_DEVICE uint32_t gt_shared_address(const void *shared) {
  return (uint32_t)__cvta_generic_to_shared(shared);
}

/* Copies and waits are walls for the compiler ("memory"): it knows nothing of when their bytes are written. */
GT_DEVICE void gt_copy_async_16(void *shared, const void *global, bool valid) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(gt_shared_address(shared)),
               "l"(__cvta_generic_to_global(global)), "r"(valid ? 16 : 0)
               : "memory");
}

GT_DEVICE void gt_copy_async_4(void *shared, const void *global, bool valid) {
  asm volatile("cp.async.ca.shared.global [%0], [%1], 4, %2;" ::"r"(gt_shared_address(shared)),
               "l"(__cvta_generic_to_global(global)), "r"(valid ? 4 : 0)
               : "memory");
}

GT_DEVICE void gt_copy_commit() {
  asm volatile("cp.async.commit_group;" ::: "memory");
}

template <int N>
GT_DEVICE void gt_copy_wait() {
  asm volatile("cp.async.wait_group %0;" ::"n"(N) : "memory");
}

GT_DEVICE void gt_load_matrix_x4(uint32_t r[4], const void *shared) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(gt_shared_address(shared))
               : "memory");
}

GT_DEVICE void gt_load_matrix_x4_trans(uint32_t r[4], const void *shared) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(gt_shared_address(shared))
               : "memory");
}

GT_DEVICE void gt_mma_bf16(float d[4], const uint32_t a[4], const uint32_t b[2]) {
  asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 "
      "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

GT_DEVICE void gt_mma_tf32(float d[4], const uint32_t a[4], const uint32_t b[2]) {
  asm("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 "
      "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

GT_DEVICE uint32_t gt_tf32(float x) {
  uint32_t r;
  asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(r) : "f"(x));
  return r;
}

GT_DEVICE uint32_t gt_bf16x2(float low, float high) {
  uint32_t r;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(r) : "f"(high), "f"(low));
  return r;
}

GT_DEVICE float gt_exp2(float x) {
  float r;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(r) : "f"(x));
  return r;
}

GT_DEVICE float gt_float_of_bits(uint32_t bits) {
  return __uint_as_float(bits);
}

GT_DEVICE uint32_t gt_bits_of(float x) {
  return __float_as_uint(x);
}

GT_DEVICE float gt_float_of_bf16(uint16_t x) {
  return __uint_as_float((uint32_t)x << 16);
}

GT_DEVICE float gt_float_of_f16(uint16_t x) {
  float r;
  asm("cvt.f32.f16 %0, %1;" : "=f"(r) : "h"(x));
  return r;
}

#endif

#endif
