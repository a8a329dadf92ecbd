/* The activations of gatun.h, one element, computed in double. */
#ifndef GT_REFERENCE_ACTIVATION_H
#define GT_REFERENCE_ACTIVATION_H

#include <math.h>
#include <stdint.h>

#include "gatun.h"

static inline double gt_sigmoid(double x) {
  return 1.0 / (1.0 + exp(-x));
}

static inline double gt_gelu_erf(double x) {
  return 0.5 * x * (1.0 + erf(x * 0.70710678118654752440));
}

static inline float gt_reference_activation(float value, int32_t activation) {
  double x = value;
  switch (activation) {
    case GT_ACT_GELU_ERF:
      return (float)gt_gelu_erf(x);
    case GT_ACT_GELU_TANH:
      return (float)(0.5 * x * (1.0 + tanh(0.79788456080286535588 * (x + 0.044715 * x * x * x))));
    case GT_ACT_QUICK_GELU:
      return (float)(x * gt_sigmoid(1.702 * x));
    case GT_ACT_RELU:
      return (float)(x < 0 ? 0 : x);
    case GT_ACT_SILU:
      return (float)(x * gt_sigmoid(x));
    case GT_ACT_TANH:
      return (float)tanh(x);
    case GT_ACT_SIGMOID:
      return (float)gt_sigmoid(x);
    case GT_ACT_RELU2:
      return (float)(x < 0 ? 0 : x * x);
    case GT_ACT_RELU6:
      return (float)(x < 0 ? 0 : x > 6 ? 6 : x);
    case GT_ACT_GELU_10: {
      double gelu = gt_gelu_erf(x);
      return (float)(gelu < -10 ? -10 : gelu > 10 ? 10 : gelu);
    }
    case GT_ACT_MISH:
      return (float)(x * tanh(x > 30 ? x : log1p(exp(x))));
    case GT_ACT_HARDSWISH:
      return (float)(x * (x < -3 ? 0 : x > 3 ? 6 : x + 3) / 6);
    case GT_ACT_LEAKY_RELU:
      return (float)(x < 0 ? 0.01 * x : x);
    default:
      return value;
  }
}

#endif
