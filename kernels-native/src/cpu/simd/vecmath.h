/*
 * exp, exp2, tanh, sigmoid and the normal tail on one vector. Greatest errors in ULP of the exact result, measured
 * by tests/test_vecmath.c over all or evenly many floats:
 *
 *   vf_exp      1.0   over the whole range: denormal results, 0 and infinity at the ends; NaN stays NaN
 *   vf_exp2     1.0   likewise
 *   vf_tanh     2.0   exactly +-1 beyond 9.1; tanh(x) = x for tiny x
 *   vf_sigmoid  2.5   results below 2^-126 are flushed to 0
 *
 * Coefficients: weighted minimax fits (Lawson's iteration), rounded to float one after another from the lowest power
 * up, refitting the rest each time.
 */
#ifndef GT_CPU_SIMD_VECMATH_H
#define GT_CPU_SIMD_VECMATH_H

#include "vec.h"

/* 2^f for f in -0.5 .. 0.5; relative error 3.0e-9 before rounding. */
VF_INLINE vf vf_exp2_fraction(vf f) {
  vf p = vf_set1(0x1.416b46p-13f);
  p = vf_fma(p, f, vf_set1(0x1.5f0830p-10f));
  p = vf_fma(p, f, vf_set1(0x1.3b2de0p-7f));
  p = vf_fma(p, f, vf_set1(0x1.c6af7cp-5f));
  p = vf_fma(p, f, vf_set1(0x1.ebfbdcp-3f));
  p = vf_fma(p, f, vf_set1(0x1.62e430p-1f));
  return vf_fma(p, f, vf_set1(1.0f));
}

VF_INLINE vf vf_exp2(vf x) {
  x = vf_min(vf_set1(160.0f), vf_max(vf_set1(-160.0f), x));
  const vf n = vf_round(x);
  return vf_scale2(vf_exp2_fraction(vf_sub(x, n)), n);
}

/* exp2 for x <= 0, as softmax needs it: -infinity gives 0. Results below 2^-126 may be flushed to 0. */
VF_INLINE vf vf_exp2_nonpositive(vf x) {
#if VF_LANES == 16
  x = vf_max(vf_set1(-160.0f), x);
  const vf n = vf_round(x);
  return vf_scale2(vf_exp2_fraction(vf_sub(x, n)), n);
#else
  /* 2^n straight into the exponent field; cheaper than vf_scale2, so results must be normal numbers. */
  const __m256 normal = _mm256_cmp_ps(x, _mm256_set1_ps(-126.0f), _CMP_NLT_UQ); /* true for NaN */
  x = vf_max(vf_set1(-126.0f), x);
  const vf n = vf_round(x);
  const __m256i exponent = _mm256_slli_epi32(_mm256_cvtps_epi32(n), 23);
  const __m256i p = _mm256_castps_si256(vf_exp2_fraction(vf_sub(x, n)));
  /* A NaN converts to INT_MIN, shifted out to 0: the NaN of p survives the addition. */
  return _mm256_and_ps(normal, _mm256_castsi256_ps(_mm256_add_epi32(p, exponent)));
#endif
}

/* r and n with x = n ln 2 + r, |r| <= ln 2 / 2 (Cody and Waite); |x| <= 120. */
VF_INLINE vf vf_exp_reduce(vf x, vf *n) {
  *n = vf_round(vf_mul(x, vf_set1(0x1.715476p+0f)));
  const vf r = vf_fnma(*n, vf_set1(0x1.62e430p-1f), x);
  return vf_fnma(*n, vf_set1(-0x1.05c610p-29f), r);
}

/* (exp(r) - 1 - r) / r^2 for |r| <= ln 2 / 2; error of exp 3.1e-9 before rounding. */
VF_INLINE vf vf_exp_fraction(vf r) {
  vf p = vf_set1(0x1.6a524ep-10f);
  p = vf_fma(p, r, vf_set1(0x1.12396ep-7f));
  p = vf_fma(p, r, vf_set1(0x1.5558aap-5f));
  p = vf_fma(p, r, vf_set1(0x1.555492p-3f));
  return vf_fma(p, r, vf_set1(0x1.fffffcp-2f));
}

VF_INLINE vf vf_exp(vf x) {
  vf n;
  x = vf_min(vf_set1(90.0f), vf_max(vf_set1(-105.0f), x));
  const vf r = vf_exp_reduce(x, &n);
  const vf p = vf_fma(vf_fma(vf_exp_fraction(r), r, vf_set1(1.0f)), r, vf_set1(1.0f));
  return vf_scale2(p, n);
}

VF_INLINE vf vf_sigmoid(vf x) {
  const vf one = vf_set1(1.0f);
  return vf_div(one, vf_add(one, vf_exp(vf_sub(vf_zero(), x))));
}

/* t / (t + 2) with t = exp(2 |x|) - 1, which has no cancellation near 0. */
VF_INLINE vf vf_tanh(vf x) {
  vf n;
  const vf a = vf_min(vf_set1(10.0f), vf_abs(x)); /* from 9.02 on the result rounds to 1 */
  const vf r = vf_exp_reduce(vf_add(a, a), &n);
  const vf scale = vf_scale2(vf_set1(1.0f), n);
  const vf p = vf_fma(vf_mul(r, r), vf_exp_fraction(r), r);
  const vf t = vf_fma(p, scale, vf_sub(scale, vf_set1(1.0f)));
  return vf_copysign(vf_div(t, vf_add(t, vf_set1(2.0f))), x);
}

/*
 * Q(a) = P(N(0, 1) > a) for a >= 0, from log2 Q(a) = a R(a) - 1 with a polynomial R. The fit weighs errors by
 * max(Q, 1e-3) over 0 .. 6: relative error 4e-9 where Q is about 1/2, 4e-6 far out. Behind 6 the polynomial only
 * falls, faster than log2 Q does, so there is no clamp: a = 40 gives exactly 0.
 */
VF_INLINE vf vf_normal_tail(vf a) {
  vf p = vf_set1(-0x1.d07ed4p-26f);
  p = vf_fma(p, a, vf_set1(0x1.b7a102p-21f));
  p = vf_fma(p, a, vf_set1(-0x1.638ad0p-17f));
  p = vf_fma(p, a, vf_set1(0x1.38b3a4p-14f));
  p = vf_fma(p, a, vf_set1(-0x1.1ef918p-12f));
  p = vf_fma(p, a, vf_set1(-0x1.919632p-17f));
  p = vf_fma(p, a, vf_set1(0x1.c83d74p-8f));
  p = vf_fma(p, a, vf_set1(-0x1.adaee8p-5f));
  p = vf_fma(p, a, vf_set1(-0x1.d63d16p-2f));
  p = vf_fma(p, a, vf_set1(-0x1.26aecap+0f));
  return vf_exp2_nonpositive(vf_fma(p, a, vf_set1(-1.0f)));
}

#endif
