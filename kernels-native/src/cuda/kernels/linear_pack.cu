/* Weights from a checkpoint to the form that the linear kernels read, x to bf16, and sums of a BLAS library to y. */
#include "cuda/kernels/linear.cuh"

/* One element of a checkpoint as fp32; f64 rounds to nearest. */
GT_DEVICE float gt_pack_element(const void *source, int32_t dtype, int64_t index) {
  switch (dtype) {
    case GT_F16:
      return gt_float_of_f16(((const uint16_t *)source)[index]);
    case GT_BF16:
      return gt_float_of_bf16(((const uint16_t *)source)[index]);
    case GT_F64:
      return (float)((const double *)source)[index];
    default:
      return ((const float *)source)[index];
  }
}

GT_DEVICE void gt_pack_store(const gt_linear_pack_args &args, int64_t index, float value) {
  if (args.bf16) {
    ((uint16_t *)args.packed)[index] = (uint16_t)gt_bf16x2(value, 0.0f);
  } else {
    ((float *)args.packed)[index] = value;
  }
}

GT_KERNEL(linear_pack) {
  const int64_t row = blockIdx.x;
  for (int64_t column = (int64_t)blockIdx.y * blockDim.x + threadIdx.x; column < args.columns;
       column += (int64_t)gridDim.y * blockDim.x) {
    gt_pack_store(args, row * args.packed_stride + column,
                  gt_pack_element(args.source, args.dtype, row * args.columns + column));
  }
}

/* Through shared memory, so that both sides are read and written along their rows. */
GT_KERNEL(linear_pack_transposed) {
  GT_SHARED(smem);
  constexpr int TILE = GT_LINEAR_PACK_TILE, PITCH = TILE + 1;
  float *tile = (float *)smem;
  const uint32_t across_tiles = (uint32_t)((args.columns + TILE - 1) / TILE);
  const int64_t first_row = (int64_t)(blockIdx.x / across_tiles) * TILE;
  const int64_t first_column = (int64_t)(blockIdx.x % across_tiles) * TILE;
  const int across = threadIdx.x % TILE;
  for (int down = threadIdx.x / TILE; down < TILE; down += 8) {
    const int64_t row = first_row + down, column = first_column + across;
    if (row < args.rows && column < args.columns) {
      tile[down * PITCH + across] = gt_pack_element(args.source, args.dtype, row * args.columns + column);
    }
  }
  gt_sync_block();
  for (int down = threadIdx.x / TILE; down < TILE; down += 8) {
    const int64_t row = first_row + across, column = first_column + down;
    if (row < args.rows && column < args.columns) {
      gt_pack_store(args, column * args.packed_stride + row, tile[across * PITCH + down]);
    }
  }
}

GT_KERNEL(linear_zero) {
  uint4 *memory = (uint4 *)args.memory;
  for (int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x; i < args.vectors;
       i += (int64_t)gridDim.x * blockDim.x) {
    memory[i] = make_uint4(0, 0, 0, 0);
  }
}

GT_KERNEL(linear_round) {
  const int64_t first = blockIdx.x * args.x_stride;
  const float *x = (const float *)args.x + first;
  const uint16_t *words = (const uint16_t *)args.x + first;
  uint4 *y = (uint4 *)((uint16_t *)args.y + blockIdx.x * args.y_stride);
  for (int64_t k = threadIdx.x * 8; k < args.y_stride; k += blockDim.x * 8) {
    float v[8];
    if (args.x_vector && k + 8 <= args.features) {
      const float4 a = *(const float4 *)(x + k), b = *(const float4 *)(x + k + 4);
      v[0] = a.x, v[1] = a.y, v[2] = a.z, v[3] = a.w;
      v[4] = b.x, v[5] = b.y, v[6] = b.z, v[7] = b.w;
    } else {
      GT_UNROLL
      for (int i = 0; i < 8; i++) {
        v[i] = k + i >= args.features ? 0.0f : args.x_bf16 ? gt_float_of_bf16(words[k + i]) : x[k + i];
      }
    }
    y[k / 8] = make_uint4(gt_bf16x2(v[0], v[1]), gt_bf16x2(v[2], v[3]), gt_bf16x2(v[4], v[5]), gt_bf16x2(v[6], v[7]));
  }
}

GT_KERNEL(linear_finish) {
  const gt_linear_epilogue &e = args.epilogue;
  const int64_t row = blockIdx.x;
  for (int64_t column = ((int64_t)blockIdx.y * blockDim.x + threadIdx.x) * 4; column < e.y_features;
       column += (int64_t)gridDim.y * blockDim.x * 4) {
    const int count = e.y_features - column < 4 ? (int)(e.y_features - column) : 4;
    const float *from = args.sums + row * args.sums_stride + column;
    float sums[4], ups[4] = {0, 0, 0, 0};
    gt_linear_load_4(sums, from, count, args.sums_vector);
    if (e.gated) {
      gt_linear_load_4(ups, from + e.y_features, count, args.sums_vector && e.y_features % 4 == 0);
    }
    gt_linear_finish_4(e, row, column, sums, ups);
  }
}
