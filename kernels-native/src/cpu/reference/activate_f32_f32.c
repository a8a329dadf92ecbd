#include "cpu/reference/activation.h"
#include "cpu/reference/reference.h"

void gt_reference_activate(const float *x, float *y, int64_t count, int32_t activation) {
  for (int64_t i = 0; i < count; i++) {
    y[i] = gt_reference_activation(x[i], activation);
  }
}
