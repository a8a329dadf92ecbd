/* The first index of the largest of a row: of each part of it, then of the parts. An index of INT32_MAX is "none". */
#include <math.h>

#include "cuda/kernels/rows.cuh"

namespace {

GT_DEVICE gt_argmax_candidate better(gt_argmax_candidate a, gt_argmax_candidate b) {
  return b.value > a.value || (b.value == a.value && b.index < a.index) ? b : a;
}

GT_DEVICE gt_argmax_candidate best_of_warp(gt_argmax_candidate best) {
  GT_UNROLL
  for (int mask = 16; mask > 0; mask /= 2) {
    const gt_argmax_candidate other = {gt_shuffle_xor(best.value, mask), gt_shuffle_xor(best.index, mask)};
    best = better(best, other);
  }
  return best;
}

}  // namespace

GT_KERNEL(argmax_parts) {
  GT_SHARED(smem);
  gt_argmax_candidate *warps = reinterpret_cast<gt_argmax_candidate *>(smem);
  const int64_t row = blockIdx.x / args.parts;
  const int64_t begin = blockIdx.x % args.parts * args.part;
  const int64_t end = begin + args.part < args.columns ? begin + args.part : args.columns;
  const float *x = args.x + row * args.x_stride;
  gt_argmax_candidate best = {-INFINITY, INT32_MAX};
  for (int64_t i = begin + 4 * (int64_t)threadIdx.x; i < end; i += 4 * 32 * GT_ARGMAX_WARPS) {
    float v[4];
    gt_load_4(v, x + i, end - i, args.vector);
    GT_UNROLL
    for (int c = 0; c < 4; c++) {
      if (i + c < end && v[c] > best.value) { /* not a NaN, nor -infinity */
        best = {v[c], (int32_t)(i + c)};
      }
    }
  }
  best = best_of_warp(best);
  if (threadIdx.x % 32 == 0) {
    warps[threadIdx.x / 32] = best;
  }
  gt_sync_block();
  if (threadIdx.x == 0) {
    for (int w = 1; w < GT_ARGMAX_WARPS; w++) {
      best = better(best, warps[w]);
    }
    args.candidates[blockIdx.x] = best;
  }
}

GT_KERNEL(argmax_rows) {
  gt_argmax_candidate best = {-INFINITY, INT32_MAX};
  for (uint32_t part = threadIdx.x; part < args.parts; part += 32) {
    best = better(best, args.candidates[(int64_t)blockIdx.x * args.parts + part]);
  }
  best = best_of_warp(best);
  if (threadIdx.x == 0) {
    args.indices[blockIdx.x] = best.index == INT32_MAX ? 0 : best.index;
  }
}
