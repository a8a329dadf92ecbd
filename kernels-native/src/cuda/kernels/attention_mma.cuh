/*
 * Flash attention forward (FlashAttention-2: Dao, arXiv 2307.08691) with bf16 products and fp32 sums: all that a warp
 * does with K and V once they are tiles of bf16 in shared memory. A warp has its rows to itself, 16 or twice 16 of
 * them, and softmax's weights stay in registers: the sums of m16n8k16 lie as its left operand does. Kernels that use
 * this differ in how the tiles come to be there, not in their results: the sums of a row are the same in all of them.
 */
#ifndef GT_ATTENTION_MMA_CUH
#define GT_ATTENTION_MMA_CUH

#include "cuda/kernels/attention_tile.cuh"

/* Dims of a head, both of k and of v, filled up with zeros; groups of 16 rows of a warp; is there code for a bias? */
template <int HEAD_DIMS, int ROW_GROUPS, bool QUERIES_IN_REGISTERS, bool MAY_BE_BIASED>
struct att_mma {
  enum {
    DIMS = HEAD_DIMS,
    GROUPS = ROW_GROUPS,
    Q_IN_REGISTERS = QUERIES_IN_REGISTERS,
    BIASED = MAY_BE_BIASED,
    KEYS = DIMS > 128 ? (int)GT_ATTENTION_BF16_WIDE_KEYS : (int)ATT_KEYS,
    ROWS = GT_ATTENTION_BF16_ROWS,
    WARP_ROWS = 16 * GROUPS,
    THREADS = ROWS / WARP_ROWS * 32,
    STRIDE = DIMS + 8, /* bf16: rows begin 16 bytes on among the banks, or 80, so 8 of them meet in none */
    TILE = KEYS * STRIDE,
  };
};

/* The warp's rows as left operands, per 16 dims: in registers, or in shared memory where those are too few. */
template <class S>
struct att_queries {
  uint32_t words[S::Q_IN_REGISTERS ? S::DIMS / 16 : 1][S::GROUPS][4];
  const uint16_t *memory; /* this lane's row and half of 16 dims */
};

template <class S>
GT_DEVICE void att_load_operand(uint32_t (*words)[4], const att_queries<S> &q, int step) {
  GT_UNROLL
  for (int g = 0; g < S::GROUPS; g++) {
    gt_load_matrix_x4(words[g], q.memory + g * 16 * S::STRIDE + step * 16);
  }
}

/* From the warp's rows in shared memory, [WARP_ROWS][STRIDE], which its lanes have written. */
template <class S>
GT_DEVICE void att_take_queries(att_queries<S> &q, const uint16_t *memory) {
  const int lane = threadIdx.x % 32;
  gt_sync_warp();
  q.memory = memory + lane % 16 * S::STRIDE + lane / 16 * 8;
  if (S::Q_IN_REGISTERS) {
    GT_UNROLL
    for (int step = 0; step < S::DIMS / 16; step++) {
      att_load_operand<S>(q.words[S::Q_IN_REGISTERS ? step : 0], q, step);
    }
  }
}

/* Two of q, as scores times positive_scale want them. */
GT_DEVICE uint32_t att_signed(const gt_attention_args &args, uint32_t pair) {
  return (pair & args.q_keep) ^ args.q_flip;
}

/* What a warp's rows see together and what each of them sees: neither bound falls from one row to the next. */
struct att_span {
  int32_t first_any, end_any, first_all, end_all;
};

/* Fills in the warp's rows. Those behind the block's last are like it, and nobody stores them. */
template <class S>
GT_DEVICE att_span att_fill_warp_rows(const gt_attention_args &args, const att_block &block, att_row *rows, int first) {
  const int lane = threadIdx.x % 32;
  if (lane < S::WARP_ROWS) {
    const int row = first + lane;
    rows[row] = att_row_of(args, block, row < block.tile.rows ? row : block.tile.rows - 1);
  }
  gt_sync_warp();
  const att_row upper = rows[first], lower = rows[first + S::WARP_ROWS - 1];
  return {upper.first, lower.end, lower.first, upper.end};
}

