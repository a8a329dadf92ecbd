/*
 * Attention for a few queries over many keys (decoding): head_dim lies along the vector lanes, so one query fills
 * them. Memory is what it waits for, so an item spans as many kv heads as it may: their keys lie side by side, and
 * long rows come from memory at twice the speed of short ones. Each tile of keys fetches the next.
 */
#ifndef GT_ATTENTION_ROWS_H
#define GT_ATTENTION_ROWS_H

#include <float.h>
#include <math.h>
#include <string.h>

#include "cpu/attention.h"
#include "cpu/simd/attention_panels.h"
#include "cpu/simd/transpose.h"
#include "cpu/simd/vecmath.h"

enum {
  ATT_DIRECT_ROWS = 8, /* of a kv head: up to this many this file is faster than attention_panels.h */
  ATT_WIDE_ROWS = 64,  /* of an item */
  ATT_DIRECT_KEYS = 128,
  ATT_DIRECT_BYTES = 24 << 10, /* of a tile: it and the next one stay in the nearer caches */
  ATT_VALUE_VECTORS = 4,       /* of o held in registers at a time */
};

typedef struct att_rows {
  float *q;      /* [row][dims]: q * scale * log2(e), zeros behind head_dim */
  float *o;      /* [row][v_dims] */
  float *scores; /* [ATT_DIRECT_KEYS] */
  int64_t dims;  /* head_dim and v_head_dim in whole vectors */
  int64_t v_dims;
  const void **k; /* [ATT_DIRECT_KEYS]: where the tile's keys begin, with the item's first kv head */
  const void **v;
  const void **next_k; /* and those of the tile behind it */
  const void **next_v;
} att_rows;

static inline int64_t att_whole_vectors(int64_t dim) {
  return (dim + GT_VL - 1) / GT_VL * GT_VL;
}

static size_t att_rows_bytes(const gt_attention_params *p) {
  int64_t floats =
      ATT_WIDE_ROWS * (att_whole_vectors(p->head_dim) + att_whole_vectors(p->v_head_dim)) + ATT_DIRECT_KEYS;
  return (size_t)floats * sizeof(float) + 4 * ATT_DIRECT_KEYS * sizeof(void *);
}

static att_rows att_rows_of(const gt_attention_params *p, void *scratch) {
  att_rows s;
  s.dims = att_whole_vectors(p->head_dim);
  s.v_dims = att_whole_vectors(p->v_head_dim);
  s.k = scratch;
  s.v = s.k + ATT_DIRECT_KEYS;
  s.next_k = s.v + ATT_DIRECT_KEYS;
  s.next_v = s.next_k + ATT_DIRECT_KEYS;
  s.q = (float *)(s.next_v + ATT_DIRECT_KEYS);
  s.o = s.q + ATT_WIDE_ROWS * s.dims;
  s.scores = s.o + ATT_WIDE_ROWS * s.v_dims;
  return s;
}

/* Rows of keys [key, key + count), block by block. */
static void att_find_rows(const gt_attention_job *job, const gt_attention_item *item, int64_t key, int64_t count,
                          const void **k, const void **v) {
  const gt_attention_params *p = job->params;
  const int64_t kv_head = item->head / (p->num_heads / p->num_kv_heads);
  for (int64_t j = 0; j < count;) {
    const void *k_row = gt_attention_k_row(job, item->sequence, key + j, kv_head);
    const void *v_row = gt_attention_v_row(job, item->sequence, key + j, kv_head);
    const int64_t together = job->block_table == NULL ? count : p->block_size - (key + j) % p->block_size;
    for (int64_t i = 0; i < together && j < count; i++, j++) {
      k[j] = gt_address(k_row, p->qkv_dtype, i * p->k_stride);
      v[j] = gt_address(v_row, p->qkv_dtype, i * p->v_stride);
    }
  }
}

/* Keys of a tile: of bf16 as many as of fp32, and as many as if an item spanned all the kv heads it may, whatever batch
 * and threads let it span: for the same bits. */
