/* What the linear kernels share: which rows of the weights make a tile of y, and how sums become y. */
#ifndef GT_CUDA_LINEAR_CUH
#define GT_CUDA_LINEAR_CUH

#include "cuda/kernels/activation.cuh"
#include "cuda/kernels/kernel.cuh"

/* Of `columns` sums that begin at column `first` of y, the weight row of sum `index`; -1 behind the last. The first
 * half of a gated layer's sums are gates, the second what they multiply. */
GT_DEVICE int64_t gt_linear_weight_row(const gt_linear_epilogue &e, int64_t first, int columns, int index) {
  const int width = e.gated ? columns / 2 : columns;
  const bool up = index >= width;
  const int64_t column = first + (up ? index - width : index);
  return column >= e.y_features ? -1 : up ? column + e.y_features : column;
}

/* The switch outside: one branch for four values. */
GT_DEVICE void gt_linear_activate(int32_t activation, float v[4]) {
#define GT_LINEAR_CASE(constant)               \
  case constant:                               \
    GT_UNROLL                                  \
    for (int i = 0; i < 4; i++) {              \
      v[i] = gt_activation_of(constant, v[i]); \
    }                                          \
    break;
  switch (activation) {
    GT_LINEAR_CASE(GT_ACT_GELU_ERF)
    GT_LINEAR_CASE(GT_ACT_GELU_TANH)
    GT_LINEAR_CASE(GT_ACT_QUICK_GELU)
    GT_LINEAR_CASE(GT_ACT_RELU)
    GT_LINEAR_CASE(GT_ACT_SILU)
    GT_LINEAR_CASE(GT_ACT_TANH)
    GT_LINEAR_CASE(GT_ACT_SIGMOID)
    GT_LINEAR_CASE(GT_ACT_RELU2)
    GT_LINEAR_CASE(GT_ACT_RELU6)
    GT_LINEAR_CASE(GT_ACT_GELU_10)
    GT_LINEAR_CASE(GT_ACT_MISH)
    GT_LINEAR_CASE(GT_ACT_HARDSWISH)
    GT_LINEAR_CASE(GT_ACT_LEAKY_RELU)
    default:
      break;
  }
#undef GT_LINEAR_CASE
}

/* One element of y; `up` counts only in a gated layer. */
GT_DEVICE void gt_linear_finish_1(const gt_linear_epilogue &e, int64_t row, int64_t column, float sum, float up) {
  float value = gt_activation_of(e.activation, sum + e.bias[column]);
  if (e.gated) {
    value *= up + e.bias[e.y_features + column];
  }
  value = fmaf(value, e.scale, e.residual == nullptr ? 0.0f : e.residual[row * e.residual_stride + column]);
  const int64_t index = row * e.y_stride + column;
  if (e.y_bf16) {
    ((uint16_t *)e.y)[index] = (uint16_t)gt_bf16x2(value, 0.0f);
  } else {
    ((float *)e.y)[index] = value;
  }
}

/* Up to four floats, the rest 0; `vector`: they are aligned to 16 bytes. */
GT_DEVICE void gt_linear_load_4(float v[4], const float *from, int count, bool vector) {
  if (vector && count == 4) {
    const float4 four = *(const float4 *)from;
    v[0] = four.x, v[1] = four.y, v[2] = four.z, v[3] = four.w;
  } else {
    GT_UNROLL
    for (int i = 0; i < 4; i++) {
      v[i] = i < count ? from[i] : 0.0f;
    }
  }
}

