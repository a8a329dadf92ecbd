/*
 * Flash attention forward (Dao, arXiv 2307.08691) in fp32. A block of 4 warps takes 64 rows and tiles of 64 keys; a
 * warp has 16 rows to itself, so softmax and the weights need no other warp. Lane (half, column) holds 8 of them, every
 * second one, and of each every 16th score and 1/16 of the values.
 *
 * Sums run over a chunk of a head, or over a tile of keys, and are then added up: rounding grows with their number, not
 * with the product.
 */
#include "cuda/kernels/attention_stream.cuh"

enum {
  ROWS = GT_ATTENTION_F32_ROWS,
  LANE_ROWS = 8,
  LANE_KEYS = ATT_KEYS / 16,
  P_STRIDE = ATT_KEYS + 4,
};

/* s += q k^T over a chunk. */
template <int DIMS>
GT_DEVICE void add_scores(float s[LANE_ROWS][LANE_KEYS], const float *q, int q_stride, const float *k) {
  float part[LANE_ROWS][LANE_KEYS] = {};
#pragma unroll 1
  for (int d = 0; d < DIMS; d += 4) {
    float4 keys[LANE_KEYS];
    GT_UNROLL
    for (int j = 0; j < LANE_KEYS; j++) {
      keys[j] = *(const float4 *)(k + j * 16 * (DIMS + 4) + d);
    }
    GT_UNROLL
    for (int i = 0; i < LANE_ROWS; i++) {
      const float4 row = *(const float4 *)(q + 2 * i * q_stride + d);
      GT_UNROLL
      for (int j = 0; j < LANE_KEYS; j++) {
        part[i][j] = att_dot(row, keys[j], part[i][j]);
      }
    }
  }
  GT_UNROLL
  for (int i = 0; i < LANE_ROWS; i++) {
    GT_UNROLL
    for (int j = 0; j < LANE_KEYS; j++) {
      s[i][j] += part[i][j];
    }
  }
}

/* o = o * rescale + p v over the keys of a tile; COLUMNS neighbouring dims. */
template <int COLUMNS>
GT_DEVICE void add_values(float o[LANE_ROWS][COLUMNS], const float rescale[LANE_ROWS], const float *p, const float *v) {
  float part[LANE_ROWS][COLUMNS] = {};
#pragma unroll 1
  for (int key = 0; key < ATT_KEYS; key += 4) {
    float values[4][COLUMNS];
    GT_UNROLL
    for (int j = 0; j < 4; j++) {
      const float *from = v + (key + j) * (16 * COLUMNS + 4);
      GT_UNROLL
      for (int c = 0; c < COLUMNS; c += 2) {
        const float2 two = *(const float2 *)(from + c);
        values[j][c] = two.x;
        values[j][c + 1] = two.y;
      }
    }
    GT_UNROLL
    for (int i = 0; i < LANE_ROWS; i++) {
      const float4 weights = *(const float4 *)(p + 2 * i * P_STRIDE + key);
      GT_UNROLL
      for (int c = 0; c < COLUMNS; c++) {
        part[i][c] = att_dot(weights, make_float4(values[0][c], values[1][c], values[2][c], values[3][c]), part[i][c]);
      }
    }
  }
  GT_UNROLL
  for (int i = 0; i < LANE_ROWS; i++) {
    GT_UNROLL
    for (int c = 0; c < COLUMNS; c++) {
      o[i][c] = fmaf(o[i][c], rescale[i], part[i][c]);
    }
  }
}

/* The greatest of the 16 lanes of a row. */
GT_DEVICE float row_max(float x) {
  GT_UNROLL
  for (int mask = 8; mask > 0; mask /= 2) {
    x = fmaxf(x, gt_shuffle_xor(x, mask));
  }
  return x;
}

GT_DEVICE float row_sum(float x) {
  GT_UNROLL
  for (int mask = 8; mask > 0; mask /= 2) {
    x += gt_shuffle_xor(x, mask);
  }
  return x;
}

