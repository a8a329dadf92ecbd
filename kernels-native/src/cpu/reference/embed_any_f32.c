#include "cpu/reference/convert.h"
#include "cpu/reference/reference.h"

void gt_reference_embed(const void *table, int32_t table_dtype, int64_t table_stride, int64_t features,
                        const int32_t *ids, int64_t tokens, bool accumulate, float *y, int64_t y_stride) {
  for (int64_t t = 0; t < tokens; t++, y += y_stride) {
    for (int64_t i = 0; i < features; i++) {
      float value = gt_element(table, table_dtype, ids[t] * table_stride + i);
      y[i] = accumulate ? y[i] + value : value;
    }
  }
}
