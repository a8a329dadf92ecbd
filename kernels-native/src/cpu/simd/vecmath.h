/*
 * exp, exp2, tanh, sigmoid and the normal tail on one vector. Greatest errors in units in the last place of the exact
 * result, measured and held by tests/vecmath_test.c:
 *
 *   vf_exp      0.9   over the whole range: denormal results, 0 and infinity at the ends; NaN stays NaN
 *   vf_exp2     0.8   likewise
 *   vf_tanh     1.3   exactly +-1 beyond 9.1; tanh(x) = x for tiny x
 *   vf_sigmoid  2.0   results below 2^-126 are flushed to 0
 *
 * Coefficients: weighted minimax fits (Lawson's iteration), rounded to float one after another from the lowest power
 * up, refitting the rest each time.
 */
#ifndef GT_VECMATH_H
#define GT_VECMATH_H

#include "cpu/simd/vec.h"

GT_INLINE vf vf_copysign(vf magnitude, vf sign) {
  vf bit = vf_set1(-0.0f);
#ifdef __AVX512F__
  return _mm512_or_ps(magnitude, _mm512_and_ps(bit, sign));
#else
  return _mm256_or_ps(magnitude, _mm256_and_ps(bit, sign));
#endif
}

/* a * 2^n for integral n in -252 .. 254 and a in about 0.5 .. 2, rounded once: gradual underflow and overflow to
 * infinity are right. */
GT_INLINE vf vf_scale2(vf a, vf n) {
#ifdef __AVX512F__
  return _mm512_scalef_ps(a, n);
#else
  /* In two steps: 2^n alone may not be a normal number. The first product is exact, so only the second one rounds. */
  vi whole = vi_of_vf(n);
  vi half = vi_shift_right(whole, 1);
  vi rest = _mm256_sub_epi32(whole, half);
  vi one = vi_set1(127);
  return a * vf_of_bits(vi_shift_left(vi_add(half, one), 23)) * vf_of_bits(vi_shift_left(vi_add(rest, one), 23));
#endif
}

/* 2^f for f in -0.5 .. 0.5; relative error 3.0e-9 before rounding. */
GT_INLINE vf vf_exp2_fraction(vf f) {
  vf p = vf_set1(0x1.416b46p-13f);
  p = vf_fma(p, f, vf_set1(0x1.5f0830p-10f));
  p = vf_fma(p, f, vf_set1(0x1.3b2de0p-7f));
  p = vf_fma(p, f, vf_set1(0x1.c6af7cp-5f));
  p = vf_fma(p, f, vf_set1(0x1.ebfbdcp-3f));
  p = vf_fma(p, f, vf_set1(0x1.62e430p-1f));
  return vf_fma(p, f, vf_set1(1.0f));
}

GT_INLINE vf vf_exp2(vf x) {
  x = vf_min(vf_set1(160.0f), vf_max(vf_set1(-160.0f), x));
  vf n = vf_round(x);
  return vf_scale2(vf_exp2_fraction(x - n), n);
}

/* exp2 for x <= 0, as softmax needs it: -infinity gives 0. Results below 2^-126 may be flushed to 0. */
GT_INLINE vf vf_exp2_nonpositive(vf x) {
#ifdef __AVX512F__
  x = vf_max(vf_set1(-160.0f), x);
  vf n = vf_round(x);
  return vf_scale2(vf_exp2_fraction(x - n), n);
#else
  /* 2^n straight into the exponent field; cheaper than vf_scale2, so results must be normal numbers. */
  vm tiny = vm_lt(x, vf_set1(-126.0f)); /* false for NaN */
  x = vf_max(vf_set1(-126.0f), x);
  vf n = vf_round(x);
  vi p = vi_of_bits(vf_exp2_fraction(x - n));
  /* A NaN converts to INT_MIN, shifted out to 0: the NaN of p survives the addition. */
  return _mm256_andnot_ps(tiny, vf_of_bits(vi_add(p, vi_shift_left(vi_of_vf(n), 23))));
#endif
}

/* r and n with x = n ln 2 + r, |r| <= ln 2 / 2 (Cody and Waite); |x| <= 120. */
GT_INLINE vf vf_exp_reduce(vf x, vf *n) {
  *n = vf_round(x * vf_set1(0x1.715476p+0f));
  vf r = vf_fnma(*n, vf_set1(0x1.62e430p-1f), x);
  return vf_fnma(*n, vf_set1(-0x1.05c610p-29f), r);
}

/* (exp(r) - 1 - r) / r^2 for |r| <= ln 2 / 2; error of exp 3.1e-9 before rounding. */
GT_INLINE vf vf_exp_fraction(vf r) {
  vf p = vf_set1(0x1.6a524ep-10f);
  p = vf_fma(p, r, vf_set1(0x1.12396ep-7f));
  p = vf_fma(p, r, vf_set1(0x1.5558aap-5f));
  p = vf_fma(p, r, vf_set1(0x1.555492p-3f));
  return vf_fma(p, r, vf_set1(0x1.fffffcp-2f));
}

GT_INLINE vf vf_exp(vf x) {
  vf n;
  x = vf_min(vf_set1(90.0f), vf_max(vf_set1(-105.0f), x));
  vf r = vf_exp_reduce(x, &n);
  vf p = vf_fma(vf_fma(vf_exp_fraction(r), r, vf_set1(1.0f)), r, vf_set1(1.0f));
  return vf_scale2(p, n);
}

GT_INLINE vf vf_sigmoid(vf x) {
  vf one = vf_set1(1.0f);
  return one / (one + vf_exp(-x));
}

/* An odd polynomial up to 0.625, 1 - 2 / (exp(2 |x|) + 1) behind. */
GT_INLINE vf vf_tanh(vf x) {
  vf a = vf_abs(x);
  vf z = x * x;
  vf p = vf_set1(-0x1.750ce4p-8f);
  p = vf_fma(p, z, vf_set1(0x1.51f8cep-6f));
  p = vf_fma(p, z, vf_set1(-0x1.b835a4p-5f));
  p = vf_fma(p, z, vf_set1(0x1.1106f6p-3f));
  p = vf_fma(p, z, vf_set1(-0x1.555532p-2f));
  vf small = vf_fma(z * a, p, a);
  vf one = vf_set1(1.0f);
  vf large = one - vf_set1(2.0f) / (vf_exp(a + a) + one);
  return vf_copysign(vf_select(vm_lt(a, vf_set1(0.625f)), small, large), x);
}

/*
 * Q(a) = P(N(0, 1) > a) for a >= 0, from log2 Q(a) = a R(a) - 1 with a polynomial R. The fit weighs errors by
 * max(Q, 1e-3) over 0 .. 6: relative error 4e-9 where Q is about 1/2, 4e-6 far out. Behind 6 the polynomial only
 * falls, faster than log2 Q does, so there is no clamp: a = 40 gives exactly 0.
 */
GT_INLINE vf vf_normal_tail(vf a) {
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
