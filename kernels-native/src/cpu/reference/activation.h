/* gt_activation of one float in scalar C and libm: the oracle of every tier. */
#ifndef GT_CPU_REFERENCE_ACTIVATION_H
#define GT_CPU_REFERENCE_ACTIVATION_H

#include <math.h>
#include <stdint.h>

#include "gatun.h"

static inline float gt_reference_gelu_erf(float x) { return 0.5f * x * erfcf(-0.70710678f * x); }

static inline float gt_reference_activation(int32_t activation, float x) {
  switch (activation) {
    case GT_ACT_GELU_ERF:
      return gt_reference_gelu_erf(x);
    case GT_ACT_GELU_TANH:
      return x / (1.0f + expf(-1.5957691f * (x + 0.044715f * x * x * x)));
    case GT_ACT_QUICK_GELU:
      return x / (1.0f + expf(-1.702f * x));
    case GT_ACT_RELU:
      return x < 0 ? 0 : x;
    case GT_ACT_SILU:
      return x / (1.0f + expf(-x));
    case GT_ACT_TANH:
      return tanhf(x);
    case GT_ACT_SIGMOID:
      return 1.0f / (1.0f + expf(-x));
    case GT_ACT_RELU2:
      return x < 0 ? 0 : x * x;
    case GT_ACT_RELU6:
      return x < 0 ? 0 : x > 6 ? 6 : x;
    case GT_ACT_GELU_10: {
      const float y = gt_reference_gelu_erf(x);
      return y < -10 ? -10 : y > 10 ? 10 : y;
    }
    case GT_ACT_MISH:
      return x * tanhf(log1pf(expf(x)));
    case GT_ACT_HARDSWISH: {
      const float y = x + 3;
      return x * (y < 0 ? 0 : y > 6 ? 6 : y) / 6;
    }
    case GT_ACT_LEAKY_RELU:
      return x < 0 ? 0.01f * x : x;
    default:
      return x;
  }
}

#endif
