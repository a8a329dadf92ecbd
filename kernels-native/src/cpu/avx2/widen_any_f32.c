#include "cpu/avx2/avx2.h"
#include "cpu/simd/widen.h"

void gt_avx2_widen(const void *from, int32_t dtype, float *to, int64_t count) {
  simd_widen(from, dtype, to, count);
}
