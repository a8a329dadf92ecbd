#include <inttypes.h>

#include "core/device.h"

gt_status gt_argmax(gt_context *context, const float *x, int64_t rows, int64_t columns, int64_t x_stride,
                    int32_t *indices, char *message, size_t message_size) {
  GT_REQUIRE_NOT_NULL("argmax", context);
  GT_REQUIRE(rows >= 0 && columns >= 1 && columns <= INT32_MAX, "argmax: x is [%" PRId64 ", %" PRId64 "].", rows,
             columns);
  GT_REQUIRE(x_stride >= columns, "argmax: x_stride is %" PRId64 " for x [%" PRId64 ", %" PRId64 "].", x_stride, rows,
             columns);
  if (rows == 0) {
    return GT_OK;
  }
  GT_REQUIRE_NOT_NULL("argmax", x);
  GT_REQUIRE_NOT_NULL("argmax", indices);
  return gt_run_argmax(context, x, rows, columns, x_stride, indices, message, message_size);
}
