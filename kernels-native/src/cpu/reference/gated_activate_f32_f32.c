#include "cpu/reference/activation.h"
#include "cpu/reference/reference.h"

void gt_reference_gated_activate(const float *x, float *y, int64_t rows, int64_t features, int32_t activation) {
  for (int64_t row = 0; row < rows; row++) {
    const float *gate = x + row * 2 * features;
    const float *up = gate + features;
    for (int64_t i = 0; i < features; i++) {
      y[row * features + i] = gt_reference_activation(gate[i], activation) * up[i];
    }
  }
}
