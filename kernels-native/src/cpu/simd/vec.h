/*
 * vf: one vector of floats, as wide as the tier this file is compiled for (-mavx512f: 16 lanes, -mavx2 -mfma: 8).
 * Kernels are written once on these names and compiled once per tier.
 *
 * NaN: vf_min(a, b) and vf_max(a, b) return b when either is NaN (minps, maxps). To keep a NaN of x, write
 * vf_max(limit, x), never vf_max(x, limit).
 */
#ifndef GT_CPU_SIMD_VEC_H
#define GT_CPU_SIMD_VEC_H

#include <immintrin.h>
#include <stdint.h>

#define VF_INLINE static inline __attribute__((always_inline, unused))

#if defined(__AVX512F__) && defined(__AVX512DQ__) && defined(__AVX512VL__)

#define VF_LANES 16
typedef __m512 vf;
typedef __m512i vi;     /* the same number of int32 */
typedef __mmask16 vmask; /* one bit per lane */

VF_INLINE vf vf_zero(void) { return _mm512_setzero_ps(); }
VF_INLINE vf vf_set1(float x) { return _mm512_set1_ps(x); }
VF_INLINE vf vf_load(const float *p) { return _mm512_loadu_ps(p); }
VF_INLINE void vf_store(float *p, vf x) { _mm512_storeu_ps(p, x); }
VF_INLINE vf vf_add(vf a, vf b) { return _mm512_add_ps(a, b); }
VF_INLINE vf vf_sub(vf a, vf b) { return _mm512_sub_ps(a, b); }
VF_INLINE vf vf_mul(vf a, vf b) { return _mm512_mul_ps(a, b); }
VF_INLINE vf vf_div(vf a, vf b) { return _mm512_div_ps(a, b); }
VF_INLINE vf vf_fma(vf a, vf b, vf c) { return _mm512_fmadd_ps(a, b, c); }   /* a * b + c */
VF_INLINE vf vf_fnma(vf a, vf b, vf c) { return _mm512_fnmadd_ps(a, b, c); } /* c - a * b */
VF_INLINE vf vf_min(vf a, vf b) { return _mm512_min_ps(a, b); }
VF_INLINE vf vf_max(vf a, vf b) { return _mm512_max_ps(a, b); }
VF_INLINE vf vf_abs(vf a) { return _mm512_andnot_ps(_mm512_set1_ps(-0.0f), a); }
VF_INLINE vf vf_copysign(vf magnitude, vf sign) {
  return _mm512_or_ps(magnitude, _mm512_and_ps(_mm512_set1_ps(-0.0f), sign));
}
VF_INLINE vf vf_round(vf a) { return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
VF_INLINE vf vf_sqrt(vf a) { return _mm512_sqrt_ps(a); }

/* a * 2^n for integral n, rounded once: gradual underflow and overflow to infinity are right. */
VF_INLINE vf vf_scale2(vf a, vf n) { return _mm512_scalef_ps(a, n); }

VF_INLINE vi vi_set1(int32_t x) { return _mm512_set1_epi32(x); }
VF_INLINE vi vi_load(const int32_t *p) { return _mm512_loadu_si512(p); }
VF_INLINE vmask vi_greater(vi a, vi b) { return _mm512_cmpgt_epi32_mask(a, b); }
VF_INLINE vmask vf_greater(vf a, vf b) { return _mm512_cmp_ps_mask(a, b, _CMP_GT_OQ); }
VF_INLINE int vmask_any(vmask m) { return m != 0; }
VF_INLINE vf vf_select(vmask m, vf yes, vf no) { return _mm512_mask_blend_ps(m, no, yes); }

/* The first n (0 .. VF_LANES) lanes; never touches memory behind them. Lanes not loaded are zero. */
VF_INLINE vf vf_load_n(const float *p, int n) { return _mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), p); }
VF_INLINE void vf_store_n(float *p, vf x, int n) { _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), x); }

VF_INLINE float vf_sum(vf a) { return _mm512_reduce_add_ps(a); }
VF_INLINE float vf_greatest(vf a) { return _mm512_reduce_max_ps(a); }

#elif defined(__AVX2__) && defined(__FMA__)

