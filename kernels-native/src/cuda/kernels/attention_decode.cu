/*
 * Attention of few rows, in fp32: what takes time is to read the keys. A block takes 8 rows and streams tiles of 64
 * keys through four stages; a warp has 16 keys of each tile to itself and softmax of its own over them, so warps only
 * meet at the end. Long keys are cut over blocks by the host and merged by attention_merge_f32 (Dao et al.,
 * Flash-Decoding). Also of many rows, where the other kernels have no room for a head.
 */
#include "cuda/kernels/attention_stream.cuh"

enum {
  DIMS = GT_ATTENTION_DECODE_DIMS,
  ROWS = GT_ATTENTION_DECODE_ROWS,
  WARPS = ATT_STREAM_THREADS / 32,
  WARP_KEYS = ATT_KEYS / WARPS,
  V_CHUNKS = GT_ATTENTION_V_DIMS / DIMS,
  P_STRIDE = WARP_KEYS + 4, /* weights of a row, and what its sums so far are multiplied by */
  LANE_ROWS = ROWS / 4,     /* scores of a lane: rows lane / 8 + 4 i, keys lane % 8 + 8 j */
  LANE_KEYS = WARP_KEYS / 8,
  LANE_DIMS = DIMS / 32, /* of v, for every row */
};

/* s += q k^T over a chunk. */
GT_DEVICE void add_scores(float s[LANE_ROWS][LANE_KEYS], const float *q, int q_stride, const float *k) {
  float part[LANE_ROWS][LANE_KEYS] = {};
#pragma unroll 1
  for (int d = 0; d < DIMS; d += 4) {
    float4 rows[LANE_ROWS], keys[LANE_KEYS];
    GT_UNROLL
    for (int i = 0; i < LANE_ROWS; i++) {
      rows[i] = *(const float4 *)(q + 4 * i * q_stride + d);
    }
    GT_UNROLL
    for (int j = 0; j < LANE_KEYS; j++) {
      keys[j] = *(const float4 *)(k + 8 * j * (DIMS + 4) + d);
    }
    GT_UNROLL
    for (int i = 0; i < LANE_ROWS; i++) {
      GT_UNROLL
      for (int j = 0; j < LANE_KEYS; j++) {
        part[i][j] = att_dot(rows[i], keys[j], part[i][j]);
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

/* o = o * rescale + p v over the warp's keys of a tile. */
GT_DEVICE void add_values(float o[ROWS][LANE_DIMS], const float *p, const float *v) {
  float part[ROWS][LANE_DIMS] = {};
#pragma unroll 1
  for (int key = 0; key < WARP_KEYS; key += 4) {
    float2 values[4];
    GT_UNROLL
    for (int j = 0; j < 4; j++) {
      values[j] = *(const float2 *)(v + (key + j) * (DIMS + 4));
    }
    GT_UNROLL
    for (int row = 0; row < ROWS; row++) {
      const float4 weights = *(const float4 *)(p + row * P_STRIDE + key);
      part[row][0] = att_dot(weights, make_float4(values[0].x, values[1].x, values[2].x, values[3].x), part[row][0]);
      part[row][1] = att_dot(weights, make_float4(values[0].y, values[1].y, values[2].y, values[3].y), part[row][1]);
    }
  }
  GT_UNROLL
  for (int row = 0; row < ROWS; row++) {
    const float rescale = p[row * P_STRIDE + WARP_KEYS];
    o[row][0] = fmaf(o[row][0], rescale, part[row][0]);
    o[row][1] = fmaf(o[row][1], rescale, part[row][1]);
  }
}

/* Over the 8 lanes of a row. */
GT_DEVICE float row_max(float x) {
  x = fmaxf(x, gt_shuffle_xor(x, 1));
  x = fmaxf(x, gt_shuffle_xor(x, 2));
  return fmaxf(x, gt_shuffle_xor(x, 4));
}

GT_DEVICE float row_sum(float x) {
  x += gt_shuffle_xor(x, 1);
  x += gt_shuffle_xor(x, 2);
  return x + gt_shuffle_xor(x, 4);
}

/* Rows from what each warp has of them: stats [WARPS][ROWS][2], values [WARPS][ROWS][dims]. */
GT_DEVICE void merge_warps(const gt_attention_args &args, const att_block &block, const float *stats,
                           const float *values, int32_t dims) {
  const int lane = threadIdx.x % 32;
  for (int row = threadIdx.x / 32; row < ROWS && row < block.tile.rows; row += WARPS) {
    float greatest = -INFINITY;
    GT_UNROLL
    for (int warp = 0; warp < WARPS; warp++) {
      greatest = fmaxf(greatest, stats[2 * (warp * ROWS + row)]);
    }
    const float anchor = att_anchor(greatest);
    float weights[WARPS];
    float sum = 0;
    GT_UNROLL
    for (int warp = 0; warp < WARPS; warp++) {
      const float *stat = stats + 2 * (warp * ROWS + row);
      weights[warp] = exp2f(stat[0] - anchor);
      sum = fmaf(weights[warp], stat[1], sum);
    }
    const att_result result = att_result_of(args, block, row, greatest, sum, lane == 0);
    for (int32_t d = lane; d < block.v_dims; d += 32) {
      float value = 0;
      GT_UNROLL
      for (int warp = 0; warp < WARPS; warp++) {
        value = fmaf(weights[warp], values[(warp * ROWS + row) * dims + d], value);
      }
      att_store(result, d, value);
    }
  }
}

GT_KERNEL(attention_decode_f32) {
  GT_SHARED(shared);
  const int warp = threadIdx.x / 32;
  const int lane = threadIdx.x % 32;
  const int first_row = lane / 8;
  const int first_key = warp * WARP_KEYS + lane % 8;
  const att_block block = att_block_of(args);

  att_row *rows = (att_row *)shared;
  float *weights = (float *)(rows + ROWS) + warp * ROWS * P_STRIDE;
  float *queries = (float *)(rows + ROWS) + WARPS * ROWS * P_STRIDE;
  const int q_stride = (args.head_dim + DIMS - 1) / DIMS * DIMS + 4;
  float *stages = queries + ROWS * q_stride;
  att_fill_rows(args, block, rows, ROWS);
  att_copy_queries<ROWS, DIMS>(queries, q_stride, args, block);
  att_stream<DIMS, GT_ATTENTION_DECODE_STAGES> stream;
  att_start(stream, stages, args, block);

  float o[V_CHUNKS][ROWS][LANE_DIMS] = {};
  float greatest[LANE_ROWS], sum[LANE_ROWS];
  GT_UNROLL
  for (int i = 0; i < LANE_ROWS; i++) {
    greatest[i] = -INFINITY;
    sum[i] = 0;
  }
  for (int32_t key = att_first_tile(block); key < block.tile.end_key; key += ATT_KEYS) {
    float s[LANE_ROWS][LANE_KEYS] = {};
    for (int32_t c = 0; c < stream.k_chunks; c++) {
      const float *k = att_take(stream, args, block);
      add_scores(s, queries + first_row * q_stride + c * DIMS, q_stride, k + first_key * stream.STRIDE);
    }
    GT_UNROLL
    for (int i = 0; i < LANE_ROWS; i++) {
      const att_row row = rows[first_row + 4 * i];
      float *row_weights = weights + (first_row + 4 * i) * P_STRIDE;
      float most = greatest[i];
      GT_UNROLL
      for (int j = 0; j < LANE_KEYS; j++) {
        const int32_t at = key + first_key + 8 * j;
        s[i][j] *= args.scale;
        if (args.distance_bias != NULL) {
          s[i][j] += att_bias(args, row, at);
        }
        if (!att_sees(row, at)) {
          s[i][j] = -INFINITY;
        }
        most = fmaxf(most, s[i][j]);
      }
      most = row_max(most);
      const float anchor = att_anchor(most);
      const float rescale = exp2f(greatest[i] - anchor);
      greatest[i] = most;
      sum[i] *= rescale;
      GT_UNROLL
      for (int j = 0; j < LANE_KEYS; j++) {
        const float weight = exp2f(s[i][j] - anchor);
        sum[i] += weight;
        row_weights[lane % 8 + 8 * j] = weight;
      }
      if (lane % 8 == 0) {
        row_weights[WARP_KEYS] = rescale;
      }
    }
    /* The barrier of att_take is between the weights and those who read them. */
    GT_UNROLL
    for (int c = 0; c < V_CHUNKS; c++) {
      if (c < stream.v_chunks) {
        const float *v = att_take(stream, args, block);
        add_values(o[c], weights, v + warp * WARP_KEYS * stream.STRIDE + lane * LANE_DIMS);
      }
    }
  }

  gt_sync_block(); /* stages are free */
  const int32_t dims = stream.v_chunks * DIMS;
  float *stats = stages;
  float *values = stats + WARPS * ROWS * 2;
  GT_UNROLL
  for (int i = 0; i < LANE_ROWS; i++) {
    float *stat = stats + 2 * (warp * ROWS + first_row + 4 * i);
    const float total = row_sum(sum[i]);
    if (lane % 8 == 0) {
      stat[0] = greatest[i];
      stat[1] = total;
    }
  }
  GT_UNROLL
  for (int c = 0; c < V_CHUNKS; c++) {
    if (c < stream.v_chunks) {
      GT_UNROLL
      for (int row = 0; row < ROWS; row++) {
        *(float2 *)(values + (warp * ROWS + row) * dims + c * DIMS + lane * LANE_DIMS) =
            make_float2(o[c][row][0], o[c][row][1]);
      }
    }
  }
  gt_sync_block();
  merge_warps(args, block, stats, values, dims);
}

/* out of rows from their parts, each brought to the greatest score of all. A warp takes a row of one query head. */
GT_KERNEL(attention_merge_f32) {
  const int lane = threadIdx.x % 32;
  const int row = threadIdx.x / 32;
  const gt_attention_merge merge = args.merges[blockIdx.x / (uint32_t)args.kv_heads];
  const int32_t kv_head = (int32_t)(blockIdx.x % (uint32_t)args.kv_heads);
  if (row >= merge.rows) {
    return;
  }
  const int64_t first = merge.partial + (int64_t)kv_head * merge.kv_head_step + row;
  const float *stats = args.partial_stats + 2 * first;
  float greatest = -INFINITY;
  for (int32_t split = lane; split < merge.splits; split += 32) {
    greatest = fmaxf(greatest, stats[2 * split * merge.step]);
  }
  GT_UNROLL
  for (int mask = 16; mask > 0; mask /= 2) {
    greatest = fmaxf(greatest, gt_shuffle_xor(greatest, mask));
  }
  const float anchor = att_anchor(greatest);
  float sum = 0;
  for (int32_t split = lane; split < merge.splits; split += 32) {
    const float *stat = stats + 2 * split * merge.step;
    sum = fmaf(exp2f(stat[0] - anchor), stat[1], sum);
  }
  GT_UNROLL
  for (int mask = 16; mask > 0; mask /= 2) {
    sum += gt_shuffle_xor(sum, mask);
  }
  const int32_t at = merge.group_head + row;
  const int32_t token = at / args.group;
  const att_result result = att_out(args.out, args.out_bf16,
                                    ((int64_t)merge.q_token + token) * args.out_stride +
                                        ((int64_t)kv_head * args.group + at - token * args.group) * args.v_head_dim,
                                    sum);
  for (int32_t d = lane; d < args.v_head_dim; d += 32) {
    float value = 0;
    for (int32_t split = 0; split < merge.splits; split++) {
      const float *part = args.partial_v + (first + split * merge.step) * args.v_head_dim;
      value = fmaf(exp2f(stats[2 * split * merge.step] - anchor), part[d], value);
    }
    att_store(result, d, value);
  }
}

/* bf16 to fp32, for heads that no kernel takes in bf16. A block has a row. */
GT_KERNEL(attention_widen_f32) {
  const uint16_t *from = args.from + blockIdx.x * args.from_stride;
  float *to = args.to + blockIdx.x * args.features;
  for (int64_t i = threadIdx.x; i < args.features; i += blockDim.x) {
    to[i] = gt_float_of_bf16(from[i]);
  }
}
