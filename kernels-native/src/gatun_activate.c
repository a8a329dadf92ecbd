#include <inttypes.h>

#include "core/device.h"

gt_status gt_activate(gt_context *context, const float *x, float *y, int64_t rows, int64_t features, int64_t x_stride,
                      int64_t y_stride, int32_t activation, char *message, size_t message_size) {
  GT_REQUIRE_NOT_NULL("activate", context);
  GT_REQUIRE(rows >= 0 && features >= 0, "activate: x is [%" PRId64 ", %" PRId64 "].", rows, features);
  GT_REQUIRE_STRIDES("activate", features, x_stride, y_stride);
  GT_REQUIRE(activation >= GT_ACT_IDENTITY && activation <= GT_ACT_LEAKY_RELU, "activate: activation %d is unknown.",
             activation);
  if (rows == 0 || features == 0) {
    return GT_OK;
  }
  GT_REQUIRE_NOT_NULL("activate", x);
  GT_REQUIRE_NOT_NULL("activate", y);
  return gt_run_activate(context, x, y, rows, features, x_stride, y_stride, activation, message, message_size);
}
