/* Activations over hot data: y[i] = act(x[i]); y may be x. */
#ifndef GT_SIMD_ACTIVATE_H
#define GT_SIMD_ACTIVATE_H

#include "cpu/reference/activation.h"
#include "cpu/simd/vec.h"

static inline void simd_activate(const float *x, float *y, int64_t count, int32_t activation) {
  for (int64_t i = 0; i < count; i++) {
    y[i] = gt_reference_activation(x[i], activation);
  }
}

#endif
