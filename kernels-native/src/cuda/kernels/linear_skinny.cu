/*
 * y = x W^T for few rows of x: what counts is the bandwidth at which W is read, once. A warp has some rows of W and up
 * to 16 of x (which come from the L1 cache again for each warp of a block). Where there are fewer rows of W than warps
 * to keep the memory busy, `slices` warps of a block share them, each with other in_features.
 */
#include "cuda/kernels/linear.cuh"

/* Blocks that run at a time have other rows of x and the same of W, which come from the L2 cache again. */
GT_DEVICE int64_t gt_skinny_first_row(const gt_linear_args &args, int rows) {
  return (int64_t)(blockIdx.x % args.row_tiles) * rows;
}

/* The first column of y that a block (columns: its sums of a row) or a warp (`part` and its columns) works on. */
GT_DEVICE int64_t gt_skinny_first_column(const gt_linear_args &args, int part, int columns) {
  const int parts = GT_LINEAR_SKINNY_WARPS / args.slices;
  return ((int64_t)(blockIdx.x / args.row_tiles) * parts + part) * (args.epilogue.gated ? columns / 2 : columns);
}

/* A row that is there instead of one behind the last: its sums are dropped. */
GT_DEVICE int64_t gt_skinny_weight_row(const gt_linear_epilogue &e, int64_t first, int columns, int index) {
  const int64_t row = gt_linear_weight_row(e, first, columns, index);
  return row < 0 ? 0 : row;
}

/* sums [warp][COLUMNS][ROWS] in shared memory -> y. */
template <int COLUMNS, int ROWS>
GT_DEVICE void gt_skinny_store(const gt_linear_args &args, const float *sums) {
  const gt_linear_epilogue &e = args.epilogue;
  const int width = e.gated ? COLUMNS / 2 : COLUMNS, block_width = GT_LINEAR_SKINNY_WARPS / args.slices * width;
  const int64_t first_row = gt_skinny_first_row(args, ROWS), first_column = gt_skinny_first_column(args, 0, COLUMNS);
  for (int i = threadIdx.x; i < block_width * ROWS; i += 32 * GT_LINEAR_SKINNY_WARPS) {
    const int m = i / block_width, c = i - m * block_width, group = c / width, n = c - group * width;
    if (first_row + m >= args.rows || first_column + c >= e.y_features) {
      continue;
    }
    const float *from = sums + (group * args.slices * COLUMNS + n) * ROWS + m;
    float sum = 0, up = 0;
    for (int slice = 0; slice < args.slices; slice++, from += COLUMNS * ROWS) {
      sum += from[0];
      up += e.gated ? from[width * ROWS] : 0.0f;
    }
    gt_linear_finish_1(e, first_row + m, first_column + c, sum, up);
  }
}

/* Four elements of x from in_feature k on. */
template <bool VECTOR>
GT_DEVICE float4 gt_skinny_x(const float *x, int64_t k, int64_t in_features) {
  if (VECTOR) {
    return *(const float4 *)(x + k);
  }
  return make_float4(x[k], k + 1 < in_features ? x[k + 1] : 0.0f, k + 2 < in_features ? x[k + 2] : 0.0f,
                     k + 3 < in_features ? x[k + 3] : 0.0f);
}

template <int ROWS, bool VECTOR>
GT_DEVICE void gt_skinny_f32_sums(float sums[GT_LINEAR_SKINNY_F32_COLUMNS * ROWS], const gt_linear_args &args) {
  constexpr int COLUMNS = GT_LINEAR_SKINNY_F32_COLUMNS;
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  const int64_t row = gt_skinny_first_row(args, ROWS), last = args.rows - row - 1;
  const int64_t column = gt_skinny_first_column(args, warp / args.slices, COLUMNS);
  const float *weight[COLUMNS];
  GT_UNROLL
  for (int n = 0; n < COLUMNS; n++) {
    weight[n] =
        (const float *)args.weight + gt_skinny_weight_row(args.epilogue, column, COLUMNS, n) * args.weight_stride;
  }
  const float *x = (const float *)args.x + row * args.x_stride;
  for (int64_t k = warp % args.slices * GT_LINEAR_SKINNY_F32_STEP + lane * 4; k < args.in_features;
       k += args.slices * GT_LINEAR_SKINNY_F32_STEP) {
    float4 w[COLUMNS];
    GT_UNROLL
    for (int n = 0; n < COLUMNS; n++) {
      w[n] = *(const float4 *)(weight[n] + k);
    }
    GT_UNROLL
    for (int m = 0; m < ROWS; m++) {
      const float4 a = gt_skinny_x<VECTOR>(x + (m < last ? m : last) * args.x_stride, k, args.in_features);
      GT_UNROLL
      for (int n = 0; n < COLUMNS; n++) {
        float &sum = sums[n * ROWS + m];
        sum = fmaf(a.w, w[n].w, fmaf(a.z, w[n].z, fmaf(a.y, w[n].y, fmaf(a.x, w[n].x, sum))));
      }
    }
  }
}

