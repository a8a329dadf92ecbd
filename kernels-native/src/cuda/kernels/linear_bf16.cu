/*
 * y = x W^T, both in bf16, on tensor cores with fp32 sums: a block has a tile of y, each of its warps ROWS_16 x 4
 * fragments (16 rows, 8 columns) of it. x and W both run along in_features, as mma.row.col wants them. Rows of a stage
 * are 64 bytes; their four vectors change places with the row (gt_bf16_vector), so that the eight rows that ldmatrix
 * reads at a time lie in different banks.
 */
#include "cuda/kernels/linear.cuh"

enum { GT_BF16_STEP = GT_LINEAR_BF16_STEP, GT_BF16_STAGES = GT_LINEAR_BF16_STAGES, GT_BF16_ROW_BYTES = 64 };

/* Vector `column` (16 bytes, 0 .. 3) of row `row`. */
GT_DEVICE int gt_bf16_vector(int row, int column) {
  return row * GT_BF16_ROW_BYTES + ((column ^ (row >> 1 & 3)) << 4);
}

/* What a thread copies of x and of W each step: a vector of each of two rows. */
struct gt_bf16_source {
  const uint16_t *rows[2]; /* nullptr: zeros */
  const void *safe;        /* the address of what isn't read */
};

template <int THREADS>
GT_DEVICE void gt_bf16_load(unsigned char *tile, const gt_bf16_source &source, int64_t k, int64_t padded) {
  const int column = threadIdx.x % 4;
  GT_UNROLL
  for (int i = 0; i < 2; i++) {
    const bool valid = source.rows[i] != nullptr && k + column * 8 < padded;
    gt_copy_async_16(tile + gt_bf16_vector(threadIdx.x / 4 + THREADS / 4 * i, column),
                     valid ? source.rows[i] + k : source.safe, valid);
  }
}

/* Adds the products of one step: ROWS_16 times 16 rows of x from `row`, 32 of W from `column`. */
template <int ROWS_16>
GT_DEVICE void gt_bf16_multiply(float sums[ROWS_16][4][4], const unsigned char *x, const unsigned char *w, int row,
                                int column) {
  const int lane = threadIdx.x % 32;
  GT_UNROLL
  for (int k = 0; k < GT_BF16_STEP / 16; k++) {
    uint32_t a[ROWS_16][4], b[2][4];
    GT_UNROLL
    for (int i = 0; i < ROWS_16; i++) {
      gt_load_matrix_x4(a[i], x + gt_bf16_vector(row + 16 * i + lane % 16, 2 * k + lane / 16));
    }
    GT_UNROLL
    for (int j = 0; j < 2; j++) { /* b of columns 16 j ..., then of those 8 further */
      gt_load_matrix_x4(b[j], w + gt_bf16_vector(column + 16 * j + lane / 16 * 8 + lane % 8, 2 * k + lane / 8 % 2));
    }
    GT_UNROLL
    for (int i = 0; i < ROWS_16; i++) {
      GT_UNROLL
      for (int j = 0; j < 4; j++) {
        gt_mma_bf16(sums[i][j], a[i], b[j / 2] + j % 2 * 2);
      }
    }
  }
}

template <int TILE, int ROWS_16>
GT_DEVICE void gt_bf16_tile(const gt_linear_args &args, unsigned char *smem) {
  constexpr int WARPS_DOWN = TILE / 16 / ROWS_16, WARPS_ACROSS = TILE / 32, THREADS = 32 * WARPS_DOWN * WARPS_ACROSS;
  constexpr int STAGE = 2 * TILE * GT_BF16_ROW_BYTES, PITCH = TILE + GT_LINEAR_TILE_GAP;
  static_assert(THREADS / 4 * 2 == TILE, "a thread copies two vectors of x and two of W");
  int64_t first_row, first_column;
  gt_linear_place(args, TILE, &first_row, &first_column);
  gt_bf16_source x, weight;
  x.safe = args.x, weight.safe = args.weight;
  GT_UNROLL
  for (int i = 0; i < 2; i++) {
    const int row = threadIdx.x / 4 + THREADS / 4 * i, column = threadIdx.x % 4 * 8;
    const int64_t weight_row = gt_linear_weight_row(args.epilogue, first_column, TILE, row);
    x.rows[i] =
        first_row + row < args.rows ? (const uint16_t *)args.x + (first_row + row) * args.x_stride + column : nullptr;
    weight.rows[i] =
        weight_row >= 0 ? (const uint16_t *)args.weight + weight_row * args.weight_stride + column : nullptr;
  }
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  const int my_row = warp / WARPS_ACROSS * 16 * ROWS_16, my_column = warp % WARPS_ACROSS * 32;
  const int64_t padded = args.weight_stride, steps = (padded + GT_BF16_STEP - 1) / GT_BF16_STEP;
  float sums[ROWS_16][4][4];
  GT_UNROLL
  for (int i = 0; i < ROWS_16 * 16; i++) {
    sums[i / 16][i / 4 % 4][i % 4] = 0;
  }
  GT_UNROLL
  for (int s = 0; s < GT_BF16_STAGES - 1; s++) {
    if (s < steps) {
      gt_bf16_load<THREADS>(smem + s * STAGE, x, s * GT_BF16_STEP, padded);
      gt_bf16_load<THREADS>(smem + s * STAGE + STAGE / 2, weight, s * GT_BF16_STEP, padded);
    }
    gt_copy_commit();
  }
  for (int64_t step = 0; step < steps; step++) {
    gt_copy_wait<GT_BF16_STAGES - 2>();
    gt_sync_block(); /* the stage is there for all, and all are done with the one that is loaded now */
    const int64_t next = step + GT_BF16_STAGES - 1;
    if (next < steps) {
      unsigned char *stage = smem + next % GT_BF16_STAGES * STAGE;
      gt_bf16_load<THREADS>(stage, x, next * GT_BF16_STEP, padded);
      gt_bf16_load<THREADS>(stage + STAGE / 2, weight, next * GT_BF16_STEP, padded);
    }
    gt_copy_commit();
    const unsigned char *stage = smem + step % GT_BF16_STAGES * STAGE;
    gt_bf16_multiply<ROWS_16>(sums, stage, stage + STAGE / 2, my_row, my_column);
  }
  gt_copy_wait<0>();
  gt_sync_block(); /* the tile lies where the stages were */
  float *tile = (float *)smem;
  GT_UNROLL
  for (int i = 0; i < ROWS_16; i++) {
    GT_UNROLL
    for (int j = 0; j < 4; j++) {
      float *at = tile + (my_row + 16 * i + lane / 4) * PITCH + my_column + 8 * j + lane % 4 * 2;
      *(float2 *)at = make_float2(sums[i][j][0], sums[i][j][1]);
      *(float2 *)(at + 8 * PITCH) = make_float2(sums[i][j][2], sums[i][j][3]);
    }
  }
  gt_sync_block();
  gt_linear_store_tile<TILE, THREADS>(args, tile, first_row, first_column);
}

GT_KERNEL(linear_bf16_64) {
  GT_SHARED(smem);
  gt_bf16_tile<64, 2>(args, smem);
}

GT_KERNEL(linear_bf16_128) {
  GT_SHARED(smem);
  gt_bf16_tile<128, 4>(args, smem);
}
