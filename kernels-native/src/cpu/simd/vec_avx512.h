/* AVX-512 F/BW/DQ/VL half of vec.h. */
#ifndef GT_VEC_AVX512_H
#define GT_VEC_AVX512_H

typedef __m512 vf;
typedef __m512i vi;
typedef __mmask16 vm; /* one truth per lane */

enum { GT_VL = 16 };

GT_INLINE vf vf_zero(void) {
  return _mm512_setzero_ps();
}
GT_INLINE vf vf_set1(float x) {
  return _mm512_set1_ps(x);
}
GT_INLINE vf vf_load(const float *p) {
  return _mm512_loadu_ps(p);
}
GT_INLINE void vf_store(float *p, vf x) {
  _mm512_storeu_ps(p, x);
}

/* Mask of the first n lanes, and what it selects. */
GT_INLINE vm vm_first(int64_t n) {
  return (vm)((1u << n) - 1);
}
GT_INLINE vf vf_load_n(const float *p, int64_t n) {
  return _mm512_maskz_loadu_ps(vm_first(n), p);
}
GT_INLINE void vf_store_n(float *p, vf x, int64_t n) {
  _mm512_mask_storeu_ps(p, vm_first(n), x);
}
/* x in the first n lanes, 0 behind. */
GT_INLINE vf vf_first(vf x, int64_t n) {
  return _mm512_maskz_mov_ps(vm_first(n), x);
}

/* a * b + c and c - a * b, one rounding. */
GT_INLINE vf vf_fma(vf a, vf b, vf c) {
  return _mm512_fmadd_ps(a, b, c);
}
GT_INLINE vf vf_fnma(vf a, vf b, vf c) {
  return _mm512_fnmadd_ps(a, b, c);
}
/* As the instructions: the second operand when either is NaN. */
GT_INLINE vf vf_max(vf a, vf b) {
  return _mm512_max_ps(a, b);
}
GT_INLINE vf vf_min(vf a, vf b) {
  return _mm512_min_ps(a, b);
}
GT_INLINE vf vf_abs(vf x) {
  return _mm512_abs_ps(x);
}
GT_INLINE vf vf_round(vf x) { /* to nearest, ties to even */
  return _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
GT_INLINE float vf_sum(vf x) {
  return _mm512_reduce_add_ps(x);
}
GT_INLINE float vf_largest(vf x) {
  return _mm512_reduce_max_ps(x);
}

/* Comparisons are false on NaN. */
GT_INLINE vm vm_lt(vf a, vf b) {
  return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ);
}
GT_INLINE vm vm_gt(vf a, vf b) {
  return _mm512_cmp_ps_mask(a, b, _CMP_GT_OQ);
}
GT_INLINE vm vm_number(vf x) { /* not NaN */
  return _mm512_cmp_ps_mask(x, x, _CMP_ORD_Q);
}
GT_INLINE vf vf_select(vm m, vf if_true, vf if_false) {
  return _mm512_mask_blend_ps(m, if_false, if_true);
}

/* Lanes 1, 0, 3, 2, ... */
GT_INLINE vf vf_swap_pairs(vf x) {
  return _mm512_permute_ps(x, 0xb1);
}

GT_INLINE vi vi_load(const void *p) {
  return _mm512_loadu_si512(p);
}
GT_INLINE void vi_store(void *p, vi x) {
  _mm512_storeu_si512(p, x);
}
GT_INLINE vi vi_set1(int32_t x) {
  return _mm512_set1_epi32(x);
}
GT_INLINE vi vi_add(vi a, vi b) {
  return _mm512_add_epi32(a, b);
}
GT_INLINE vi vi_and(vi a, vi b) {
  return _mm512_and_si512(a, b);
}
GT_INLINE vi vi_or(vi a, vi b) {
  return _mm512_or_si512(a, b);
}
#define vi_shift_left(x, bits) _mm512_slli_epi32(x, bits)
#define vi_shift_right(x, bits) _mm512_srai_epi32(x, bits)
#define vi_shift_right_zero(x, bits) _mm512_srli_epi32(x, bits)
GT_INLINE void vi_store_u16(uint16_t *p, vi x) { /* the low halves, the others being 0 */
  _mm256_storeu_si256((__m256i *)p, _mm512_cvtepi32_epi16(x));
}
GT_INLINE vi vi_load_u16(const uint16_t *p) {
  return _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)p));
}
GT_INLINE void vi_store_u16_n(uint16_t *p, vi x, int64_t n) {
  _mm256_mask_storeu_epi16(p, vm_first(n), _mm512_cvtepi32_epi16(x));
}
GT_INLINE vi vi_load_u16_n(const uint16_t *p, int64_t n) {
  return _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(vm_first(n), p));
}
GT_INLINE vi vi_of_vf(vf x) { /* to nearest */
  return _mm512_cvtps_epi32(x);
}
GT_INLINE vf vf_of_vi(vi x) {
  return _mm512_cvtepi32_ps(x);
}
GT_INLINE vi vi_of_bits(vf x) {
  return _mm512_castps_si512(x);
}
GT_INLINE vf vf_of_bits(vi x) {
  return _mm512_castsi512_ps(x);
}

GT_INLINE vf vf_load_f16(const uint16_t *p) {
  return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)p));
}
GT_INLINE vf vf_load_f64(const double *p) {
  return _mm512_insertf32x8(_mm512_castps256_ps512(_mm512_cvtpd_ps(_mm512_loadu_pd(p))),
                            _mm512_cvtpd_ps(_mm512_loadu_pd(p + 8)), 1);
}

#endif