/* Of 2 HALF values each of two lanes adds up one half from now on; one value both. */
template <int HALF>
GT_DEVICE void gt_skinny_halve(float *v, int mask) {
  const bool upper = (threadIdx.x & mask) != 0;
  GT_UNROLL
  for (int i = 0; i < HALF; i++) {
    const float low = v[i], high = v[i + HALF];
    v[i] = (upper ? high : low) + gt_shuffle_xor(upper ? low : high, mask);
  }
  if (HALF == 0) {
    v[0] += gt_shuffle_xor(v[0], mask);
  }
}

/* Sums of COUNT values over the warp: lane l ends with those of values l * COUNT / 32 ... in v[0] ... . */
template <int COUNT>
GT_DEVICE void gt_skinny_reduce(float *v) {
  gt_skinny_halve<COUNT / 2>(v, 16);
  gt_skinny_halve<COUNT / 4>(v, 8);
  gt_skinny_halve<COUNT / 8>(v, 4);
  gt_skinny_halve<COUNT / 16>(v, 2);
  gt_skinny_halve<COUNT / 32>(v, 1);
}

template <int ROWS>
GT_DEVICE void gt_skinny_f32(const gt_linear_args &args, unsigned char *smem) {
  constexpr int COUNT = GT_LINEAR_SKINNY_F32_COLUMNS * ROWS;
  float sums[COUNT];
  GT_UNROLL
  for (int i = 0; i < COUNT; i++) {
    sums[i] = 0;
  }
  if (args.x_vector) {
    gt_skinny_f32_sums<ROWS, true>(sums, args);
  } else {
    gt_skinny_f32_sums<ROWS, false>(sums, args);
  }
  gt_skinny_reduce<COUNT>(sums);
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  float *of_warp = (float *)smem + warp * COUNT;
  if (lane * COUNT % 32 == 0) {
    GT_UNROLL
    for (int i = 0; i < (COUNT < 32 ? 1 : COUNT / 32); i++) {
      of_warp[lane * COUNT / 32 + i] = sums[i];
    }
  }
  gt_sync_block();
  gt_skinny_store<GT_LINEAR_SKINNY_F32_COLUMNS, ROWS>(args, (const float *)smem);
}

/* Eight elements of x from in_feature k on, as bf16. */
template <bool VECTOR>
GT_DEVICE uint4 gt_skinny_x_bf16(const uint16_t *x, int64_t k, int64_t in_features) {
  if constexpr (VECTOR) {
    return *(const uint4 *)(x + k);
  } else {
    uint32_t pairs[4];
    GT_UNROLL
    for (int i = 0; i < 4; i++) {
      const int64_t low = k + 2 * i;
      pairs[i] = (low < in_features ? x[low] : 0u) | (low + 1 < in_features ? (uint32_t)x[low + 1] << 16 : 0u);
    }
    return make_uint4(pairs[0], pairs[1], pairs[2], pairs[3]);
  }
}

template <bool VECTOR>
GT_DEVICE uint4 gt_skinny_x_bf16(const float *x, int64_t k, int64_t in_features) {
  const float4 a = gt_skinny_x<VECTOR>(x, k, in_features);
  const float4 b = k + 4 < in_features ? gt_skinny_x<VECTOR>(x, k + 4, in_features) : make_float4(0, 0, 0, 0);
  return make_uint4(gt_bf16x2(a.x, a.y), gt_bf16x2(a.z, a.w), gt_bf16x2(b.x, b.y), gt_bf16x2(b.z, b.w));
}

/*
 * On tensor cores the 16 rows of W are the mma's rows and x its columns, eight at a time. The four lanes of a row read
 * 64 bytes of it, 16 each: in which order the products of 32 in_features are summed doesn't matter, so an mma gets
 * elements 0 .. 3 of each lane's eight as its 16, the next one elements 4 .. 7.
 */
