/* Four elements of a row, and sums over threads. */
#ifndef GT_CUDA_ROWS_CUH
#define GT_CUDA_ROWS_CUH

#include "cuda/kernels/kernel.cuh"

/* to = p[0 .. 3]; zeros from `count` on. Which elements a thread has doesn't depend on `vector`, so neither do sums. */
GT_DEVICE void gt_load_4(float to[4], const float *p, int64_t count, bool vector) {
  if (vector && count >= 4) {
    const float4 v = *reinterpret_cast<const float4 *>(p);
    to[0] = v.x;
    to[1] = v.y;
    to[2] = v.z;
    to[3] = v.w;
    return;
  }
  GT_UNROLL
  for (int c = 0; c < 4; c++) {
    to[c] = c < count ? p[c] : 0.0f;
  }
}

GT_DEVICE void gt_store_4(float *p, const float from[4], int64_t count, bool vector) {
  if (vector && count >= 4) {
    *reinterpret_cast<float4 *>(p) = make_float4(from[0], from[1], from[2], from[3]);
    return;
  }
  GT_UNROLL
  for (int c = 0; c < 4; c++) {
    if (c < count) {
      p[c] = from[c];
    }
  }
}

GT_DEVICE float gt_warp_sum(float v) {
  GT_UNROLL
  for (int mask = 16; mask > 0; mask /= 2) {
    v += gt_shuffle_xor(v, mask);
  }
  return v;
}

/* Over the WARPS warps of the block. `slots`: as many floats of shared memory, for this sum alone. */
template <int WARPS>
GT_DEVICE float gt_block_sum(float v, float *slots) {
  v = gt_warp_sum(v);
  if (threadIdx.x % 32 == 0) {
    slots[threadIdx.x / 32] = v;
  }
  gt_sync_block();
  float sum = slots[0];
  GT_UNROLL
  for (int w = 1; w < WARPS; w++) {
    sum += slots[w];
  }
  return sum;
}

#endif
