#include "cpu/avx512/avx512.h"
#include "cpu/simd/activate.h"

void gt_avx512_activate(const float *x, float *y, int64_t count, int32_t activation) {
  simd_activate(x, y, count, activation);
}