/* s = q k^T: s[g][n] are 16 rows x keys 8 n .. 8 n + 7. */
template <class S>
GT_DEVICE void att_scores(float (*s)[S::KEYS / 8][4], att_queries<S> &q, const uint16_t *k) {
  const int lane = threadIdx.x % 32;
  const uint16_t *at = k + (lane / 16 * 8 + lane % 8) * S::STRIDE + lane / 8 % 2 * 8;
  GT_UNROLL
  for (int g = 0; g < S::GROUPS; g++) {
    GT_UNROLL
    for (int n = 0; n < S::KEYS / 8; n++) {
      GT_UNROLL
      for (int i = 0; i < 4; i++) {
        s[g][n][i] = 0;
      }
    }
  }
  GT_UNROLL
  for (int step = 0; step < S::DIMS / 16; step++) {
    uint32_t(*a)[4] = q.words[S::Q_IN_REGISTERS ? step : 0];
    if (!S::Q_IN_REGISTERS) {
      att_load_operand<S>(a, q, step);
    }
    GT_UNROLL
    for (int n = 0; n < S::KEYS / 16; n++) {
      uint32_t b[4]; /* two of 8 keys x 16 dims */
      gt_load_matrix_x4(b, at + n * 16 * S::STRIDE + step * 16);
      GT_UNROLL
      for (int g = 0; g < S::GROUPS; g++) {
        gt_mma_bf16(s[g][2 * n], a[g], b);
        gt_mma_bf16(s[g][2 * n + 1], a[g], b + 2);
      }
    }
  }
}

/* o += p v: o[g][n] are 16 rows x dims 8 n .. 8 n + 7. */
template <class S>
GT_DEVICE void att_add_values(float (*o)[S::DIMS / 8][4], const float (*p)[S::KEYS / 8][4], const uint16_t *v) {
  const int lane = threadIdx.x % 32;
  const uint16_t *at = v + lane % 16 * S::STRIDE + lane / 16 * 8;
  GT_UNROLL
  for (int step = 0; step < S::KEYS / 16; step++) {
    uint32_t a[S::GROUPS][4];
    GT_UNROLL
    for (int g = 0; g < S::GROUPS; g++) {
      GT_UNROLL
      for (int i = 0; i < 4; i++) {
        const float *from = p[g][2 * step + i / 2] + i % 2 * 2;
        a[g][i] = gt_bf16x2(from[0], from[1]);
      }
    }
    GT_UNROLL
    for (int n = 0; n < S::DIMS / 16; n++) {
      uint32_t b[4]; /* 16 keys x two of 8 dims */
      gt_load_matrix_x4_trans(b, at + step * 16 * S::STRIDE + n * 16);
      GT_UNROLL
      for (int g = 0; g < S::GROUPS; g++) {
        gt_mma_bf16(o[g][2 * n], a[g], b);
        gt_mma_bf16(o[g][2 * n + 1], a[g], b + 2);
      }
    }
  }
}

/* What a thread knows of its rows: of each group two, 8 apart. */
template <class S>
struct att_softmax {
  float greatest[S::GROUPS][2]; /* times the scale */
  float sum[S::GROUPS][2];      /* of the weights of this thread */
};

template <class S>
GT_DEVICE void att_start(att_softmax<S> &softmax) {
  GT_UNROLL
  for (int g = 0; g < S::GROUPS; g++) {
    softmax.greatest[g][0] = softmax.greatest[g][1] = -INFINITY;
    softmax.sum[g][0] = softmax.sum[g][1] = 0;
  }
}

/* Scores of row `half` become exp2(scale * score - anchor); returns what earlier sums are multiplied by. The scale
 * meets the anchor in one fma. `row` is read for a bias and a mask only. */
