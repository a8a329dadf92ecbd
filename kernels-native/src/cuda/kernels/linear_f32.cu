/*
 * y = x W^T in fp32: a block has a tile of y, each of its 16 x 16 threads PER x PER sums, 16 rows and columns apart. x
 * and W both run along in_features, and so they lie in shared memory: a thread reads 16 bytes of each of its rows and
 * columns for 4 PER PER products. Sums are made in runs of 256 products, so that rounding errors don't pile up.
 */
#include "cuda/kernels/linear.cuh"

enum {
  GT_F32_STEP = GT_LINEAR_F32_STEP,
  GT_F32_PITCH = GT_LINEAR_F32_PITCH,
  GT_F32_STAGES = GT_LINEAR_F32_STAGES,
  GT_F32_RUN = 256 / GT_F32_STEP /* steps */
};

/* Copies a step of `rows`, the rows that this thread copies 16 bytes of: threadIdx.x / 4 and those 64 further, from
 * column threadIdx.x % 4 * 4 on; nullptr: zeros. What isn't read has an address that is `safe`. */
template <int TILE>
GT_DEVICE void gt_f32_load(float *tile, const float *const rows[TILE / 64], int64_t k, int64_t end, const void *safe) {
  const int column = threadIdx.x % 4 * 4;
  GT_UNROLL
  for (int i = 0; i < TILE / 64; i++) {
    const bool valid = rows[i] != nullptr && k + column < end;
    gt_copy_async_16(tile + (threadIdx.x / 4 + 64 * i) * GT_F32_PITCH + column, valid ? rows[i] + k : safe, valid);
  }
}

/* The same of x where it can't be read by 16 bytes. */
template <int TILE>
GT_DEVICE void gt_f32_load_words(float *tile, const gt_linear_args &args, int64_t first_row, int64_t k) {
  const int row = threadIdx.x / GT_F32_STEP, column = threadIdx.x % GT_F32_STEP;
  const float *x = (const float *)args.x + (first_row + row) * args.x_stride + k + column;
  for (int i = 0; i < TILE; i += 256 / GT_F32_STEP) {
    const bool valid = first_row + row + i < args.rows && k + column < args.in_features;
    gt_copy_async_4(tile + (row + i) * GT_F32_PITCH + column, valid ? x + i * args.x_stride : args.x, valid);
  }
}

template <int TILE>
GT_DEVICE void gt_f32_load_stage(float *stage, const gt_linear_args &args, const float *const x[TILE / 64],
                                 const float *const weight[TILE / 64], int64_t first_row, int64_t k) {
  if (args.x_vector) {
    gt_f32_load<TILE>(stage, x, k, args.in_features, args.x);
  } else {
    gt_f32_load_words<TILE>(stage, args, first_row, k);
  }
  gt_f32_load<TILE>(stage + TILE * GT_F32_PITCH, weight, k, args.weight_stride, args.weight);
}

/* Adds the products of one step: x rows 16 apart from `x`, W rows 16 apart from `w`. */
template <int PER>
GT_DEVICE void gt_f32_multiply(float sums[PER][PER], const float *x, const float *w) {
  GT_UNROLL
  for (int k = 0; k < GT_F32_STEP; k += 4) {
    float4 a[PER];
    GT_UNROLL
    for (int i = 0; i < PER; i++) {
      a[i] = *(const float4 *)(x + 16 * i * GT_F32_PITCH + k);
    }
    GT_UNROLL
    for (int j = 0; j < PER; j++) {
      const float4 b = *(const float4 *)(w + 16 * j * GT_F32_PITCH + k);
      GT_UNROLL
      for (int i = 0; i < PER; i++) {
        sums[i][j] = fmaf(a[i].x, b.x, sums[i][j]);
      }
      GT_UNROLL
      for (int i = 0; i < PER; i++) {
        sums[i][j] = fmaf(a[i].y, b.y, sums[i][j]);
      }
      GT_UNROLL
      for (int i = 0; i < PER; i++) {
        sums[i][j] = fmaf(a[i].z, b.z, sums[i][j]);
      }
      GT_UNROLL
      for (int i = 0; i < PER; i++) {
        sums[i][j] = fmaf(a[i].w, b.w, sums[i][j]);
      }
    }
  }
}

