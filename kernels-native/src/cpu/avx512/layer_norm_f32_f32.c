#include "cpu/avx512/avx512.h"
#include "cpu/simd/norm.h"

void gt_avx512_layer_norm(const float *x, int64_t x_stride, const float *weight, const float *bias, float *y,
                          int64_t y_stride, int64_t rows, int64_t features, float eps) {
  simd_layer_norm(x, x_stride, weight, bias, y, y_stride, rows, features, eps);
}
