#include <inttypes.h>

#include "core/device.h"

gt_status gt_pool_sequences(gt_context *context, const float *x, const int32_t *cu_seqlens, const int32_t *masked,
                            float *y, const gt_pool_params *params, char *message, size_t message_size) {
  GT_REQUIRE_NOT_NULL("pool_sequences", context);
  GT_REQUIRE_PARAMS("pool_sequences", params, gt_pool_params);
  const int32_t batch = params->batch;
  GT_REQUIRE(batch >= 0, "pool_sequences: batch is %d.", batch);
  GT_REQUIRE(params->pooling >= GT_POOL_CLS && params->pooling <= GT_POOL_WEIGHTED_MEAN,
             "pool_sequences: pooling %d is unknown.", params->pooling);
  GT_REQUIRE(params->features >= 1, "pool_sequences: features is %" PRId64 ".", params->features);
  GT_REQUIRE_STRIDES("pool_sequences", params->features, params->x_stride, params->y_stride);
  if (batch == 0) {
    return GT_OK;
  }
  GT_REQUIRE_NOT_NULL("pool_sequences", cu_seqlens);
  GT_REQUIRE(cu_seqlens[0] == 0, "pool_sequences: cu_seqlens[0] is %d; it must be 0.", cu_seqlens[0]);
  for (int32_t b = 0; b < batch; b++) {
    GT_REQUIRE(cu_seqlens[b + 1] >= cu_seqlens[b], "pool_sequences: cu_seqlens falls from %d to %d at sequence %d.",
               cu_seqlens[b], cu_seqlens[b + 1], b);
    GT_REQUIRE(masked == NULL || masked[b] >= 0, "pool_sequences: masked is %d at sequence %d.", masked[b], b);
  }
  GT_REQUIRE(cu_seqlens[batch] == 0 || x != NULL, "pool_sequences: x is NULL.");
  GT_REQUIRE_NOT_NULL("pool_sequences", y);
  return gt_run_pool_sequences(context, x, cu_seqlens, masked, y, params, message, message_size);
}
