/*
 * Disentangled attention, scalar and in double: the oracle of every other tier. Scores are computed twice, first for
 * their maximum, then for the sums, so memory doesn't grow with the length.
 */
#include <math.h>

#include "cpu/disentangled.h"
#include "cpu/reference/reference.h"

enum { MAX_HEAD_DIM = 512 };

static double dot(const float *a, const float *b, int32_t count) {
  double sum = 0;
  for (int32_t d = 0; d < count; d++) {
    sum += (double)a[d] * b[d];
  }
  return sum;
}

static double score(const gt_disentangled_job *job, const gt_attention_item *item, const float *q, int64_t token,
                    int64_t key) {
  const gt_disentangled_params *p = job->params;
  const int64_t at = (int64_t)item->head * p->head_dim;
  const int64_t row = gt_disentangled_row(job, token - key);
  const float *k = gt_attention_k_row(&job->content, item->sequence, key, item->head);
  double sum = dot(q, k, p->head_dim);
  if (job->position_k != NULL) {
    sum += dot(q, job->position_k + row * p->position_k_stride + at, p->head_dim);
  }
  if (job->position_q != NULL) {
    sum += dot(k, job->position_q + row * p->position_q_stride + at, p->head_dim);
  }
  return sum * p->scale;
}

static void attend(const gt_disentangled_job *job, const gt_attention_item *item, int64_t token) {
  const gt_disentangled_params *p = job->params;
  const int64_t at = (int64_t)item->head * p->head_dim;
  const int64_t packed = job->content.cu_seqlens_q[item->sequence] + token;
  const float *q = (const float *)job->content.q + packed * p->q_stride + at;
  float *out = (float *)job->content.out + packed * p->out_stride + at;

  double greatest = -INFINITY;
  for (int64_t key = 0; key < item->end_key; key++) {
    greatest = fmax(greatest, score(job, item, q, token, key));
  }
  /* Only -infinity in sight: each weight is exp(-infinity) = 0. */
  if (greatest == -INFINITY) {
    greatest = 0;
  }
  double sum = 0;
  double sums[MAX_HEAD_DIM] = {0};
  for (int64_t key = 0; key < item->end_key; key++) {
    double weight = exp(score(job, item, q, token, key) - greatest);
    const float *v = gt_attention_v_row(&job->content, item->sequence, key, item->head);
    sum += weight;
    for (int32_t d = 0; d < p->head_dim; d++) {
      sums[d] += weight * v[d];
    }
  }
  for (int32_t d = 0; d < p->head_dim; d++) {
    out[d] = sum == 0 ? 0 : (float)(sums[d] / sum);
  }
}

static size_t scratch_bytes(const gt_disentangled_params *params) {
  (void)params;
  return 0;
}

static void run(const gt_disentangled_job *job, const gt_attention_item *item, void *scratch) {
  (void)scratch;
  for (int32_t token = item->token; token < item->token + item->tokens; token++) {
    attend(job, item, token);
  }
}

const gt_disentangled_kernel gt_reference_disentangled = {
    .max_tokens = 64,
    .scratch_bytes = scratch_bytes,
    .run = run,
};
