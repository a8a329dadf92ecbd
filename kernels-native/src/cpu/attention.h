/* What an attention kernel is given: the operands of gt_attention and the share of them one call works on. */
#ifndef GT_CPU_ATTENTION_H
#define GT_CPU_ATTENTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cpu/reference/convert.h"
#include "gatun.h"

typedef struct gt_attention_job {
  const void *q; /* and k and v of params->qkv_dtype */
  const void *k;
  const void *v;
  const int32_t *cu_seqlens_q;
  const int32_t *cu_seqlens_kv;
  const int32_t *block_table; /* NULL: k and v are packed by cu_seqlens_kv */
  const float *distance_bias; /* NULL: none */
  void *out;                  /* of params->out_dtype */
  const gt_attention_params *params;
} gt_attention_job;

/* Some tokens of one sequence times some query heads of one kv head, which share the keys and values they read; or, of
 * few tokens, the query heads of several kv heads, whose keys lie side by side. */
typedef struct gt_attention_item {
  int32_t sequence;
  int32_t head; /* first query head */
  int32_t heads;
  int32_t token; /* first query token, counted within the sequence */
  int32_t tokens;
  /* Keys [first_key, end_key) of the sequence: all that its tokens see and perhaps more, or with `partial` some. */
  int32_t first_key;
  int32_t end_key;
  /* NULL: the result goes to `out`. Otherwise the softmax over these keys alone, to be merged with the others', goes
   * here. Per row (token * heads + head) v_head_dim + 2 floats: an anchor m near the greatest score, the sum of
   * exp2(score - m), and the sums of exp2(score - m) v. Scores are in units of ln 2. */
  float *partial;
} gt_attention_item;

typedef struct gt_attention_kernel {
  int32_t row_step;                                       /* a multiple of this many rows is cheapest */
  bool takes_parts;                                       /* may items have a `partial`? */
  int32_t (*max_rows)(const gt_attention_params *params); /* heads * tokens one call of `run` takes at most */
  /* heads * tokens of an item that spans several kv heads, and per kv head: at most these; 0, 0 for none. */
  int32_t max_wide_rows;
  int32_t max_wide_rows_per_kv_head;
  size_t (*scratch_bytes)(const gt_attention_params *params);
  /* `next`, or NULL, is what the thread will be given after `item`: its first rows may be fetched meanwhile. */
  void (*run)(const gt_attention_job *job, const gt_attention_item *item, const gt_attention_item *next, void *scratch);
} gt_attention_kernel;

/* Where row `token` (counted within the sequence) of k or v begins, in elements. */
static inline int64_t gt_attention_kv_row(const gt_attention_job *job, int64_t stride, int64_t block_stride,
                                          int32_t sequence, int64_t token) {
  const gt_attention_params *p = job->params;
  if (job->block_table == NULL) {
    return (job->cu_seqlens_kv[sequence] + token) * stride;
  }
  int64_t block = job->block_table[(int64_t)sequence * p->blocks_per_sequence + token / p->block_size];
  return block * block_stride + token % p->block_size * stride;
}

/* Row `token` of one head of k. */
static inline const void *gt_attention_k_row(const gt_attention_job *job, int32_t sequence, int64_t token,
                                             int64_t kv_head) {
  const gt_attention_params *p = job->params;
  const int64_t row = gt_attention_kv_row(job, p->k_stride, p->k_block_stride, sequence, token);
  return gt_address(job->k, p->qkv_dtype, row + kv_head * p->head_dim);
}

static inline const void *gt_attention_v_row(const gt_attention_job *job, int32_t sequence, int64_t token,
                                             int64_t kv_head) {
  const gt_attention_params *p = job->params;
  const int64_t row = gt_attention_kv_row(job, p->v_stride, p->v_block_stride, sequence, token);
  return gt_address(job->v, p->qkv_dtype, row + kv_head * p->v_head_dim);
}

/* How many kv heads the item's query heads span. */
static inline int64_t gt_attention_kv_heads(const gt_attention_params *p, const gt_attention_item *item) {
  const int32_t group = p->num_heads / p->num_kv_heads;
  return (item->head + item->heads - 1) / group - item->head / group + 1;
}

static inline int32_t gt_attention_q_length(const gt_attention_job *job, int32_t sequence) {
  return job->cu_seqlens_q[sequence + 1] - job->cu_seqlens_q[sequence];
}

static inline int32_t gt_attention_kv_length(const gt_attention_job *job, int32_t sequence) {
  return job->cu_seqlens_kv[sequence + 1] - job->cu_seqlens_kv[sequence];
}

/* Position of query `token` on the scale of the keys: the last query stands at the last key. */
static inline int64_t gt_attention_position(const gt_attention_job *job, int32_t sequence, int64_t token) {
  return token + gt_attention_kv_length(job, sequence) - gt_attention_q_length(job, sequence);
}

/* Query `token` sees keys [gt_attention_first_visible, this), neither of which falls from one token to the next. */
static inline int64_t gt_attention_visible(const gt_attention_job *job, int32_t sequence, int64_t token) {
  const gt_attention_params *p = job->params;
  int64_t length = gt_attention_kv_length(job, sequence);
  if (!p->causal && p->sliding_window == 0) {
    return length;
  }
  int64_t end = gt_attention_position(job, sequence, token) + 1 + (p->causal ? 0 : p->sliding_window);
  return end < 0 ? 0 : end < length ? end : length;
}

static inline int64_t gt_attention_first_visible(const gt_attention_job *job, int32_t sequence, int64_t token) {
  const gt_attention_params *p = job->params;
  if (p->sliding_window == 0) {
    return 0;
  }
  int64_t first = gt_attention_position(job, sequence, token) - p->sliding_window + (p->causal ? 1 : 0);
  return first < 0 ? 0 : first;
}

/* distance_bias of one head, indexed by distances -D .. D. */
static inline const float *gt_attention_bias_row(const gt_attention_job *job, int32_t head) {
  int64_t reach = job->params->bias_distance;
  return job->distance_bias + head * (2 * reach + 1) + reach;
}

static inline int64_t gt_attention_clamp_distance(const gt_attention_job *job, int64_t distance) {
  int64_t reach = job->params->bias_distance;
  return distance < -reach ? -reach : distance > reach ? reach : distance;
}

#endif
