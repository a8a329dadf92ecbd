/* What moves or turns the rows of tokens: embed, rope, kv_append. */
#include "cuda/kernels/rows.cuh"
#include "gatun.h"

namespace {

/* Four elements of a table as fp32. */
GT_DEVICE void load_any_4(float to[4], const void *table, int32_t dtype, int64_t at, int64_t count, bool vector) {
  if (dtype == GT_F32) {
    gt_load_4(to, static_cast<const float *>(table) + at, count, vector);
    return;
  }
  if (dtype == GT_F64) {
    const double *p = static_cast<const double *>(table) + at;
    GT_UNROLL
    for (int c = 0; c < 4; c++) {
      to[c] = c < count ? (float)p[c] : 0.0f;
    }
    return;
  }
  const uint16_t *p = static_cast<const uint16_t *>(table) + at;
  uint16_t halves[4];
  if (vector && count >= 4) {
    const uint2 v = *reinterpret_cast<const uint2 *>(p);
    halves[0] = (uint16_t)v.x;
    halves[1] = (uint16_t)(v.x >> 16);
    halves[2] = (uint16_t)v.y;
    halves[3] = (uint16_t)(v.y >> 16);
  } else {
    GT_UNROLL
    for (int c = 0; c < 4; c++) {
      halves[c] = c < count ? p[c] : 0;
    }
  }
  GT_UNROLL
  for (int c = 0; c < 4; c++) {
    to[c] = dtype == GT_F16 ? gt_float_of_f16(halves[c]) : gt_float_of_bf16(halves[c]);
  }
}

}  // namespace

GT_KERNEL(embed) {
  const int64_t token = blockIdx.x / args.pieces, piece = blockIdx.x % args.pieces;
  const int64_t i = piece * GT_PIECE + 4 * (int64_t)threadIdx.x, count = args.features - i;
  float *y = args.y + token * args.y_stride + i;
  float v[4];
  load_any_4(v, args.table, args.table_dtype, args.ids[token] * args.table_stride + i, count, args.vector);
  if (args.accumulate) {
    float before[4];
    gt_load_4(before, y, count, args.vector);
    GT_UNROLL
    for (int c = 0; c < 4; c++) {
      v[c] = before[c] + v[c];
    }
  }
  gt_store_4(y, v, count, args.vector);
}

/* A thread turns up to four neighbouring pairs of one head. */
GT_KERNEL(rope) {
  const int64_t token = blockIdx.x / args.pieces, piece = blockIdx.x % args.pieces;
  const int32_t per_head = (args.half + 3) / 4;
  const int64_t unit = piece * GT_PIECE_THREADS + threadIdx.x;
  const int32_t head = (int32_t)(unit / per_head), pair = (int32_t)(unit % per_head) * 4;
  if (head >= args.num_heads) {
    return;
  }
  const int32_t count = args.half - pair;
  const int64_t row = (int64_t)args.positions[token] * args.half + pair;
  float *x = args.x + token * args.x_stride + (int64_t)head * args.head_dim;
  float c[4], s[4], a[4], b[4];
  gt_load_4(c, args.cosines + row, count, args.vector);
  gt_load_4(s, args.sines + row, count, args.vector);
  if (args.interleaved) { /* a and b are a0 b0 a1 b1 and a2 b2 a3 b3 */
    x += 2 * pair;
    gt_load_4(a, x, 2 * count, args.vector);
    gt_load_4(b, x + 4, 2 * count - 4, args.vector);
    GT_UNROLL
    for (int p = 0; p < 4; p += 2) {
      const float a0 = a[p], a1 = b[p];
      a[p] = fmaf(a0, c[p / 2], -(a[p + 1] * s[p / 2]));
      a[p + 1] = fmaf(a[p + 1], c[p / 2], a0 * s[p / 2]);
      b[p] = fmaf(a1, c[p / 2 + 2], -(b[p + 1] * s[p / 2 + 2]));
      b[p + 1] = fmaf(b[p + 1], c[p / 2 + 2], a1 * s[p / 2 + 2]);
    }
    gt_store_4(x, a, 2 * count, args.vector);
    gt_store_4(x + 4, b, 2 * count - 4, args.vector);
    return;
  }
  x += pair;
  gt_load_4(a, x, count, args.vector);
  gt_load_4(b, x + args.half, count, args.vector);
  GT_UNROLL
  for (int p = 0; p < 4; p++) {
    const float before = a[p];
    a[p] = fmaf(before, c[p], -(b[p] * s[p]));
    b[p] = fmaf(b[p], c[p], before * s[p]);
  }
  gt_store_4(x, a, count, args.vector);
  gt_store_4(x + args.half, b, count, args.vector);
}

GT_KERNEL(kv_append) {
  const int64_t token = blockIdx.x / args.pieces, piece = blockIdx.x % args.pieces;
  int32_t sequence = 0, end = args.batch; /* the last of those that begin at or before the token, so not an empty one */
  while (end - sequence > 1) {
    const int32_t middle = sequence + (end - sequence) / 2;
    if (args.cu_seqlens_new[middle] <= token) {
      sequence = middle;
    } else {
      end = middle;
    }
  }
  const int64_t position = args.lengths[sequence] + token - args.cu_seqlens_new[sequence];
  const int64_t index = sequence * (int64_t)args.blocks_per_sequence + position / args.block_size;
  float *row = args.blocks + args.block_table[index] * args.block_stride + position % args.block_size * args.row_stride;
  const int64_t i = piece * GT_PIECE + 4 * (int64_t)threadIdx.x, count = args.features - i;
  float v[4];
  gt_load_4(v, args.source + token * args.source_stride + i, count, args.vector);
  gt_store_4(row + i, v, count, args.vector);
}
