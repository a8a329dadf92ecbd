#include "cpu/avx2/avx2.h"
#include "cpu/simd/activate.h"

void gt_avx2_activate(const float *x, float *y, int64_t count, int32_t activation) {
  simd_activate(x, y, count, activation);
}
