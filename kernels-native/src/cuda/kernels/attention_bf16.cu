/*
 * Flash attention forward (FlashAttention-2: Dao, arXiv 2307.08691) with bf16 products and fp32 sums. A block of 8
 * warps takes 128 rows; a warp has 16 of them to itself. Softmax's weights stay in registers: the sums of m16n8k16 lie
 * as its left operand does. K and V come as fp32, by copies that run while the tile before is worked on, and are
 * rounded by the thread that copied them: that takes no barrier and no registers.
 */
#include "cuda/kernels/attention_tile.cuh"

enum {
  ROWS = GT_ATTENTION_BF16_ROWS,
  THREADS = 2 * ROWS,
};

/* DIMS: of a head, both of k and of v, filled up with zeros. */
template <int DIMS>
struct att_shape {
  enum {
    KEYS = DIMS > 128 ? (int)GT_ATTENTION_BF16_WIDE_KEYS : (int)ATT_KEYS,
    Q_IN_REGISTERS = DIMS <= 128,
    TWO_STAGES = DIMS <= 96, /* one for K and one for V; otherwise they take turns */
    STRIDE = DIMS + 8,       /* bf16: rows begin 16 bytes on among the banks, so 8 of them meet in none */
    TILE = KEYS * STRIDE,
    STAGE = KEYS * DIMS, /* floats */
  };
};

/* Keys from `key` on, as they come: fp32, each thread's four floats where it finds them again. */
template <int DIMS>
GT_DEVICE void fetch(float *stage, bool of_k, int32_t key, const gt_attention_args &args, const att_block &block) {
  const float *head =
      of_k ? args.k + (int64_t)block.kv_head * args.head_dim : args.v + (int64_t)block.kv_head * args.v_head_dim;
  const int64_t stride = of_k ? args.k_stride : args.v_stride;
  const int64_t block_stride = of_k ? args.k_block_stride : args.v_block_stride;
  const int32_t dims = of_k ? args.head_dim : args.v_head_dim;
  const bool vectors = of_k ? args.k_vectors : args.v_vectors;
#pragma unroll 2
  for (int unit = threadIdx.x; unit < att_shape<DIMS>::STAGE / 4; unit += THREADS) {
    const int32_t at = key + unit / (DIMS / 4);
    const bool exists = at >= block.tile.first_key && at < block.tile.end_key;
    const float *from = exists ? head + att_key_offset(args, block, at, stride, block_stride) : NULL;
    att_copy_four(stage + 4 * unit, from, unit % (DIMS / 4) * 4, dims, vectors);
  }
  gt_copy_commit();
}

/* What this thread fetched, as bf16. */
template <int DIMS>
GT_DEVICE void round_tile(uint16_t *tile, const float *stage) {
  gt_copy_wait<att_shape<DIMS>::TWO_STAGES ? 1 : 0>();
#pragma unroll 2
  for (int unit = threadIdx.x; unit < att_shape<DIMS>::STAGE / 4; unit += THREADS) {
    const float4 four = *(const float4 *)(stage + 4 * unit);
    *(uint2 *)(tile + unit / (DIMS / 4) * att_shape<DIMS>::STRIDE + unit % (DIMS / 4) * 4) =
        make_uint2(gt_bf16x2(four.x, four.y), gt_bf16x2(four.z, four.w));
  }
}

/* The warp's 16 rows as left operands, one per 16 dims: in registers, or in shared memory where those are too few. */
template <int DIMS>
struct att_queries {
  uint32_t words[att_shape<DIMS>::Q_IN_REGISTERS ? DIMS / 16 : 1][4];
  const uint16_t *memory; /* this lane's row and half of 16 dims */
};

/* `memory`, [ROWS][STRIDE], is free again after a barrier if the operands are in registers. */
template <int DIMS>
GT_DEVICE void load_queries(att_queries<DIMS> &q, uint16_t *memory, const gt_attention_args &args,
                            const att_block &block) {
  using shape = att_shape<DIMS>;
  const int lane = threadIdx.x % 32;
  const int warp_row = threadIdx.x / 32 * 16;
#pragma unroll 2
  for (int unit = lane; unit < 16 * DIMS / 4; unit += 32) {
    const int row = warp_row + unit / (DIMS / 4);
    const int d = unit % (DIMS / 4) * 4;
    float4 four = make_float4(0, 0, 0, 0);
    if (row < block.tile.rows) {
      const float *from = att_q_row(args, block, row);
      if (args.q_vectors) {
        four = d < args.head_dim ? *(const float4 *)(from + d) : four;
      } else {
        four.x = d < args.head_dim ? from[d] : 0;
        four.y = d + 1 < args.head_dim ? from[d + 1] : 0;
        four.z = d + 2 < args.head_dim ? from[d + 2] : 0;
        four.w = d + 3 < args.head_dim ? from[d + 3] : 0;
      }
    }
    /* Scaled, so that scores come in units of ln 2. */
    *(uint2 *)(memory + row * shape::STRIDE + d) = make_uint2(gt_bf16x2(four.x * args.scale, four.y * args.scale),
                                                              gt_bf16x2(four.z * args.scale, four.w * args.scale));
  }
  gt_sync_warp();
  q.memory = memory + (warp_row + lane % 16) * shape::STRIDE + lane / 16 * 8;
  if (shape::Q_IN_REGISTERS) {
    GT_UNROLL
    for (int step = 0; step < DIMS / 16; step++) {
      gt_load_matrix_x4(q.words[shape::Q_IN_REGISTERS ? step : 0], q.memory + step * 16);
    }
  }
}

