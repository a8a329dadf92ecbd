#include "cpu/avx512/avx512.h"
#include "cpu/simd/widen.h"

void gt_avx512_widen(const void *from, int32_t dtype, float *to, int64_t count) {
  simd_widen(from, dtype, to, count);
}
