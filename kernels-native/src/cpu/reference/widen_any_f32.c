#include "cpu/reference/convert.h"
#include "cpu/reference/reference.h"

void gt_reference_widen(const void *from, int32_t dtype, float *to, int64_t count) {
  for (int64_t i = 0; i < count; i++) {
    to[i] = gt_element(from, dtype, i);
  }
}