template <int DIMS>
GT_DEVICE const uint32_t *operand(att_queries<DIMS> &q, int step) {
  if (att_shape<DIMS>::Q_IN_REGISTERS) {
    return q.words[step];
  }
  gt_load_matrix_x4(q.words[0], q.memory + step * 16);
  return q.words[0];
}

/* s = q k^T: s[n] are 16 rows x keys 8 n .. 8 n + 7. */
template <int DIMS>
GT_DEVICE void scores(float (*s)[4], att_queries<DIMS> &q, const uint16_t *k) {
  using shape = att_shape<DIMS>;
  const int lane = threadIdx.x % 32;
  const uint16_t *at = k + (lane / 16 * 8 + lane % 8) * shape::STRIDE + lane / 8 % 2 * 8;
  GT_UNROLL
  for (int n = 0; n < shape::KEYS / 8; n++) {
    GT_UNROLL
    for (int i = 0; i < 4; i++) {
      s[n][i] = 0;
    }
  }
  GT_UNROLL
  for (int step = 0; step < DIMS / 16; step++) {
    const uint32_t *a = operand(q, step);
    GT_UNROLL
    for (int n = 0; n < shape::KEYS / 16; n++) {
      uint32_t b[4]; /* two of 8 keys x 16 dims */
      gt_load_matrix_x4(b, at + n * 16 * shape::STRIDE + step * 16);
      gt_mma_bf16(s[2 * n], a, b);
      gt_mma_bf16(s[2 * n + 1], a, b + 2);
    }
  }
}

/* o += p v: o[n] are 16 rows x dims 8 n .. 8 n + 7. */
template <int DIMS>
GT_DEVICE void add_values(float (*o)[4], const float (*p)[4], const uint16_t *v) {
  using shape = att_shape<DIMS>;
  const int lane = threadIdx.x % 32;
  const uint16_t *at = v + lane % 16 * shape::STRIDE + lane / 16 * 8;
  GT_UNROLL
  for (int step = 0; step < shape::KEYS / 16; step++) {
    const float *left = p[2 * step], *right = p[2 * step + 1];
    const uint32_t a[4] = {gt_bf16x2(left[0], left[1]), gt_bf16x2(left[2], left[3]), gt_bf16x2(right[0], right[1]),
                           gt_bf16x2(right[2], right[3])};
    GT_UNROLL
    for (int n = 0; n < DIMS / 16; n++) {
      uint32_t b[4]; /* 16 keys x two of 8 dims */
      gt_load_matrix_x4_trans(b, at + step * 16 * shape::STRIDE + n * 16);
      gt_mma_bf16(o[2 * n], a, b);
      gt_mma_bf16(o[2 * n + 1], a, b + 2);
    }
  }
}

/* What a thread knows of one of its two rows. */
struct att_softmax {
  att_row row;
  float greatest;
  float sum; /* of the scores of this thread */
};

/* s becomes exp2(s - anchor) of row `half`; returns what earlier sums are multiplied by. */
template <int KEYS>
GT_DEVICE float weigh(const gt_attention_args &args, float (*s)[4], int half, att_softmax &softmax, int32_t key,
                      bool masked) {
  const int32_t first = key + (int)threadIdx.x % 4 * 2;
  if (args.distance_bias != NULL) {
    GT_UNROLL
    for (int n = 0; n < KEYS / 8; n++) {
      s[n][2 * half] += att_bias(args, softmax.row, first + 8 * n);
      s[n][2 * half + 1] += att_bias(args, softmax.row, first + 8 * n + 1);
      if (n % 2 == 1) {
        gt_sync_warp(); /* lets ptxas load no more at once, which would take every register */
      }
    }
  }
  float most = softmax.greatest;
  GT_UNROLL
  for (int n = 0; n < KEYS / 8; n++) {
    GT_UNROLL
    for (int i = 0; i < 2; i++) {
      float &score = s[n][2 * half + i];
      if (masked && !att_sees(softmax.row, first + 8 * n + i)) {
        score = -INFINITY;
      }
      most = fmaxf(most, score);
    }
  }
  most = fmaxf(most, gt_shuffle_xor(most, 1));
  most = fmaxf(most, gt_shuffle_xor(most, 2));
  const float anchor = att_anchor(most);
  const float rescale = exp2f(softmax.greatest - anchor);
  float part = 0;
  GT_UNROLL
  for (int n = 0; n < KEYS / 8; n++) {
    GT_UNROLL
    for (int i = 0; i < 2; i++) {
      float &score = s[n][2 * half + i];
      score = exp2f(score - anchor);
      part += score;
    }
  }
  softmax.greatest = most;
  softmax.sum = fmaf(softmax.sum, rescale, part);
  return rescale;
}

