/*
 * The activations of gatun.h on one float. As on the CPU (cpu/simd/vecmath_activation.h), and for the same reason: no
 * cancellation left of 0, few instructions. Comparisons are written so that NaN stays NaN; fminf and fmaxf drop it.
 */
#ifndef GT_CUDA_ACTIVATION_CUH
#define GT_CUDA_ACTIVATION_CUH

#include "cuda/kernels/kernel.cuh"
#include "gatun.h"

GT_DEVICE float gt_clip(float low, float high, float x) {
  return x < low ? low : x > high ? high : x;
}

/* Q(a) = P(N(0, 1) > a) for a >= 0: the polynomial of vf_normal_tail, whose errors are told there. */
GT_DEVICE float gt_normal_tail(float a) {
  float p = -0x1.d07ed4p-26f;
  p = fmaf(p, a, 0x1.b7a102p-21f);
  p = fmaf(p, a, -0x1.638ad0p-17f);
  p = fmaf(p, a, 0x1.38b3a4p-14f);
  p = fmaf(p, a, -0x1.1ef918p-12f);
  p = fmaf(p, a, -0x1.919632p-17f);
  p = fmaf(p, a, 0x1.c83d74p-8f);
  p = fmaf(p, a, -0x1.adaee8p-5f);
  p = fmaf(p, a, -0x1.d63d16p-2f);
  p = fmaf(p, a, -0x1.26aecap+0f);
  return exp2f(fmaf(p, a, -1.0f));
}

/* x Phi(x) = max(x, 0) - |x| Q(|x|). Q(40) is 0; the limit keeps infinity * 0 out. */
GT_DEVICE float gt_gelu_erf(float x) {
  const float a = fabsf(x) > 40.0f ? 40.0f : fabsf(x);
  return fmaf(-a, gt_normal_tail(a), x < 0.0f ? 0.0f : x);
}

/* x/2 (1 + tanh u) = x / (1 + exp(-2u)), u = sqrt(2/pi) (x + 0.044715 x^3); the exponent in units of ln 2. */
GT_DEVICE float gt_gelu_tanh(float x) {
  return x / (1.0f + exp2f(x * fmaf(x * x, -0.10294324f, -2.3022082f)));
}

/* x tanh(log(1 + e)), e = exp(x): tanh(log(1 + e)) = n / (n + 2), n = e (e + 2). 1 from x = 20 on. */
GT_DEVICE float gt_mish(float x) {
  const float e = expf(x > 20.0f ? 20.0f : x);
  const float n = e * (e + 2.0f);
  return x * (n / (n + 2.0f));
}

/* A constant `activation` folds the switch away. GELU_TANH, QUICK_GELU, SILU and MISH of -infinity are NaN, as in
 * PyTorch. */
GT_DEVICE float gt_activation_of(int32_t activation, float x) {
  switch (activation) {
    case GT_ACT_GELU_ERF:
      return gt_gelu_erf(x);
    case GT_ACT_GELU_TANH:
      return gt_gelu_tanh(x);
    case GT_ACT_QUICK_GELU:
      return x / (1.0f + expf(x * -1.702f));
    case GT_ACT_RELU:
      return x < 0.0f ? 0.0f : x;
    case GT_ACT_SILU:
      return x / (1.0f + expf(-x));
    case GT_ACT_TANH:
      return tanhf(x);
    case GT_ACT_SIGMOID:
      return 1.0f / (1.0f + expf(-x));
    case GT_ACT_RELU2:
      return x < 0.0f ? 0.0f : x * x;
    case GT_ACT_RELU6:
      return gt_clip(0.0f, 6.0f, x);
    case GT_ACT_GELU_10:
      return gt_clip(-10.0f, 10.0f, gt_gelu_erf(x));
    case GT_ACT_MISH:
      return gt_mish(x);
    case GT_ACT_HARDSWISH:
      return x * (1.0f / 6) * gt_clip(0.0f, 6.0f, x + 3.0f);
    case GT_ACT_LEAKY_RELU:
      return x < 0.0f ? x * 0.01f : x;
    default:
      return x; /* GT_ACT_IDENTITY; other values are refused at the ABI */
  }
}

#endif
