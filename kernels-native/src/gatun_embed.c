#include <inttypes.h>

#include "core/device.h"

gt_status gt_embed(gt_context *context, const void *table, int32_t table_dtype, int64_t table_rows, int64_t features,
                   int64_t table_stride, const int32_t *ids, int64_t tokens, int32_t accumulate, float *y,
                   int64_t y_stride, char *message, size_t message_size) {
  GT_REQUIRE_NOT_NULL("embed", context);
  GT_REQUIRE(gt_dtype_size(table_dtype) != 0, "embed: table has unknown dtype %d.", table_dtype);
  GT_REQUIRE(table_rows >= 0 && features >= 1, "embed: table is [%" PRId64 ", %" PRId64 "].", table_rows, features);
  GT_REQUIRE(table_stride >= features && y_stride >= features,
             "embed: rows of table and y are %" PRId64 " and %" PRId64 " apart; it must be at least %" PRId64 ".",
             table_stride, y_stride, features);
  GT_REQUIRE(tokens >= 0, "embed: tokens is %" PRId64 ".", tokens);
  GT_REQUIRE(accumulate == 0 || accumulate == 1, "embed: accumulate is %d; expected 0 or 1.", accumulate);
  if (tokens == 0) {
    return GT_OK;
  }
  GT_REQUIRE_NOT_NULL("embed", table);
  GT_REQUIRE_NOT_NULL("embed", ids);
  GT_REQUIRE_NOT_NULL("embed", y);
  for (int64_t t = 0; t < tokens; t++) {
    GT_REQUIRE(ids[t] >= 0 && ids[t] < table_rows,
               "embed: id %d at position %" PRId64 " is outside the table [%" PRId64 ", %" PRId64 "].", ids[t], t,
               table_rows, features);
  }
  return gt_run_embed(context, table, table_dtype, table_rows, features, table_stride, ids, tokens, accumulate, y,
                      y_stride, message, message_size);
}