template <int ROWS, typename X, bool VECTOR>
GT_DEVICE void gt_skinny_bf16_sums(float sums[ROWS / 8][4], const gt_linear_args &args) {
  constexpr int COLUMNS = GT_LINEAR_SKINNY_BF16_COLUMNS, STEP = GT_LINEAR_SKINNY_BF16_STEP;
  const int warp = threadIdx.x / 32, line = threadIdx.x % 32 / 4, part = threadIdx.x % 4 * 8;
  const int64_t column = gt_skinny_first_column(args, warp / args.slices, COLUMNS);
  const int64_t row = gt_skinny_first_row(args, ROWS) + line;
  const uint16_t *weight[2];
  GT_UNROLL
  for (int i = 0; i < 2; i++) {
    weight[i] = (const uint16_t *)args.weight +
                gt_skinny_weight_row(args.epilogue, column, COLUMNS, line + 8 * i) * args.weight_stride;
  }
  const X *x = (const X *)args.x + row * args.x_stride;
  for (int64_t first = warp % args.slices * STEP; first < args.in_features; first += args.slices * STEP) {
    uint4 w[2][2];
    GT_UNROLL
    for (int i = 0; i < 4; i++) {
      const int64_t k = first + i / 2 * 32 + part;
      w[i / 2][i % 2] = k < args.in_features ? *(const uint4 *)(weight[i % 2] + k) : make_uint4(0, 0, 0, 0);
    }
    GT_UNROLL
    for (int i = 0; i < 2; i++) {
      const int64_t k = first + i * 32 + part;
      const uint32_t a[2][4] = {{w[i][0].x, w[i][1].x, w[i][0].y, w[i][1].y},
                                {w[i][0].z, w[i][1].z, w[i][0].w, w[i][1].w}};
      GT_UNROLL
      for (int tile = 0; tile < ROWS / 8; tile++) {
        const uint4 v = row + tile * 8 < args.rows && k < args.in_features
                            ? gt_skinny_x_bf16<VECTOR>(x + tile * 8 * args.x_stride, k, args.in_features)
                            : make_uint4(0, 0, 0, 0);
        const uint32_t b[2][2] = {{v.x, v.y}, {v.z, v.w}};
        gt_mma_bf16(sums[tile], a[0], b[0]);
        gt_mma_bf16(sums[tile], a[1], b[1]);
      }
    }
  }
}

template <int ROWS>
GT_DEVICE void gt_skinny_bf16(const gt_linear_args &args, unsigned char *smem) {
  constexpr int COLUMNS = GT_LINEAR_SKINNY_BF16_COLUMNS;
  float sums[ROWS / 8][4];
  GT_UNROLL
  for (int i = 0; i < ROWS / 8 * 4; i++) {
    sums[i / 4][i % 4] = 0;
  }
  if (args.x_bf16) {
    if (args.x_vector) {
      gt_skinny_bf16_sums<ROWS, uint16_t, true>(sums, args);
    } else {
      gt_skinny_bf16_sums<ROWS, uint16_t, false>(sums, args);
    }
  } else if (args.x_vector) {
    gt_skinny_bf16_sums<ROWS, float, true>(sums, args);
  } else {
    gt_skinny_bf16_sums<ROWS, float, false>(sums, args);
  }
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  float *of_warp = (float *)smem + warp * COLUMNS * ROWS;
  GT_UNROLL
  for (int i = 0; i < ROWS / 8 * 4; i++) { /* of a lane: W rows lane / 4 and 8 further, two rows of x each */
    of_warp[(lane / 4 + i / 2 % 2 * 8) * ROWS + i / 4 * 8 + lane % 4 * 2 + i % 2] = sums[i / 4][i % 4];
  }
  gt_sync_block();
  gt_skinny_store<COLUMNS, ROWS>(args, (const float *)smem);
}

GT_KERNEL(linear_skinny_f32_1) {
  GT_SHARED(smem);
  gt_skinny_f32<1>(args, smem);
}

GT_KERNEL(linear_skinny_f32_4) {
  GT_SHARED(smem);
  gt_skinny_f32<4>(args, smem);
}

GT_KERNEL(linear_skinny_f32_8) {
  GT_SHARED(smem);
  gt_skinny_f32<8>(args, smem);
}

GT_KERNEL(linear_skinny_f32_16) {
  GT_SHARED(smem);
  gt_skinny_f32<16>(args, smem);
}

GT_KERNEL(linear_skinny_bf16_8) {
  GT_SHARED(smem);
  gt_skinny_bf16<8>(args, smem);
}

GT_KERNEL(linear_skinny_bf16_16) {
  GT_SHARED(smem);
  gt_skinny_bf16<16>(args, smem);
}