template <int PER>
GT_DEVICE void gt_f32_tile(const gt_linear_args &args, unsigned char *smem) {
  constexpr int TILE = 16 * PER, STAGE = 2 * TILE * GT_F32_PITCH;
  float *stages = (float *)smem;
  int64_t first_row, first_column;
  gt_linear_place(args, TILE, &first_row, &first_column);
  const float *x[TILE / 64], *weight[TILE / 64];
  GT_UNROLL
  for (int i = 0; i < TILE / 64; i++) {
    const int row = threadIdx.x / 4 + 64 * i, column = threadIdx.x % 4 * 4;
    const int64_t weight_row = gt_linear_weight_row(args.epilogue, first_column, TILE, row);
    x[i] = first_row + row < args.rows ? (const float *)args.x + (first_row + row) * args.x_stride + column : nullptr;
    weight[i] = weight_row >= 0 ? (const float *)args.weight + weight_row * args.weight_stride + column : nullptr;
  }
  /* A warp has 4 x 8 threads of the tile: 12 rows of shared memory are read for its 32 products. */
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  const int my_row = warp / 2 * 4 + lane / 8, my_column = warp % 2 * 8 + lane % 8;
  const int64_t steps = (args.in_features + GT_F32_STEP - 1) / GT_F32_STEP;
  float totals[PER][PER], sums[PER][PER];
  GT_UNROLL
  for (int i = 0; i < PER; i++) {
    GT_UNROLL
    for (int j = 0; j < PER; j++) {
      totals[i][j] = sums[i][j] = 0;
    }
  }
  GT_UNROLL
  for (int s = 0; s < GT_F32_STAGES - 1; s++) {
    if (s < steps) {
      gt_f32_load_stage<TILE>(stages + s * STAGE, args, x, weight, first_row, s * GT_F32_STEP);
    }
    gt_copy_commit();
  }
  int stage = 0, next_stage = GT_F32_STAGES - 1;
  for (int64_t step = 0; step < steps; step++) {
    gt_copy_wait<GT_F32_STAGES - 2>();
    gt_sync_block(); /* the stage is there for all, and all are done with the one that is loaded now */
    const int64_t next = step + GT_F32_STAGES - 1;
    if (next < steps) {
      gt_f32_load_stage<TILE>(stages + next_stage * STAGE, args, x, weight, first_row, next * GT_F32_STEP);
    }
    gt_copy_commit();
    const float *tile = stages + stage * STAGE;
    gt_f32_multiply<PER>(sums, tile + my_row * GT_F32_PITCH, tile + (TILE + my_column) * GT_F32_PITCH);
    if (step % GT_F32_RUN == GT_F32_RUN - 1 || step == steps - 1) {
      GT_UNROLL
      for (int i = 0; i < PER; i++) {
        GT_UNROLL
        for (int j = 0; j < PER; j++) {
          totals[i][j] += sums[i][j];
          sums[i][j] = 0;
        }
      }
    }
    stage = stage == GT_F32_STAGES - 1 ? 0 : stage + 1;
    next_stage = next_stage == GT_F32_STAGES - 1 ? 0 : next_stage + 1;
  }
  gt_copy_wait<0>();
  gt_sync_block(); /* the tile lies where the stages were */
  GT_UNROLL
  for (int i = 0; i < PER; i++) {
    GT_UNROLL
    for (int j = 0; j < PER; j++) {
      stages[(my_row + 16 * i) * (TILE + GT_LINEAR_TILE_GAP) + my_column + 16 * j] = totals[i][j];
    }
  }
  gt_sync_block();
  gt_linear_store_tile<TILE, 256>(args, stages, first_row, first_column);
}

GT_KERNEL(linear_f32_64) {
  GT_SHARED(smem);
  gt_f32_tile<4>(args, smem);
}

GT_KERNEL(linear_f32_128) {
  GT_SHARED(smem);
  gt_f32_tile<8>(args, smem);
}
