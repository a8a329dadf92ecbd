#include "cpu/avx512/avx512.h"
#include "cpu/simd/norm.h"

void gt_avx512_rms_norm(const float *x, const float *weight, float *y, int64_t rows, int64_t features, float eps) {
  simd_rms_norm(x, weight, y, rows, features, eps);
}