static inline int64_t att_direct_keys(const gt_attention_job *job, const gt_attention_item *item) {
  const gt_attention_params *p = job->params;
  const int64_t rows_per_kv_head = gt_attention_q_length(job, item->sequence) * (p->num_heads / p->num_kv_heads);
  const int64_t kv_heads = gt_min(p->num_kv_heads, ATT_WIDE_ROWS / rows_per_kv_head);
  int64_t bytes = kv_heads * (p->head_dim + p->v_head_dim) * (int64_t)sizeof(float);
  int64_t keys = ATT_DIRECT_BYTES / bytes / GT_VL * GT_VL;
  return keys < GT_VL ? GT_VL : keys > ATT_DIRECT_KEYS ? ATT_DIRECT_KEYS : keys;
}

/* Asks for part `part` of `parts` of `count` rows of `width` elements. */
static inline void att_fetch_share(const void *const *rows, int32_t dtype, int64_t count, int64_t width, int64_t part,
                                   int64_t parts) {
  for (int64_t i = count * part / parts; i < count * (part + 1) / parts; i++) {
    att_prefetch(rows[i], dtype, width);
  }
}

/* s[key] = q . k[key] for GT_VL keys at a time; behind the last key the last row is read again. */
GT_INLINE void att_dot_keys_of(const int32_t dtype, int64_t keys, int64_t offset, int64_t head_dim,
                               const void *const *k, const float *q, float *scores) {
  for (int64_t key = 0; key < keys; key += GT_VL) {
    const void *row[GT_VL];
    for (int64_t i = 0; i < GT_VL; i++) {
      row[i] = gt_address(k[key + i < keys ? key + i : keys - 1], dtype, offset);
    }
    vf sum[GT_VL];
    GT_UNROLL
    for (int i = 0; i < GT_VL; i++) {
      sum[i] = vf_zero();
    }
    int64_t d = 0;
    for (; d + GT_VL <= head_dim; d += GT_VL) {
      vf x = vf_load(q + d);
      GT_UNROLL
      for (int i = 0; i < GT_VL; i++) {
        sum[i] = vf_fma(x, att_load(row[i], dtype, d), sum[i]);
      }
    }
    if (d < head_dim) {
      vf x = vf_load(q + d);
      GT_UNROLL
      for (int i = 0; i < GT_VL; i++) {
        sum[i] = vf_fma(x, att_load_n(row[i], dtype, d, head_dim - d), sum[i]);
      }
    }
    vf_transpose(sum);
    GT_UNROLL
    for (int step = GT_VL / 2; step > 0; step /= 2) {
      GT_UNROLL
      for (int i = 0; i < step; i++) {
        sum[i] = sum[i] + sum[i + step];
      }
    }
    vf_store(scores + key, sum[0]); /* scores has room for whole vectors */
  }
}

static void att_dot_keys(int32_t dtype, int64_t keys, int64_t offset, int64_t head_dim, const void *const *k,
                         const float *q, float *scores) {
  if (dtype == GT_BF16) {
    att_dot_keys_of(GT_BF16, keys, offset, head_dim, k, q, scores);
  } else {
    att_dot_keys_of(GT_F32, keys, offset, head_dim, k, q, scores);
  }
}

/* o[..vectors] = o * rescale + sum_key weight[key] v[key]; the last vector has `last` lanes in memory. */
GT_INLINE void att_sum_values(const int32_t dtype, int vectors, int64_t keys, const void *const *v, int64_t offset,
                              int64_t last, const float *weight, float *o, vf rescale) {
  vf sum[ATT_VALUE_VECTORS];
  vf other[ATT_VALUE_VECTORS]; /* odd keys: two chains hide the latency of a few accumulators */
  GT_UNROLL
  for (int i = 0; i < vectors; i++) {
    sum[i] = vf_zero();
    other[i] = vf_zero();
  }
  for (int64_t key = 0; key < keys; key++) {
    vf one = vf_set1(weight[key]);
    const void *row = gt_address(v[key], dtype, offset);
    if ((key & 1) == 0) {
      GT_UNROLL
      for (int i = 0; i < vectors; i++) {
        vf x = i < vectors - 1 ? att_load(row, dtype, i * GT_VL) : att_load_n(row, dtype, i * GT_VL, last);
        sum[i] = vf_fma(one, x, sum[i]);
      }
    } else {
      GT_UNROLL
      for (int i = 0; i < vectors; i++) {
        vf x = i < vectors - 1 ? att_load(row, dtype, i * GT_VL) : att_load_n(row, dtype, i * GT_VL, last);
        other[i] = vf_fma(one, x, other[i]);
      }
    }
  }
  GT_UNROLL
  for (int i = 0; i < vectors; i++) {
    vf_store(o + i * GT_VL, vf_fma(vf_load(o + i * GT_VL), rescale, sum[i] + other[i]));
  }
}