/* Stores up to four elements of y. */
GT_DEVICE void gt_linear_store_4(const gt_linear_epilogue &e, int64_t index, const float v[4], int count) {
  const bool vector = e.vector && count == 4;
  if (e.y_bf16) {
    uint16_t *y = (uint16_t *)e.y + index;
    const uint2 four = make_uint2(gt_bf16x2(v[0], v[1]), gt_bf16x2(v[2], v[3]));
    if (vector) {
      *(uint2 *)y = four;
    } else {
      GT_UNROLL
      for (int i = 0; i < 4; i++) {
        if (i < count) {
          y[i] = (uint16_t)((i < 2 ? four.x : four.y) >> i % 2 * 16);
        }
      }
    }
  } else {
    float *y = (float *)e.y + index;
    if (vector) {
      *(float4 *)y = make_float4(v[0], v[1], v[2], v[3]);
    } else {
      GT_UNROLL
      for (int i = 0; i < 4; i++) {
        if (i < count) {
          y[i] = v[i];
        }
      }
    }
  }
}

/* Four elements, `column` a multiple of 4; those behind y_features are left out. */
GT_DEVICE void gt_linear_finish_4(const gt_linear_epilogue &e, int64_t row, int64_t column, float sums[4],
                                  const float ups[4]) {
  const int count = e.y_features - column < 4 ? (int)(e.y_features - column) : 4;
  float added[4] = {0, 0, 0, 0};
  float bias[4];
  gt_linear_load_4(bias, e.bias + column, count, true);
  GT_UNROLL
  for (int i = 0; i < 4; i++) {
    sums[i] += bias[i];
  }
  if (e.residual != nullptr) {
    gt_linear_load_4(added, e.residual + row * e.residual_stride + column, count, e.vector);
  }
  gt_linear_activate(e.activation, sums);
  if (e.gated) {
    gt_linear_load_4(bias, e.bias + e.y_features + column, count, e.y_features % 4 == 0);
    GT_UNROLL
    for (int i = 0; i < 4; i++) {
      sums[i] *= ups[i] + bias[i];
    }
  }
  GT_UNROLL
  for (int i = 0; i < 4; i++) {
    sums[i] = fmaf(sums[i], e.scale, added[i]);
  }
  gt_linear_store_4(e, row * e.y_stride + column, sums, count);
}

/* Where this block's tile begins in y. Blocks that run at a time are neighbours both ways: groups of 8 tiles of rows,
 * within them the columns one after another, so that x and weights are read again from the L2 cache. */
GT_DEVICE void gt_linear_place(const gt_linear_args &args, int tile, int64_t *row, int64_t *column) {
  const uint32_t group = 8 * args.column_tiles, first = blockIdx.x / group * 8, rest = blockIdx.x % group;
  const uint32_t height = args.row_tiles - first < 8 ? args.row_tiles - first : 8;
  *row = (int64_t)(first + rest % height) * tile;
  *column = (int64_t)(rest / height) * (args.epilogue.gated ? tile / 2 : tile);
}

/* The finished sums [TILE][TILE + GT_LINEAR_TILE_GAP] of a block in shared memory -> y. */
template <int TILE, int THREADS>
GT_DEVICE void gt_linear_store_tile(const gt_linear_args &args, const float *tile, int64_t first_row,
                                    int64_t first_column) {
  const gt_linear_epilogue &e = args.epilogue;
  const int quads = e.gated ? TILE / 8 : TILE / 4; /* of a row of y */
  for (int i = threadIdx.x; i < TILE * quads; i += THREADS) {
    const int r = e.gated ? i / (TILE / 8) : i / (TILE / 4), c = (i - r * quads) * 4;
    if (first_row + r >= args.rows || first_column + c >= e.y_features) {
      continue;
    }
    const float *from = tile + r * (TILE + GT_LINEAR_TILE_GAP) + c;
    const float4 sum = *(const float4 *)from;
    float sums[4] = {sum.x, sum.y, sum.z, sum.w}, ups[4] = {0, 0, 0, 0};
    if (e.gated) {
      const float4 up = *(const float4 *)(from + TILE / 2);
      ups[0] = up.x, ups[1] = up.y, ups[2] = up.z, ups[3] = up.w;
    }
    gt_linear_finish_4(e, first_row + r, first_column + c, sums, ups);
  }
}

#endif
