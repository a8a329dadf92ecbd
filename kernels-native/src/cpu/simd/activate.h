/* Activations over hot data. */
#ifndef GT_SIMD_ACTIVATE_H
#define GT_SIMD_ACTIVATE_H

#include "cpu/simd/vecmath_activation.h"

GT_INLINE void simd_activate_all(const float *x, float *y, int64_t count, const int32_t activation) {
  int64_t i = 0;
  for (; i + GT_VL <= count; i += GT_VL) {
    vf_store(y + i, vf_activate(activation, vf_load(x + i)));
  }
  if (i < count) {
    vf_store_n(y + i, vf_activate(activation, vf_load_n(x + i, count - i)), count - i);
  }
}

/* y[i] = act(x[i]); y may be x. */
static inline void simd_activate(const float *x, float *y, int64_t count, int32_t activation) {
#define RUN(constant) simd_activate_all(x, y, count, constant)
  GT_ACTIVATION_SWITCH(activation, RUN)
#undef RUN
}

#endif
