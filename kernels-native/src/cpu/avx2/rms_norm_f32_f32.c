#include "cpu/avx2/avx2.h"
#include "cpu/simd/norm.h"

void gt_avx2_rms_norm(const float *x, int64_t x_stride, const float *weight, float *y, int64_t y_stride, int64_t rows,
                      int64_t features, float eps) {
  simd_rms_norm(x, x_stride, weight, y, y_stride, rows, features, eps);
}
