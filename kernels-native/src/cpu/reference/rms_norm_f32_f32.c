#include <math.h>

#include "cpu/reference/reference.h"

void gt_reference_rms_norm(const float *x, int64_t x_stride, const float *weight, float *y, int64_t y_stride,
                           int64_t rows, int64_t features, float eps) {
  for (int64_t row = 0; row < rows; row++, x += x_stride, y += y_stride) {
    double squares = 0;
    for (int64_t i = 0; i < features; i++) {
      squares += (double)x[i] * x[i];
    }
    double factor = 1.0 / sqrt(squares / (double)features + (double)eps);
    for (int64_t i = 0; i < features; i++) {
      y[i] = (float)(x[i] * factor * weight[i]);
    }
  }
}
