#include "cpu/avx2/avx2.h"
#include "cpu/simd/activate.h"

void gt_avx2_gated_activate(const float *x, float *y, int64_t rows, int64_t features, int32_t activation) {
  for (int64_t row = 0; row < rows; row++, x += 2 * features, y += features) {
    simd_gated_activate(x, x + features, y, features, activation);
  }
}
