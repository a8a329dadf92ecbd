/*
 * Layer norm and RMS norm, in two passes over a row: held in a warp's registers, or read again by a block, from its
 * first cache. A thread's sums are a few terms long and meet in a tree, so floats will do.
 */
#include <math.h>

#include "cuda/kernels/rows.cuh"

namespace {

/* A row is normal = (x - mean) * factor + shift. As on the CPU, `shift` takes out what the rounded mean left over. */
struct moments {
  float factor;
  float shift;
};

GT_DEVICE moments layer_moments(float rests, float squares, const gt_norm_args &args) {
  const float n = (float)args.features;
  const float rest = rests / n;
  const float variance = fmaf(-rest, rest, squares / n);
  const float factor = 1.0f / sqrtf(fmaxf(variance, 0.0f) + args.eps);
  return {factor, -rest * factor};
}

GT_DEVICE float rms_factor(float squares, const gt_norm_args &args) {
  return 1.0f / sqrtf(squares / (float)args.features + args.eps);
}

GT_DEVICE float sum_of_4(const float v[4]) {
  return (v[0] + v[1]) + (v[2] + v[3]);
}

/* Four elements of the row at `i` of weight, bias and y, of which `v` are x - mean. */
GT_DEVICE void finish_4(const gt_norm_args &args, int64_t row, int64_t i, const float v[4], moments m) {
  const int64_t count = args.features - i;
  float weight[4], bias[4] = {0.0f, 0.0f, 0.0f, 0.0f}, out[4];
  gt_load_4(weight, args.weight + i, count, args.vector);
  if (args.bias != nullptr) {
    gt_load_4(bias, args.bias + i, count, args.vector);
  }
  GT_UNROLL
  for (int c = 0; c < 4; c++) {
    out[c] = fmaf(fmaf(v[c], m.factor, m.shift), weight[c], bias[c]);
  }
  gt_store_4(args.y + row * args.y_stride + i, out, count, args.vector);
}

/* v -= mean, but zeros behind `count`; adds to both moments. */
GT_DEVICE void center_4(float v[4], int64_t count, float mean, float rests[4], float squares[4]) {
  GT_UNROLL
  for (int c = 0; c < 4; c++) {
    v[c] = c < count ? v[c] - mean : 0.0f;
    rests[c] += v[c];
    squares[c] = fmaf(v[c], v[c], squares[c]);
  }
}

template <bool LAYER>
GT_DEVICE void norm_warp(const gt_norm_args &args) {
  constexpr int CHUNKS = GT_NORM_WARP_FEATURES / 128;
  const int lane = threadIdx.x % 32;
  const int64_t row = (int64_t)blockIdx.x * GT_NORM_WARP_ROWS + threadIdx.x / 32;
  if (row >= args.rows) {
    return;
  }
  const float *x = args.x + row * args.x_stride;
  float v[CHUNKS][4], sums[4] = {0.0f, 0.0f, 0.0f, 0.0f};
  GT_UNROLL
  for (int j = 0; j < CHUNKS; j++) {
    const int64_t i = 4 * (lane + 32 * j);
    gt_load_4(v[j], x + i, args.features - i, args.vector);
    GT_UNROLL
    for (int c = 0; c < 4; c++) {
      sums[c] += v[j][c];
    }
  }
  const float mean = LAYER ? gt_warp_sum(sum_of_4(sums)) / (float)args.features : 0.0f;
  float rests[4] = {0.0f, 0.0f, 0.0f, 0.0f}, squares[4] = {0.0f, 0.0f, 0.0f, 0.0f};
  GT_UNROLL
  for (int j = 0; j < CHUNKS; j++) {
    center_4(v[j], args.features - 4 * (lane + 32 * j), mean, rests, squares);
  }
  const float square_sum = gt_warp_sum(sum_of_4(squares));
  const moments m = LAYER ? layer_moments(gt_warp_sum(sum_of_4(rests)), square_sum, args)
                          : moments{rms_factor(square_sum, args), 0.0f};
  GT_UNROLL
  for (int j = 0; j < CHUNKS; j++) {
    const int64_t i = 4 * (lane + 32 * j);
    if (i < args.features) {
      finish_4(args, row, i, v[j], m);
    }
  }
}

template <bool LAYER>
GT_DEVICE void norm_block(const gt_norm_args &args, float *slots) {
  constexpr int WARPS = GT_NORM_BLOCK_WARPS, STEP = 4 * 32 * WARPS;
  const int64_t row = blockIdx.x, first = 4 * (int64_t)threadIdx.x;
  const float *x = args.x + row * args.x_stride;
  float v[4], mean = 0.0f;
  if (LAYER) {
    float sums[4] = {0.0f, 0.0f, 0.0f, 0.0f};
    for (int64_t i = first; i < args.features; i += STEP) {
      gt_load_4(v, x + i, args.features - i, args.vector);
      GT_UNROLL
      for (int c = 0; c < 4; c++) {
        sums[c] += v[c];
      }
    }
    mean = gt_block_sum<WARPS>(sum_of_4(sums), slots) / (float)args.features;
  }
  float rests[4] = {0.0f, 0.0f, 0.0f, 0.0f}, squares[4] = {0.0f, 0.0f, 0.0f, 0.0f};
  for (int64_t i = first; i < args.features; i += STEP) {
    gt_load_4(v, x + i, args.features - i, args.vector);
    center_4(v, args.features - i, mean, rests, squares);
  }
  const float square_sum = gt_block_sum<WARPS>(sum_of_4(squares), slots + WARPS);
  const moments m = LAYER ? layer_moments(gt_block_sum<WARPS>(sum_of_4(rests), slots + 2 * WARPS), square_sum, args)
                          : moments{rms_factor(square_sum, args), 0.0f};
  for (int64_t i = first; i < args.features; i += STEP) {
    gt_load_4(v, x + i, args.features - i, args.vector);
    GT_UNROLL
    for (int c = 0; c < 4; c++) {
      v[c] -= mean;
    }
    finish_4(args, row, i, v, m);
  }
}

}  // namespace

GT_KERNEL(layer_norm_warp) {
  norm_warp<true>(args);
}

GT_KERNEL(rms_norm_warp) {
  norm_warp<false>(args);
}

GT_KERNEL(layer_norm_block) {
  GT_SHARED(slots);
  norm_block<true>(args, reinterpret_cast<float *>(slots));
}

GT_KERNEL(rms_norm_block) {
  GT_SHARED(slots);
  norm_block<false>(args, reinterpret_cast<float *>(slots));
}