#define VF_LANES 8
typedef __m256 vf;
typedef __m256i vi;
typedef __m256 vmask; /* all bits of a lane set, or none */

VF_INLINE vf vf_zero(void) { return _mm256_setzero_ps(); }
VF_INLINE vf vf_set1(float x) { return _mm256_set1_ps(x); }
VF_INLINE vf vf_load(const float *p) { return _mm256_loadu_ps(p); }
VF_INLINE void vf_store(float *p, vf x) { _mm256_storeu_ps(p, x); }
VF_INLINE vf vf_add(vf a, vf b) { return _mm256_add_ps(a, b); }
VF_INLINE vf vf_sub(vf a, vf b) { return _mm256_sub_ps(a, b); }
VF_INLINE vf vf_mul(vf a, vf b) { return _mm256_mul_ps(a, b); }
VF_INLINE vf vf_div(vf a, vf b) { return _mm256_div_ps(a, b); }
VF_INLINE vf vf_fma(vf a, vf b, vf c) { return _mm256_fmadd_ps(a, b, c); }
VF_INLINE vf vf_fnma(vf a, vf b, vf c) { return _mm256_fnmadd_ps(a, b, c); }
VF_INLINE vf vf_min(vf a, vf b) { return _mm256_min_ps(a, b); }
VF_INLINE vf vf_max(vf a, vf b) { return _mm256_max_ps(a, b); }
VF_INLINE vf vf_abs(vf a) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), a); }
VF_INLINE vf vf_copysign(vf magnitude, vf sign) {
  return _mm256_or_ps(magnitude, _mm256_and_ps(_mm256_set1_ps(-0.0f), sign));
}
VF_INLINE vf vf_round(vf a) { return _mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
VF_INLINE vf vf_sqrt(vf a) { return _mm256_sqrt_ps(a); }

/* a * 2^n for integral n in -252 .. 254 and a in about 0.5 .. 2. In two steps: 2^n alone may not be a normal number,
 * and the first product is exact, so only the second one rounds. */
VF_INLINE vf vf_scale2(vf a, vf n) {
  const __m256i whole = _mm256_cvtps_epi32(n);
  const __m256i half = _mm256_srai_epi32(whole, 1);
  const __m256i one = _mm256_set1_epi32(127);
  const __m256 first = _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(half, one), 23));
  const __m256i rest = _mm256_sub_epi32(whole, half);
  const __m256 second = _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(rest, one), 23));
  return _mm256_mul_ps(_mm256_mul_ps(a, first), second);
}

VF_INLINE vi vi_set1(int32_t x) { return _mm256_set1_epi32(x); }
VF_INLINE vi vi_load(const int32_t *p) { return _mm256_loadu_si256((const __m256i *)p); }
VF_INLINE vmask vi_greater(vi a, vi b) { return _mm256_castsi256_ps(_mm256_cmpgt_epi32(a, b)); }
VF_INLINE vmask vf_greater(vf a, vf b) { return _mm256_cmp_ps(a, b, _CMP_GT_OQ); }
VF_INLINE int vmask_any(vmask m) { return _mm256_movemask_ps(m) != 0; }
VF_INLINE vf vf_select(vmask m, vf yes, vf no) { return _mm256_blendv_ps(no, yes, m); }

/* The first n (0 .. VF_LANES) lanes; never touches memory behind them. Lanes not loaded are zero. */
VF_INLINE __m256i vf_first_lanes(int n) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
VF_INLINE vf vf_load_n(const float *p, int n) { return _mm256_maskload_ps(p, vf_first_lanes(n)); }
VF_INLINE void vf_store_n(float *p, vf x, int n) { _mm256_maskstore_ps(p, vf_first_lanes(n), x); }

VF_INLINE float vf_sum(vf a) {
  __m128 s = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
  s = _mm_add_ps(s, _mm_movehl_ps(s, s));
  return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}
VF_INLINE float vf_greatest(vf a) {
  __m128 s = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
  s = _mm_max_ps(s, _mm_movehl_ps(s, s));
  return _mm_cvtss_f32(_mm_max_ss(s, _mm_movehdup_ps(s)));
}

#else
#error "vec.h needs AVX-512 F/DQ/VL or AVX2 with FMA"
#endif

#endif
