#include "cpu/simd/argmax.h"

#include "cpu/avx2/avx2.h"

int64_t gt_avx2_argmax(const float *x, int64_t count) {
  return simd_argmax(x, count);
}
