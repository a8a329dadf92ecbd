#include <math.h>
#include <string.h>

#include "core/pooling.h"
#include "cpu/context.h"

/* Features whose sums a task keeps: a token's share is a few lines of the cache. Bound by memory: no kernel table row.
 */
enum { PIECE = 64 };

typedef struct pool_job {
  const float *x;
  const int32_t *cu_seqlens;
  const int32_t *masked;
  float *y;
  const gt_pool_params *params;
  int64_t pieces; /* of a row */
} pool_job;

static void pick(const float *row, int64_t features, float *y) {
  if (row == NULL) {
    memset(y, 0, (size_t)features * sizeof *y);
  } else {
    memcpy(y, row, (size_t)features * sizeof *y);
  }
}

/* Of rows [from, length). */
static void greatest(const float *x, int64_t stride, int64_t from, int64_t length, int64_t features, float *y) {
  for (int64_t i = 0; i < features; i++) {
    y[i] = -INFINITY;
  }
  for (int64_t t = from; t < length; t++) {
    const float *row = x + t * stride;
    for (int64_t i = 0; i < features; i++) {
      y[i] = row[i] > y[i] || isnan(row[i]) ? row[i] : y[i];
    }
  }
}

static void weighted(const float *x, int64_t stride, int64_t from, int64_t length, int64_t features, bool by_position,
                     double divisor, float *y) {
  double sums[PIECE] = {0};
  for (int64_t t = from; t < length; t++) {
    const float *row = x + t * stride;
    const double weight = by_position ? (double)(t + 1) : 1;
    for (int64_t i = 0; i < features; i++) {
      sums[i] += weight * (double)row[i];
    }
  }
  for (int64_t i = 0; i < features; i++) {
    y[i] = (float)(sums[i] / divisor);
  }
}

static void pool_task(void *argument, int64_t task, gt_worker *worker) {
  (void)worker;
  const pool_job *job = argument;
  const gt_pool_params *p = job->params;
  const int64_t b = task / job->pieces, first = task % job->pieces * PIECE;
  const int64_t features = gt_min(PIECE, p->features - first), stride = p->x_stride;
  const int64_t length = job->cu_seqlens[b + 1] - job->cu_seqlens[b];
  const int64_t from = job->masked == NULL ? 0 : gt_min(job->masked[b], length), count = length - from;
  const float *x = length == 0 ? NULL : job->x + job->cu_seqlens[b] * stride + first;
  float *y = job->y + b * p->y_stride + first;
  switch (p->pooling) {
    case GT_POOL_CLS:
      pick(length == 0 ? NULL : x + (count > 0 ? from : 0) * stride, features, y);
      break;
    case GT_POOL_LAST:
      pick(count == 0 ? NULL : x + (length - 1) * stride, features, y);
      break;
    case GT_POOL_MAX:
      greatest(x, stride, from, length, features, y);
      break;
    default:
      weighted(x, stride, from, length, features, p->pooling == GT_POOL_WEIGHTED_MEAN,
               gt_pool_divisor(p->pooling, from, length), y);
  }
}

gt_status gt_run_pool_sequences(gt_context *context, const float *x, const int32_t *cu_seqlens, const int32_t *masked,
                                float *y, const gt_pool_params *params, char *message, size_t message_size) {
  pool_job job = {x, cu_seqlens, masked, y, params, gt_ceil_div(params->features, PIECE)};
  if (!gt_pool_run(context->pool, pool_task, &job, params->batch * job.pieces, 0)) {
    return GT_FAIL_SCRATCH("pool_sequences", 0);
  }
  return GT_OK;
}