GT_INLINE void att_sum_all_values_of(const int32_t dtype, int64_t keys, int64_t offset, int64_t v_head_dim,
                                     const void *const *v, const float *weight, float *o, float rescale) {
  vf factor = vf_set1(rescale);
  for (int64_t d = 0; d < v_head_dim; d += ATT_VALUE_VECTORS * GT_VL) {
    int64_t dims = v_head_dim - d;
    int64_t vectors = (dims + GT_VL - 1) / GT_VL;
    if (vectors >= ATT_VALUE_VECTORS) {
      int64_t last = dims - (ATT_VALUE_VECTORS - 1) * GT_VL;
      att_sum_values(dtype, 4, keys, v, offset + d, last < GT_VL ? last : GT_VL, weight, o + d, factor);
    } else if (vectors == 3) {
      att_sum_values(dtype, 3, keys, v, offset + d, dims - 2 * GT_VL, weight, o + d, factor);
    } else if (vectors == 2) {
      att_sum_values(dtype, 2, keys, v, offset + d, dims - GT_VL, weight, o + d, factor);
    } else {
      att_sum_values(dtype, 1, keys, v, offset + d, dims, weight, o + d, factor);
    }
  }
}

static void att_sum_all_values(int32_t dtype, int64_t keys, int64_t offset, int64_t v_head_dim, const void *const *v,
                               const float *weight, float *o, float rescale) {
  if (dtype == GT_BF16) {
    att_sum_all_values_of(GT_BF16, keys, offset, v_head_dim, v, weight, o, rescale);
  } else {
    att_sum_all_values_of(GT_F32, keys, offset, v_head_dim, v, weight, o, rescale);
  }
}

/* As att_add_bias, for one query and keys [key, key + keys). */
static void att_add_bias_row(const gt_attention_job *job, const float *bias, int64_t position, int64_t key,
                             int64_t keys, float *scores) {
  for (int64_t j = 0; j < keys; j++) {
    scores[j] += bias[gt_attention_clamp_distance(job, key + j - position)] * ATT_LOG2E;
  }
}

/* scores = exp2(scores - greatest) with an anchor as in attention_panels.h; returns what the sums must be multiplied
 * with first. */
static float att_softmax_row(int64_t keys, float *scores, float *greatest, float *sum) {
  for (int64_t j = keys; j % GT_VL != 0; j++) {
    scores[j] = -INFINITY;
  }
  vf top = vf_load(scores);
  for (int64_t j = GT_VL; j < keys; j += GT_VL) {
    top = vf_max(top, vf_load(scores + j));
  }
  float highest = vf_largest(top);
  float rescale = 1;
  if (highest > *greatest + ATT_SLACK) {
    float factor[GT_VL];
    vf_store(factor, vf_exp2_nonpositive(vf_set1(*greatest - highest)));
    rescale = factor[0];
    *greatest = highest;
  }
  vf anchor = vf_set1(*greatest);
  vf total = vf_zero();
  for (int64_t j = 0; j < keys; j += GT_VL) {
    vf weight = vf_exp2_nonpositive(vf_load(scores + j) - anchor);
    vf_store(scores + j, weight);
    total = total + weight;
  }
  *sum = *sum * rescale + vf_sum(total);
  return rescale;
}