template <class S>
GT_DEVICE float att_weigh(const gt_attention_args &args, float (*s)[4], int half, const att_row *row, int32_t key,
                          bool masked, float &greatest, float &sum) {
  const int32_t first = key + (int)threadIdx.x % 4 * 2;
  float scale = args.positive_scale;
  if (S::BIASED && args.distance_bias != NULL) {
    const att_row biased = *row;
    GT_UNROLL
    for (int n = 0; n < S::KEYS / 8; n++) {
      GT_UNROLL
      for (int i = 0; i < 2; i++) {
        s[n][2 * half + i] = fmaf(s[n][2 * half + i], scale, att_bias(args, biased, first + 8 * n + i));
      }
      if (n % 2 == 1) {
        gt_sync_warp(); /* lets ptxas load no more at once, which would take every register */
      }
    }
    scale = 1;
  }
  if (masked) {
    const att_row seen = *row;
    GT_UNROLL
    for (int n = 0; n < S::KEYS / 8; n++) {
      GT_UNROLL
      for (int i = 0; i < 2; i++) {
        if (!att_sees(seen, first + 8 * n + i)) {
          s[n][2 * half + i] = -INFINITY;
        }
      }
    }
  }
  float most = -INFINITY;
  GT_UNROLL
  for (int n = 0; n < S::KEYS / 8; n++) {
    most = fmaxf(most, fmaxf(s[n][2 * half], s[n][2 * half + 1]));
  }
  most = fmaxf(most, gt_shuffle_xor(most, 1));
  most = fmaxf(most, gt_shuffle_xor(most, 2));
  most = fmaxf(greatest, most * scale);
  const float anchor = att_anchor(most);
  const float rescale = gt_exp2(greatest - anchor);
  float part = 0;
  GT_UNROLL
  for (int n = 0; n < S::KEYS / 8; n++) {
    GT_UNROLL
    for (int i = 0; i < 2; i++) {
      float &score = s[n][2 * half + i];
      score = gt_exp2(fmaf(score, scale, -anchor));
      part += score;
    }
  }
  greatest = most;
  sum = fmaf(sum, rescale, part);
  return rescale;
}

/* Scores become weights, and o is brought to their anchors. `rows` begins at this thread's first. */
template <class S>
GT_DEVICE void att_weigh_rows(const gt_attention_args &args, float (*s)[S::KEYS / 8][4], float (*o)[S::DIMS / 8][4],
                              att_softmax<S> &softmax, const att_row *rows, int32_t key, bool masked) {
  GT_UNROLL
  for (int g = 0; g < S::GROUPS; g++) {
    GT_UNROLL
    for (int half = 0; half < 2; half++) {
      const float rescale = att_weigh<S>(args, s[g], half, rows + 16 * g + 8 * half, key, masked,
                                         softmax.greatest[g][half], softmax.sum[g][half]);
      GT_UNROLL
      for (int n = 0; n < S::DIMS / 8; n++) {
        o[g][n][2 * half] *= rescale;
        o[g][n][2 * half + 1] *= rescale;
      }
    }
  }
}

/* The sum of a row from those of its four threads. */
GT_DEVICE float att_sum_of_row(float sum) {
  sum += gt_shuffle_xor(sum, 1);
  return sum + gt_shuffle_xor(sum, 2);
}

/* Rows from `first` on, this thread's, to wherever they go. */
template <class S>
GT_DEVICE void att_store_rows(const gt_attention_args &args, const att_block &block, int32_t first,
                              const float (*o)[S::DIMS / 8][4], const att_softmax<S> &softmax) {
  const int column = threadIdx.x % 4 * 2;
  GT_UNROLL
  for (int g = 0; g < S::GROUPS; g++) {
    GT_UNROLL
    for (int half = 0; half < 2; half++) {
      const float sum = att_sum_of_row(softmax.sum[g][half]);
      const int32_t row = first + 16 * g + 8 * half;
      if (row < block.tile.rows) {
        const att_result result = att_result_of(args, block, row, softmax.greatest[g][half], sum, column == 0);
        GT_UNROLL
        for (int n = 0; n < S::DIMS / 8; n++) {
          GT_UNROLL
          for (int i = 0; i < 2; i++) {
            const int32_t d = 8 * n + column + i;
            if (d < block.v_dims) {
              att_store(result, d, o[g][n][2 * half + i]);
            }
          }
        }
      }
    }
  }
}

#endif
