#include <stdlib.h>

#include "core/arithmetic.h"
#include "core/pooling.h"
#include "cuda/cuda_call.h"

static gt_pool_span span_of(int32_t pooling, int64_t begin, int64_t length, int64_t from) {
  const bool weighted = pooling == GT_POOL_WEIGHTED_MEAN;
  switch (pooling) {
    case GT_POOL_CLS:
      return (gt_pool_span){begin + (from < length ? from : 0), length > 0, 0, 0};
    case GT_POOL_LAST:
      return (gt_pool_span){begin + length - 1, from < length, 0, 0};
    case GT_POOL_MAX:
      return (gt_pool_span){begin + from, length - from, 0, 0};
    default:
      return (gt_pool_span){begin + from, length - from, weighted ? (double)(from + 1) : 1,
                            gt_pool_divisor(pooling, from, length)};
  }
}

gt_status gt_run_pool_sequences(gt_context *context, const float *x, const int32_t *cu_seqlens, const int32_t *masked,
                                float *y, const gt_pool_params *params, char *message, size_t message_size) {
  gt_cuda_call call = gt_cuda_begin(context, "pool_sequences", message, message_size);
  const size_t batch = (size_t)params->batch;
  gt_pool_span *spans = calloc(batch, sizeof *spans);
  if (spans == NULL) {
    gt_cuda_fail(&call, GT_OUT_OF_MEMORY, "no memory for the spans of %zu sequences", batch);
    return gt_cuda_end(&call);
  }
  for (size_t b = 0; b < batch; b++) {
    const int64_t length = cu_seqlens[b + 1] - cu_seqlens[b];
    spans[b] = span_of(params->pooling, cu_seqlens[b], length, masked == NULL ? 0 : gt_min(masked[b], length));
  }
  const gt_pool_args args = {
      .x = x,
      .spans = gt_cuda_stage(&call, spans, batch * sizeof *spans),
      .y = y,
      .features = params->features,
      .pieces = (uint32_t)gt_ceil_div(params->features, GT_POOL_THREADS),
      .x_stride = params->x_stride,
      .y_stride = params->y_stride,
      .pooling = params->pooling,
  };
  free(spans);
  gt_cuda_launch(&call, GT_CUDA_pool_sequences, (gt_cuda_grid){params->batch * (int64_t)args.pieces, 1, 1}, 0, &args);
  return gt_cuda_end(&call);
}