/* v_head_dim up to DIMS * V_CHUNKS; any head_dim. */
template <int DIMS, int V_CHUNKS>
GT_DEVICE void attend(const gt_attention_args &args, unsigned char *shared) {
  constexpr int COLUMNS = DIMS / 16;
  const int lane = threadIdx.x % 32;
  const int column = lane % 16;
  const int first_row = threadIdx.x / 32 * 16 + lane / 16;
  const att_block block = att_block_of(args);

  att_row *rows = (att_row *)shared;
  /* Registers are dear. Each lane has its own, though those of a row are equal: nothing to wait for. */
  float *greatest = (float *)(rows + ROWS) + threadIdx.x;
  float *weights = (float *)(rows + ROWS) + LANE_ROWS * ATT_STREAM_THREADS;
  float *queries = weights + ROWS * P_STRIDE;
  const int q_stride = (args.head_dim + DIMS - 1) / DIMS * DIMS + 4;
  att_fill_rows(args, block, rows, ROWS);
  att_copy_queries<ROWS, DIMS>(queries, q_stride, args, block);
  att_stream<DIMS, 2> stream;
  att_start(stream, queries + ROWS * q_stride, args, block);

  float o[V_CHUNKS][LANE_ROWS][COLUMNS] = {};
  float sum[LANE_ROWS] = {};
  GT_UNROLL
  for (int i = 0; i < LANE_ROWS; i++) {
    greatest[i * ATT_STREAM_THREADS] = -INFINITY;
  }
  for (int32_t key = att_first_tile(block); key < block.tile.end_key; key += ATT_KEYS) {
    float s[LANE_ROWS][LANE_KEYS] = {};
    for (int32_t c = 0; c < stream.k_chunks; c++) {
      const float *k = att_take(stream, args, block);
      add_scores<DIMS>(s, queries + first_row * q_stride + c * DIMS, q_stride, k + column * stream.STRIDE);
    }

    const bool masked = att_needs_mask(block, rows, key, ATT_KEYS);
    float rescale[LANE_ROWS];
    GT_UNROLL
    for (int i = 0; i < LANE_ROWS; i++) {
      GT_UNROLL
      for (int j = 0; j < LANE_KEYS; j++) {
        s[i][j] *= args.scale;
      }
      if (masked || args.distance_bias != NULL) {
        const att_row row = rows[first_row + 2 * i];
        GT_UNROLL
        for (int j = 0; j < LANE_KEYS; j++) {
          const int32_t at = key + column + 16 * j;
          if (args.distance_bias != NULL) {
            s[i][j] += att_bias(args, row, at);
          }
          if (masked && !att_sees(row, at)) {
            s[i][j] = -INFINITY;
          }
        }
      }
      const float before = greatest[i * ATT_STREAM_THREADS];
      float most = before;
      GT_UNROLL
      for (int j = 0; j < LANE_KEYS; j++) {
        most = fmaxf(most, s[i][j]);
      }
      most = row_max(most);
      greatest[i * ATT_STREAM_THREADS] = most;
      const float anchor = att_anchor(most);
      rescale[i] = exp2f(before - anchor);
      float part = 0;
      GT_UNROLL
      for (int j = 0; j < LANE_KEYS; j++) {
        const float weight = exp2f(s[i][j] - anchor);
        part += weight;
        weights[(first_row + 2 * i) * P_STRIDE + column + 16 * j] = weight;
      }
      sum[i] = fmaf(sum[i], rescale[i], part);
    }
    /* The barrier of att_take is between the weights and those who read them. */
    GT_UNROLL
    for (int c = 0; c < V_CHUNKS; c++) {
      if (c < stream.v_chunks) {
        const float *v = att_take(stream, args, block);
        add_values<COLUMNS>(o[c], rescale, weights + first_row * P_STRIDE, v + column * COLUMNS);
      }
    }
  }

  GT_UNROLL
  for (int i = 0; i < LANE_ROWS; i++) {
    const int row = first_row + 2 * i;
    const float total = row_sum(sum[i]);
    if (row < block.tile.rows) {
      const att_result result = att_result_of(args, block, row, greatest[i * ATT_STREAM_THREADS], total, column == 0);
      GT_UNROLL
      for (int c = 0; c < V_CHUNKS; c++) {
        GT_UNROLL
        for (int e = 0; e < COLUMNS; e++) {
          const int32_t d = c * DIMS + column * COLUMNS + e;
          if (d < block.v_dims) {
            att_store(result, d, o[c][i][e]);
          }
        }
      }
    }
  }
}

GT_KERNEL(attention_f32_32) {
  GT_SHARED(shared);
  attend<32, 1>(args, shared);
}

GT_KERNEL(attention_f32_64) {
  GT_SHARED(shared);
  attend<64, 1>(args, shared);
}

GT_KERNEL(attention_f32_128) {
  GT_SHARED(shared);
  attend<64, 2>(args, shared);
}

GT_KERNEL(attention_f32_256) {
  GT_SHARED(shared);
  attend<64, 4>(args, shared);
}