template <int DIMS>
GT_DEVICE void store_row(const gt_attention_args &args, const att_block &block, int32_t row, const float (*o)[4],
                         int half, const att_softmax &softmax) {
  float sum = softmax.sum;
  sum += gt_shuffle_xor(sum, 1);
  sum += gt_shuffle_xor(sum, 2);
  if (row >= block.tile.rows) {
    return;
  }
  const int first = threadIdx.x % 4 * 2;
  const att_result result = att_result_of(args, block, row, softmax.greatest, sum, first == 0);
  GT_UNROLL
  for (int n = 0; n < DIMS / 8; n++) {
    GT_UNROLL
    for (int i = 0; i < 2; i++) {
      const int32_t d = 8 * n + first + i;
      if (d < block.v_dims) {
        result.to[d] = att_scaled(o[n][2 * half + i], result.factor);
      }
    }
  }
}

template <int DIMS>
GT_DEVICE void attend(const gt_attention_args &args, unsigned char *shared) {
  using shape = att_shape<DIMS>;
  const att_block block = att_block_of(args);
  att_row *rows = (att_row *)shared;
  float *k_stage = (float *)(rows + ROWS);
  float *v_stage = k_stage + (shape::TWO_STAGES ? shape::STAGE : 0);
  uint16_t *k_tile = (uint16_t *)(v_stage + shape::STAGE);
  uint16_t *v_tile = k_tile + shape::TILE;
  /* A warp behind the last row only moves keys. */
  const bool works = (int32_t)threadIdx.x / 32 * 16 < block.tile.rows;

  int32_t key = att_first_tile(block);
  fetch<DIMS>(k_stage, true, key, args, block);
  if (shape::TWO_STAGES) {
    fetch<DIMS>(v_stage, false, key, args, block);
  }
  att_fill_rows(args, block, rows, ROWS);
  att_queries<DIMS> q;
  /* Two tiles have at least as many rows as the block. */
  static_assert(!shape::Q_IN_REGISTERS || 2 * shape::KEYS >= ROWS, "room for q");
  load_queries(q, shape::Q_IN_REGISTERS ? k_tile : v_tile + shape::TILE, args, block);
  if (shape::Q_IN_REGISTERS) {
    gt_sync_block();
  }
  round_tile<DIMS>(k_tile, k_stage);
  fetch<DIMS>(k_stage, shape::TWO_STAGES, shape::TWO_STAGES ? key + shape::KEYS : key, args, block);
  gt_sync_block();

  const int row = threadIdx.x / 32 * 16 + threadIdx.x % 32 / 4;
  att_softmax softmax[2] = {{rows[row], -INFINITY, 0}, {rows[row + 8], -INFINITY, 0}};
  float o[DIMS / 8][4] = {};
  while (key < block.tile.end_key) {
    const int32_t next = key + shape::KEYS;
    float s[shape::KEYS / 8][4];
    if (works) {
      scores<DIMS>(s, q, k_tile);
    }
    round_tile<DIMS>(v_tile, v_stage);
    fetch<DIMS>(v_stage, !shape::TWO_STAGES, next, args, block);
    if (works) {
      const bool masked = att_needs_mask(block, rows, key, shape::KEYS);
      float rescale[2];
      GT_UNROLL
      for (int half = 0; half < 2; half++) {
        rescale[half] = weigh<shape::KEYS>(args, s, half, softmax[half], key, masked);
      }
      GT_UNROLL
      for (int n = 0; n < DIMS / 8; n++) {
        GT_UNROLL
        for (int i = 0; i < 4; i++) {
          o[n][i] *= rescale[i / 2];
        }
      }
    }
    gt_sync_block(); /* V is there, K is done with */
    if (works) {
      add_values<DIMS>(o, s, v_tile);
    }
    round_tile<DIMS>(k_tile, k_stage);
    fetch<DIMS>(k_stage, shape::TWO_STAGES, shape::TWO_STAGES ? next + shape::KEYS : next, args, block);
    gt_sync_block(); /* the next K is there, V is done with */
    key = next;
  }
  GT_UNROLL
  for (int half = 0; half < 2; half++) {
    const float(*sums)[4] = o;
    store_row<DIMS>(args, block, row + 8 * half, sums, half, softmax[half]);
  }
}

GT_KERNEL(attention_bf16_32) {
  GT_SHARED(shared);
  attend<32>(args, shared);
}

GT_KERNEL(attention_bf16_64) {
  GT_SHARED(shared);
  attend<64>(args, shared);
}

GT_KERNEL(attention_bf16_96) {
  GT_SHARED(shared);
  attend<96>(args, shared);
}

GT_KERNEL(attention_bf16_128) {
  GT_SHARED(shared);
  attend<128>(args, shared);
}

GT_KERNEL(attention_bf16_256) {
  GT_SHARED(shared);
  attend<256>(args, shared);
}
