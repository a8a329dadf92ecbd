/* Attention of one tier: which of the two algorithms takes an item. */
#ifndef GT_ATTENTION_H
#define GT_ATTENTION_H

#include "cpu/simd/attention_panels.h"
#include "cpu/simd/attention_rows.h"

enum { ATT_FETCH_ROWS = 16 };

static size_t att_scratch_bytes(const gt_attention_params *params) {
  size_t panels = att_panels_bytes(params);
  size_t rows = att_rows_bytes(params);
  return panels > rows ? panels : rows;
}

/* A short item is over before its rows have come from memory, so they are asked for while the one before runs. */
static void att_fetch_item(const gt_attention_job *job, const gt_attention_item *item) {
  const gt_attention_params *p = job->params;
  const int64_t kv_head = item->head / (p->num_heads / p->num_kv_heads);
  const int64_t kv_heads = gt_attention_kv_heads(p, item);
  const int64_t keys = item->end_key - item->first_key;
  for (int64_t j = item->first_key; j < item->first_key + (keys < ATT_FETCH_ROWS ? keys : ATT_FETCH_ROWS); j++) {
    att_prefetch(gt_attention_k_row(job, item->sequence, j, kv_head), p->qkv_dtype, kv_heads * p->head_dim);
    att_prefetch(gt_attention_v_row(job, item->sequence, j, kv_head), p->qkv_dtype, kv_heads * p->v_head_dim);
  }
  const int64_t tokens = item->tokens < ATT_FETCH_ROWS ? item->tokens : ATT_FETCH_ROWS;
  const int64_t q = (job->cu_seqlens_q[item->sequence] + item->token) * p->q_stride + item->head * p->head_dim;
  for (int64_t i = 0; i < tokens; i++) {
    att_prefetch(gt_address(job->q, p->qkv_dtype, q + i * p->q_stride), p->qkv_dtype, item->heads * p->head_dim);
  }
}

static void att_run(const gt_attention_job *job, const gt_attention_item *item, const gt_attention_item *next,
                    void *scratch) {
  if (next != NULL) {
    att_fetch_item(job, next);
  }
  /* By the sequence, not by what of it is in this item: a text gives the same bits beside any others. */
  const int64_t group = job->params->num_heads / job->params->num_kv_heads;
  if (gt_attention_q_length(job, item->sequence) * group <= ATT_DIRECT_ROWS) {
    att_run_rows(job, item, scratch);
  } else {
    att_run_panels(job, item, scratch);
  }
}

#define GT_ATTENTION_KERNEL                                                                               \
  {                                                                                                       \
    .max_rows = att_max_rows, .row_step = ATT_PANEL, .takes_parts = true, .max_wide_rows = ATT_WIDE_ROWS, \
    .max_wide_rows_per_kv_head = ATT_DIRECT_ROWS, .scratch_bytes = att_scratch_bytes, .run = att_run      \
  }

#endif
