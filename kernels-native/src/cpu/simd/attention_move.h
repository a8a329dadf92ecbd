/*
 * Between memory and the scratch of attention_panels.h: queries into panels, results out of them, keys and values
 * copied together.
 */
#ifndef GT_ATTENTION_MOVE_H
#define GT_ATTENTION_MOVE_H

#include <stdbool.h>

#include "cpu/attention.h"
#include "cpu/simd/attention_tile.h"
#include "cpu/simd/bf16.h"
#include "cpu/simd/transpose.h"
#include "cpu/simd/vec_compare.h"

enum {
  ATT_MAX_ROWS = 256,
  ATT_MAX_PANELS = ATT_MAX_ROWS / ATT_PANEL,
};

#define ATT_LOG2E 1.44269504088896340736f

/* Words that hold `count` values along the summed dimension. */
static inline int64_t att_words(int64_t count) {
  return (count + ATT_WORD - 1) / ATT_WORD;
}

static inline int32_t att_greater_dim(const gt_attention_params *p) {
  return p->head_dim > p->v_head_dim ? p->head_dim : p->v_head_dim;
}

/* Queries of one call. The more, the fewer times keys and values come from memory; q and o have to stay in L2. */
static int32_t att_max_rows(const gt_attention_params *p) {
  int32_t dim = att_greater_dim(p);
  return dim <= 128 ? ATT_MAX_ROWS : dim <= 256 ? ATT_MAX_ROWS / 2 : ATT_MAX_ROWS / 4;
}

/* Keys per tile: scores of a panel stay in L1, the tile's keys and values in L2. */
static inline int32_t att_tile_keys(const gt_attention_params *p) {
  int32_t dim = att_greater_dim(p);
  return dim <= 128 ? 128 : dim <= 256 ? 64 : 32;
}

/* One call's scratch, cut from the worker's. */
typedef struct att_panels {
  float *q;         /* [panel][words of head_dim][ATT_PANEL] */
  float *o;         /* [panel][v_head_dim][ATT_PANEL] */
  float *scores;    /* [tile_keys][ATT_PANEL]; after softmax its weights, [words of tile_keys][ATT_PANEL] */
  float *greatest;  /* [panel][ATT_PANEL], -FLT_MAX at first */
  float *sum;       /* [panel][ATT_PANEL] */
  float *rescale;   /* [ATT_PANEL] */
  float *bias;      /* [tile_keys + ATT_PANEL] */
  int32_t *visible; /* [panel][ATT_PANEL]: the lane's query sees keys [first, this) */
  int32_t *first;   /* [panel][ATT_PANEL], with a sliding window only; otherwise 0 */
  float *k;         /* [tile_keys][words of head_dim], copied together */
  float *v;         /* [words of tile_keys][v_head_dim] */
} att_panels;

static inline size_t att_panels_bytes(const gt_attention_params *p) {
  size_t rows = (size_t)att_max_rows(p);
  size_t keys = (size_t)att_tile_keys(p);
  size_t head_dim = (size_t)p->head_dim;
  size_t v_head_dim = (size_t)p->v_head_dim;
  size_t floats =
      (rows + keys) * (head_dim + v_head_dim) + 4 * rows + ATT_PANEL + (keys + ATT_PANEL) + keys * ATT_PANEL;
  return floats * sizeof(float);
}

static att_panels att_panels_of(const gt_attention_params *p, void *scratch) {
  int64_t rows = att_max_rows(p);
  int64_t keys = att_tile_keys(p);
  att_panels s;
  s.q = scratch;
  s.o = s.q + rows * p->head_dim;
  s.scores = s.o + rows * p->v_head_dim;
  s.greatest = s.scores + keys * ATT_PANEL;
  s.sum = s.greatest + rows;
  s.rescale = s.sum + rows;
  s.visible = (int32_t *)(s.rescale + ATT_PANEL);
  s.first = s.visible + rows;
  s.bias = (float *)(s.first + rows);
  s.k = s.bias + keys + ATT_PANEL;
  s.v = s.k + keys * p->head_dim;
  return s;
}

/* Walks the rows of an item: row r is head item->head + r % heads of token item->token + r / heads. */
typedef struct att_cursor {
  int64_t offset; /* of the row, in elements */
  int64_t head_step;
  int64_t token_step; /* from the last head of a token to the first of the next */
  int32_t head;
  int32_t heads;
} att_cursor;

static inline att_cursor att_first_row(const gt_attention_job *job, const gt_attention_item *item, int64_t stride,
                                       int64_t dim) {
  int64_t token = job->cu_seqlens_q[item->sequence] + item->token;
  return (att_cursor){.offset = token * stride + item->head * dim,
                      .head_step = dim,
                      .token_step = stride - (item->heads - 1) * dim,
                      .head = 0,
                      .heads = item->heads};
}