static void att_run_rows(const gt_attention_job *job, const gt_attention_item *item, void *scratch) {
  const gt_attention_params *p = job->params;
  att_rows s = att_rows_of(p, scratch);
  const int64_t rows = (int64_t)item->tokens * item->heads;
  const int64_t group = p->num_heads / p->num_kv_heads;
  const int64_t kv_heads = gt_attention_kv_heads(p, item);
  float greatest[ATT_WIDE_ROWS];
  float sum[ATT_WIDE_ROWS];
  int64_t visible[ATT_WIDE_ROWS] = {0};
  int64_t first[ATT_WIDE_ROWS];
  att_cursor q_cursor = att_first_row(job, item, p->q_stride, p->head_dim);
  for (int64_t row = 0; row < rows; row++) {
    const void *from = gt_address(job->q, p->qkv_dtype, att_next_row(&q_cursor));
    for (int64_t d = 0; d < s.dims; d += GT_VL) {
      const int64_t lanes = p->head_dim - d < GT_VL ? p->head_dim - d : GT_VL;
      vf_store(s.q + row * s.dims + d, att_load_n(from, p->qkv_dtype, d, lanes) * vf_set1(p->scale * ATT_LOG2E));
    }
    memset(s.o + row * s.v_dims, 0, (size_t)s.v_dims * sizeof(float));
    greatest[row] = -FLT_MAX;
    sum[row] = 0;
    visible[row] = gt_attention_visible(job, item->sequence, item->token + row / item->heads);
    first[row] = gt_attention_first_visible(job, item->sequence, item->token + row / item->heads);
  }
  const int64_t end = visible[rows - 1] < item->end_key ? visible[rows - 1] : item->end_key;
  const int64_t tile = att_direct_keys(job, item);
  int64_t keys = end - item->first_key < tile ? end - item->first_key : tile;
  if (keys > 0) {
    att_find_rows(job, item, item->first_key, keys, s.k, s.v);
  }
  for (int64_t key = item->first_key; key < end; key += tile) {
    const int64_t behind = end - key - keys;
    const int64_t next_keys = behind < tile ? behind : tile;
    att_find_rows(job, item, key + keys, next_keys, s.next_k, s.next_v);
    for (int64_t row = 0; row < rows; row++) {
      att_fetch_share(s.next_k, p->qkv_dtype, next_keys, kv_heads * p->head_dim, row, rows);
      att_fetch_share(s.next_v, p->qkv_dtype, next_keys, kv_heads * p->v_head_dim, row, rows);
      const int64_t before = first[row] > key ? first[row] - key : 0;
      const int64_t here = (visible[row] - key < keys ? visible[row] - key : keys) - before;
      if (here <= 0) {
        continue;
      }
      const int64_t head = item->head + row % item->heads;
      const int64_t kv_head = head / group - item->head / group; /* counted from the item's first */
      att_dot_keys(p->qkv_dtype, here, kv_head * p->head_dim, p->head_dim, s.k + before, s.q + row * s.dims, s.scores);
      if (job->distance_bias != NULL) {
        int64_t position = gt_attention_position(job, item->sequence, item->token + row / item->heads);
        att_add_bias_row(job, gt_attention_bias_row(job, (int32_t)head), position, key + before, here, s.scores);
      }
      float rescale = att_softmax_row(here, s.scores, &greatest[row], &sum[row]);
      att_sum_all_values(p->qkv_dtype, here, kv_head * p->v_head_dim, p->v_head_dim, s.v + before, s.scores,
                         s.o + row * s.v_dims, rescale);
    }
    const void **k = s.k, **v = s.v;
    s.k = s.next_k;
    s.v = s.next_v;
    s.next_k = k;
    s.next_v = v;
    keys = next_keys;
  }
  att_cursor out_cursor = att_first_row(job, item, p->out_stride, p->v_head_dim);
  for (int64_t row = 0; row < rows; row++) {
    const float *o = s.o + row * s.v_dims;
    if (item->partial != NULL) {
      float *to = item->partial + row * (p->v_head_dim + 2);
      to[0] = greatest[row];
      to[1] = sum[row];
      memcpy(to + 2, o, (size_t)p->v_head_dim * sizeof(float));
    } else {
      const int64_t to = att_next_row(&out_cursor);
      const vf divisor = vf_set1(sum[row]);
      const vm none = vm_eq(divisor, vf_zero());
      for (int64_t d = 0; d < p->v_head_dim; d += GT_VL) {
        const int64_t lanes = p->v_head_dim - d < GT_VL ? p->v_head_dim - d : GT_VL;
        att_store_n(job->out, p->out_dtype, to + d, vf_select(none, vf_zero(), vf_load(o + d) / divisor), lanes);
      }
    }
  }
}

#endif
