/*
 * gt_activation on one vector, for gt_activate and for epilogues on register tiles. `activation` should be a constant
 * where it matters: the switch then folds away. GT_ACTIVATION_SWITCH turns a run-time value into one.
 *
 * NaN in gives NaN out. GELU_TANH, QUICK_GELU, SILU and MISH of -infinity are NaN, as in PyTorch.
 */
#ifndef GT_VECMATH_ACTIVATION_H
#define GT_VECMATH_ACTIVATION_H

#include "cpu/simd/vecmath.h"
#include "gatun.h"

/* x Phi(x) = max(x, 0) - |x| Q(|x|): no cancellation on either side. Q(40) is 0; the limit keeps infinity * 0 out. */
GT_INLINE vf vf_gelu_erf(vf x) {
  vf a = vf_min(vf_set1(40.0f), vf_abs(x));
  return vf_fnma(a, vf_normal_tail(a), vf_max(vf_zero(), x));
}

/* x/2 (1 + tanh u) = x / (1 + exp(-2u)), u = sqrt(2/pi) (x + 0.044715 x^3); the exponent in units of ln 2. */
GT_INLINE vf vf_gelu_tanh(vf x) {
  vf cubic = vf_fma(x * x, vf_set1(-0.10294324f), vf_set1(-2.3022082f));
  return x / (vf_set1(1.0f) + vf_exp2(x * cubic));
}

GT_INLINE vf vf_silu(vf x) {
  return x / (vf_set1(1.0f) + vf_exp(-x));
}

GT_INLINE vf vf_quick_gelu(vf x) {
  return x / (vf_set1(1.0f) + vf_exp(x * vf_set1(-1.702f)));
}

/* x tanh(log(1 + e)), e = exp(x): tanh(log(1 + e)) = n / (n + 2), n = e (e + 2). 1 from x = 20 on, where n would
 * otherwise overflow later. */
GT_INLINE vf vf_mish(vf x) {
  vf e = vf_exp(vf_min(vf_set1(20.0f), x));
  vf n = e * (e + vf_set1(2.0f));
  return x * (n / (n + vf_set1(2.0f)));
}

GT_INLINE vf vf_relu(vf x) {
  return vf_max(vf_zero(), x);
}
GT_INLINE vf vf_clip(vf low, vf high, vf x) {
  return vf_min(high, vf_max(low, x));
}

GT_INLINE vf vf_activate(int32_t activation, vf x) {
  switch (activation) {
    case GT_ACT_GELU_ERF:
      return vf_gelu_erf(x);
    case GT_ACT_GELU_TANH:
      return vf_gelu_tanh(x);
    case GT_ACT_QUICK_GELU:
      return vf_quick_gelu(x);
    case GT_ACT_RELU:
      return vf_relu(x);
    case GT_ACT_SILU:
      return vf_silu(x);
    case GT_ACT_TANH:
      return vf_tanh(x);
    case GT_ACT_SIGMOID:
      return vf_sigmoid(x);
    case GT_ACT_RELU2:
      return vf_relu(x) * vf_relu(x);
    case GT_ACT_RELU6:
      return vf_clip(vf_zero(), vf_set1(6.0f), x);
    case GT_ACT_GELU_10:
      return vf_clip(vf_set1(-10.0f), vf_set1(10.0f), vf_gelu_erf(x));
    case GT_ACT_MISH:
      return vf_mish(x);
    case GT_ACT_HARDSWISH:
      return x * vf_set1(1.0f / 6) * vf_clip(vf_zero(), vf_set1(6.0f), x + vf_set1(3.0f));
    case GT_ACT_LEAKY_RELU:
      return vf_max(x * vf_set1(0.01f), x);
    default:
      return x; /* GT_ACT_IDENTITY; other values are refused at the ABI */
  }
}

/* switch (activation) { case each constant A: statement(A); break; } where `statement` is a macro. */
#define GT_ACTIVATION_SWITCH(activation, statement) \
  switch (activation) {                             \
    case GT_ACT_GELU_ERF:                           \
      statement(GT_ACT_GELU_ERF);                   \
      break;                                        \
    case GT_ACT_GELU_TANH:                          \
      statement(GT_ACT_GELU_TANH);                  \
      break;                                        \
    case GT_ACT_QUICK_GELU:                         \
      statement(GT_ACT_QUICK_GELU);                 \
      break;                                        \
    case GT_ACT_RELU:                               \
      statement(GT_ACT_RELU);                       \
      break;                                        \
    case GT_ACT_SILU:                               \
      statement(GT_ACT_SILU);                       \
      break;                                        \
    case GT_ACT_TANH:                               \
      statement(GT_ACT_TANH);                       \
      break;                                        \
    case GT_ACT_SIGMOID:                            \
      statement(GT_ACT_SIGMOID);                    \
      break;                                        \
    case GT_ACT_RELU2:                              \
      statement(GT_ACT_RELU2);                      \
      break;                                        \
    case GT_ACT_RELU6:                              \
      statement(GT_ACT_RELU6);                      \
      break;                                        \
    case GT_ACT_GELU_10:                            \
      statement(GT_ACT_GELU_10);                    \
      break;                                        \
    case GT_ACT_MISH:                               \
      statement(GT_ACT_MISH);                       \
      break;                                        \
    case GT_ACT_HARDSWISH:                          \
      statement(GT_ACT_HARDSWISH);                  \
      break;                                        \
    case GT_ACT_LEAKY_RELU:                         \
      statement(GT_ACT_LEAKY_RELU);                 \
      break;                                        \
    default:                                        \
      statement(GT_ACT_IDENTITY);                   \
      break;                                        \
  }

#endif
