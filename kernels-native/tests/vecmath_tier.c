/* The functions of vecmath.h over arrays, compiled once per tier. */
#include "vecmath_tier.h"

#include "cpu/simd/vecmath.h"

#define MAP(f)                                         \
  for (int64_t i = 0; i < count; i += GT_VL) {         \
    int64_t n = count - i < GT_VL ? count - i : GT_VL; \
    vf_store_n(y + i, f(vf_load_n(x + i, n)), n);      \
  }

void VECMATH_TIER(int function, const float *x, float *y, int64_t count) {
  switch (function) {
    case VECMATH_EXP:
      MAP(vf_exp)
      break;
    case VECMATH_EXP2:
      MAP(vf_exp2)
      break;
    case VECMATH_EXP2_NONPOSITIVE:
      MAP(vf_exp2_nonpositive)
      break;
    case VECMATH_TANH:
      MAP(vf_tanh)
      break;
    case VECMATH_SIGMOID:
      MAP(vf_sigmoid)
      break;
    case VECMATH_NORMAL_TAIL:
      MAP(vf_normal_tail)
      break;
    default:
      break;
  }
}
