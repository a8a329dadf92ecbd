#include <math.h>

#include "cpu/reference/reference.h"

int64_t gt_reference_argmax(const float *x, int64_t count) {
  float best = -INFINITY;
  int64_t at = 0;
  for (int64_t i = 0; i < count; i++) {
    if (x[i] > best) {
      best = x[i];
      at = i;
    }
  }
  return at;
}
