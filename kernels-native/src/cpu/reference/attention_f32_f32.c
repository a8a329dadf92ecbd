/*
 * Attention, scalar and in double: the oracle of every other tier. Scores are computed twice, first for their
 * maximum, then for the sums, so memory doesn't grow with the length.
 */
#include <math.h>

#include "cpu/attention.h"
#include "cpu/reference/reference.h"

enum { MAX_HEAD_DIM = 512 };

static double score(const gt_attention_job *job, const gt_attention_item *item, const void *q, int32_t head,
                    int64_t position, int64_t key) {
  const gt_attention_params *p = job->params;
  int32_t kv_head = head / (p->num_heads / p->num_kv_heads);
  const void *k = gt_attention_k_row(job, item->sequence, key, kv_head);
  double sum = 0;
  for (int32_t d = 0; d < p->head_dim; d++) {
    sum += (double)gt_element(q, p->qkv_dtype, d) * gt_element(k, p->qkv_dtype, d);
  }
  sum *= p->scale;
  if (job->distance_bias != NULL) {
    sum += gt_attention_bias_row(job, head)[gt_attention_clamp_distance(job, key - position)];
  }
  return sum;
}

static void attend(const gt_attention_job *job, const gt_attention_item *item, int32_t head, int64_t token) {
  const gt_attention_params *p = job->params;
  int32_t kv_head = head / (p->num_heads / p->num_kv_heads);
  int64_t packed = job->cu_seqlens_q[item->sequence] + token;
  const void *q = gt_address(job->q, p->qkv_dtype, packed * p->q_stride + (int64_t)head * p->head_dim);
  int64_t out = packed * p->out_stride + (int64_t)head * p->v_head_dim;
  int64_t position = gt_attention_position(job, item->sequence, token);
  int64_t first = gt_attention_first_visible(job, item->sequence, token);
  int64_t visible = gt_attention_visible(job, item->sequence, token);

  double greatest = -INFINITY;
  for (int64_t key = first; key < visible; key++) {
    greatest = fmax(greatest, score(job, item, q, head, position, key));
  }
  /* Only -infinity in sight: each weight is exp(-infinity) = 0, as for a query that sees no key. */
  if (greatest == -INFINITY) {
    greatest = 0;
  }
  double sum = 0;
  double sums[MAX_HEAD_DIM] = {0};
  for (int64_t key = first; key < visible; key++) {
    double weight = exp(score(job, item, q, head, position, key) - greatest);
    const void *v = gt_attention_v_row(job, item->sequence, key, kv_head);
    sum += weight;
    for (int32_t d = 0; d < p->v_head_dim; d++) {
      sums[d] += weight * gt_element(v, p->qkv_dtype, d);
    }
  }
  for (int32_t d = 0; d < p->v_head_dim; d++) {
    gt_put_element(job->out, p->out_dtype, out + d, sum == 0 ? 0 : (float)(sums[d] / sum));
  }
}

static int32_t max_rows(const gt_attention_params *params) {
  (void)params;
  return 64;
}

static size_t scratch_bytes(const gt_attention_params *params) {
  (void)params;
  return 0;
}

static void run(const gt_attention_job *job, const gt_attention_item *item, const gt_attention_item *next,
                void *scratch) {
  (void)next, (void)scratch;
  for (int32_t token = item->token; token < item->token + item->tokens; token++) {
    for (int32_t head = item->head; head < item->head + item->heads; head++) {
      attend(job, item, head, token);
    }
  }
}

const gt_attention_kernel gt_reference_attention = {
    .row_step = 1,
    .takes_parts = false,
    .max_rows = max_rows,
    .scratch_bytes = scratch_bytes,
    .run = run,
};
