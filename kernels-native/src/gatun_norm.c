#include <inttypes.h>

#include "core/device.h"

gt_status gt_layer_norm(gt_context *context, const float *x, const float *weight, const float *bias, float *y,
                        int64_t rows, int64_t features, int64_t x_stride, int64_t y_stride, float eps, char *message,
                        size_t message_size) {
  GT_REQUIRE_NOT_NULL("layer_norm", context);
  GT_REQUIRE(rows >= 0 && features >= 1, "layer_norm: x is [%" PRId64 ", %" PRId64 "].", rows, features);
  GT_REQUIRE_STRIDES("layer_norm", features, x_stride, y_stride);
  GT_REQUIRE_NOT_NULL("layer_norm", weight);
  if (rows == 0) {
    return GT_OK;
  }
  GT_REQUIRE_NOT_NULL("layer_norm", x);
  GT_REQUIRE_NOT_NULL("layer_norm", y);
  return gt_run_layer_norm(context, x, weight, bias, y, rows, features, x_stride, y_stride, eps, message, message_size);
}

gt_status gt_rms_norm(gt_context *context, const float *x, const float *weight, float *y, int64_t rows,
                      int64_t features, int64_t x_stride, int64_t y_stride, float eps, char *message,
                      size_t message_size) {
  GT_REQUIRE_NOT_NULL("rms_norm", context);
  GT_REQUIRE(rows >= 0 && features >= 1, "rms_norm: x is [%" PRId64 ", %" PRId64 "].", rows, features);
  GT_REQUIRE_STRIDES("rms_norm", features, x_stride, y_stride);
  GT_REQUIRE_NOT_NULL("rms_norm", weight);
  if (rows == 0) {
    return GT_OK;
  }
  GT_REQUIRE_NOT_NULL("rms_norm", x);
  GT_REQUIRE_NOT_NULL("rms_norm", y);
  return gt_run_rms_norm(context, x, weight, y, rows, features, x_stride, y_stride, eps, message, message_size);
}
