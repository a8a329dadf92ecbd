#include "cpu/simd/argmax.h"

#include "cpu/avx512/avx512.h"

int64_t gt_avx512_argmax(const float *x, int64_t count) {
  return simd_argmax(x, count);
}
