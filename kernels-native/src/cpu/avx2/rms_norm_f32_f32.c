#include "cpu/avx2/avx2.h"
#include "cpu/simd/norm.h"

void gt_avx2_rms_norm(const float *x, const float *weight, float *y, int64_t rows, int64_t features, float eps) {
  simd_rms_norm(x, weight, y, rows, features, eps);
}