static inline int64_t att_next_row(att_cursor *cursor) {
  int64_t offset = cursor->offset;
  bool last = ++cursor->head == cursor->heads;
  cursor->offset += last ? cursor->token_step : cursor->head_step;
  cursor->head = last ? 0 : cursor->head;
  return offset;
}

/* Vectors of a row of `dtype`, GT_F32 or GT_BF16, from element d on. */
GT_INLINE vf att_load(const void *row, int32_t dtype, int64_t d) {
  return dtype == GT_BF16 ? vf_load_bf16((const uint16_t *)row + d) : vf_load((const float *)row + d);
}
GT_INLINE vf att_load_n(const void *row, int32_t dtype, int64_t d, int64_t n) {
  return dtype == GT_BF16 ? vf_load_bf16_n((const uint16_t *)row + d, n) : vf_load_n((const float *)row + d, n);
}
GT_INLINE void att_store_n(void *row, int32_t dtype, int64_t d, vf x, int64_t n) {
  if (dtype == GT_BF16) {
    vf_store_bf16_n((uint16_t *)row + d, x, n);
  } else if (n == GT_VL) {
    vf_store((float *)row + d, x);
  } else {
    vf_store_n((float *)row + d, x, n);
  }
}

/* panel[d .. d + count)[lanes] = x[0 .. count); x is 0 behind an odd head_dim. */
GT_INLINE void att_put_queries(float *panel, int64_t d, const vf x[GT_VL], int64_t count) {
#ifdef GT_ATTENTION_BF16
  GT_UNROLL
  for (int i = 0; i < GT_VL; i += ATT_WORD) {
    if (i < count) {
      vf_store(panel + (d + i) / ATT_WORD * ATT_PANEL, vf_bf16_words(x[i], x[i + 1]));
    }
  }
#else
  GT_UNROLL
  for (int i = 0; i < GT_VL; i++) {
    if (i < count) {
      vf_store(panel + (d + i) * ATT_PANEL, x[i]);
    }
  }
#endif
}

/* q[panel][d][lane] = q * scale * log2(e). Lanes behind the last row repeat a row: they are computed and dropped. */
GT_INLINE void att_load_queries_of(const int32_t dtype, const gt_attention_job *job, const gt_attention_item *item,
                                   int64_t rows, float *to) {
  const gt_attention_params *p = job->params;
  vf scale = vf_set1(p->scale * ATT_LOG2E);
  att_cursor cursor = att_first_row(job, item, p->q_stride, p->head_dim);
  for (int64_t row = 0; row < rows; row += GT_VL) {
    float *panel = to + row / ATT_PANEL * ATT_PANEL * att_words(p->head_dim) + row % ATT_PANEL;
    const void *from[GT_VL];
    from[0] = gt_address(job->q, dtype, att_next_row(&cursor));
    for (int64_t lane = 1; lane < GT_VL; lane++) {
      from[lane] = row + lane < rows ? gt_address(job->q, dtype, att_next_row(&cursor)) : from[0];
    }
    vf x[GT_VL];
    int64_t d = 0;
    for (; d + GT_VL <= p->head_dim; d += GT_VL) {
      GT_UNROLL
      for (int lane = 0; lane < GT_VL; lane++) {
        x[lane] = att_load(from[lane], dtype, d) * scale;
      }
      vf_transpose(x);
      att_put_queries(panel, d, x, GT_VL);
    }
    int64_t rest = p->head_dim - d;
    if (rest > 0) {
      GT_UNROLL
      for (int lane = 0; lane < GT_VL; lane++) {
        x[lane] = att_load_n(from[lane], dtype, d, rest) * scale;
      }
      vf_transpose(x);
      att_put_queries(panel, d, x, rest);
    }
  }
}

static void att_load_queries(const gt_attention_job *job, const gt_attention_item *item, int64_t rows, float *to) {
  if (job->params->qkv_dtype == GT_BF16) {
    att_load_queries_of(GT_BF16, job, item, rows, to);
  } else {
    att_load_queries_of(GT_F32, job, item, rows, to);
  }
}

