#include "cpu/avx512/avx512.h"
#include "cpu/simd/norm.h"

void gt_avx512_layer_norm(const float *x, const float *weight, const float *bias, float *y, int64_t rows,
                          int64_t features, float eps) {
  simd_layer_norm(x, weight, bias, y, rows, features, eps);
}