/* Writes o[panel][d][lane] as rows: divided by their sums to `out`, or as they are to `partial`. */
static void att_store_rows(const gt_attention_job *job, const gt_attention_item *item, int64_t rows,
                           const att_panels *s) {
  const gt_attention_params *p = job->params;
  att_cursor cursor = att_first_row(job, item, p->out_stride, p->v_head_dim);
  const int32_t dtype = item->partial != NULL ? GT_F32 : p->out_dtype;
  void *out = item->partial != NULL ? item->partial : job->out;
  for (int64_t row = 0; row < rows; row += GT_VL) {
    const float *panel = s->o + row / ATT_PANEL * ATT_PANEL * p->v_head_dim + row % ATT_PANEL;
    int64_t lanes = rows - row < GT_VL ? rows - row : GT_VL;
    vf sum = item->partial != NULL ? vf_set1(1.0f) : vf_load(s->sum + row);
    /* A sum of 0 is a query that saw no key; a NaN goes through. */
    vm none = vm_eq(sum, vf_zero());
    vf factor = vf_set1(1.0f) / sum;
    int64_t to[GT_VL];
    for (int64_t lane = 0; lane < lanes; lane++) {
      if (item->partial == NULL) {
        to[lane] = att_next_row(&cursor);
      } else {
        to[lane] = (row + lane) * (p->v_head_dim + 2) + 2;
        item->partial[to[lane] - 2] = s->greatest[row + lane];
        item->partial[to[lane] - 1] = s->sum[row + lane];
      }
    }
    vf x[GT_VL];
    int64_t d = 0;
    for (; d + GT_VL <= p->v_head_dim; d += GT_VL) {
      GT_UNROLL
      for (int i = 0; i < GT_VL; i++) {
        x[i] = vf_select(none, vf_zero(), vf_load(panel + (d + i) * ATT_PANEL) * factor);
      }
      vf_transpose(x);
      for (int64_t lane = 0; lane < lanes; lane++) {
        att_store_n(out, dtype, to[lane] + d, x[lane], GT_VL);
      }
    }
    int64_t rest = p->v_head_dim - d;
    if (rest > 0) {
      for (int64_t i = 0; i < GT_VL; i++) {
        x[i] = i < rest ? vf_load(panel + (d + i) * ATT_PANEL) : vf_zero();
        x[i] = vf_select(none, vf_zero(), x[i] * factor);
      }
      vf_transpose(x);
      for (int64_t lane = 0; lane < lanes; lane++) {
        att_store_n(out, dtype, to[lane] + d, x[lane], rest);
      }
    }
  }
}

static inline void att_copy_row(float *to, const void *from, int32_t dtype, int64_t count) {
  int64_t i = 0;
  for (; i + GT_VL <= count; i += GT_VL) {
    vf_store(to + i, att_load(from, dtype, i));
  }
  if (i < count) {
    vf_store_n(to + i, att_load_n(from, dtype, i, count - i), count - i);
  }
}

/* The words of `dims` values of two keys; the second may be NULL. */
static inline void att_pair_rows(float *to, const void *first, const void *second, int32_t dtype, int64_t dims) {
  for (int64_t d = 0; d < dims; d += GT_VL) {
    int64_t lanes = dims - d < GT_VL ? dims - d : GT_VL;
    vf words = vf_zero();
    if (dtype == GT_BF16) {
      vi low = vi_load_u16_n((const uint16_t *)first + d, lanes);
      vf high = second == NULL ? vf_zero() : vf_load_bf16_n((const uint16_t *)second + d, lanes);
      words = vf_of_bits(vi_or(low, vi_of_bits(high)));
    } else {
      vf partner = second == NULL ? vf_zero() : vf_load_n((const float *)second + d, lanes);
      words = vf_bf16_words(vf_load_n((const float *)first + d, lanes), partner);
    }
    vf_store_n(to + d, words, lanes);
  }
}

/* Copies keys [key, key + keys) together, as words: rows that lie a power of two or so apart fight for the same few
 * sets of the nearest cache, and blocks lie anywhere. */
static att_kv att_gather(const gt_attention_job *job, const gt_attention_item *item, int64_t key, int64_t keys,
                         const att_panels *s) {
  const gt_attention_params *p = job->params;
  int64_t kv_head = item->head / (p->num_heads / p->num_kv_heads);
  int64_t depth = att_words(p->head_dim);
  for (int64_t j = 0; j < keys; j++) {
    const void *k = gt_attention_k_row(job, item->sequence, key + j, kv_head);
    const void *v = gt_attention_v_row(job, item->sequence, key + j, kv_head);
    if (ATT_WORD == 1) {
      att_copy_row(s->k + j * depth, k, p->qkv_dtype, p->head_dim);
      att_copy_row(s->v + j * p->v_head_dim, v, p->qkv_dtype, p->v_head_dim);
      continue;
    }
    if (p->qkv_dtype == GT_BF16) {
      simd_copy_bf16(k, p->head_dim, s->k + j * depth);
    } else {
      simd_to_bf16(k, p->head_dim, s->k + j * depth);
    }
    if (j % 2 == 0) {
      const void *next = j + 1 == keys ? NULL : gt_attention_v_row(job, item->sequence, key + j + 1, kv_head);
      att_pair_rows(s->v + j / 2 * p->v_head_dim, v, next, p->qkv_dtype, p->v_head_dim);
    }
  }
  return (att_kv){s->k, s->v, depth, p->v_head_dim, keys};
}

static att_kv att_in_place(const gt_attention_job *job, const gt_attention_item *item, int64_t key, int64_t end) {
  const gt_attention_params *p = job->params;
  int64_t kv_head = item->head / (p->num_heads / p->num_kv_heads);
  return (att_kv){gt_attention_k_row(job, item->sequence, key, kv_head),
                  gt_attention_v_row(job, item->sequence, key, kv_head), p->k_stride, p->v_stride, end - key};
}

#endif
