/* AVX2 + FMA + F16C half of vec.h. */
#ifndef GT_VEC_AVX2_H
#define GT_VEC_AVX2_H

typedef __m256 vf;
typedef __m256i vi;
typedef __m256 vm; /* all ones or all zeros per lane */

enum { GT_VL = 8 };

GT_INLINE vf vf_zero(void) {
  return _mm256_setzero_ps();
}
GT_INLINE vf vf_set1(float x) {
  return _mm256_set1_ps(x);
}
GT_INLINE vf vf_load(const float *p) {
  return _mm256_loadu_ps(p);
}
GT_INLINE void vf_store(float *p, vf x) {
  _mm256_storeu_ps(p, x);
}

/* Mask of the first n lanes, and what it selects. */
GT_INLINE vm vm_first(int64_t n) {
  __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  return _mm256_castsi256_ps(_mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), lane));
}
GT_INLINE vf vf_load_n(const float *p, int64_t n) {
  return _mm256_maskload_ps(p, _mm256_castps_si256(vm_first(n)));
}
GT_INLINE void vf_store_n(float *p, vf x, int64_t n) {
  _mm256_maskstore_ps(p, _mm256_castps_si256(vm_first(n)), x);
}
/* x in the first n lanes, 0 behind. */
GT_INLINE vf vf_first(vf x, int64_t n) {
  return _mm256_and_ps(x, vm_first(n));
}

/* a * b + c and c - a * b, one rounding. */
GT_INLINE vf vf_fma(vf a, vf b, vf c) {
  return _mm256_fmadd_ps(a, b, c);
}
GT_INLINE vf vf_fnma(vf a, vf b, vf c) {
  return _mm256_fnmadd_ps(a, b, c);
}
/* As the instructions: the second operand when either is NaN. */
GT_INLINE vf vf_max(vf a, vf b) {
  return _mm256_max_ps(a, b);
}
GT_INLINE vf vf_min(vf a, vf b) {
  return _mm256_min_ps(a, b);
}
GT_INLINE vf vf_abs(vf x) {
  return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), x);
}
GT_INLINE vf vf_round(vf x) { /* to nearest, ties to even */
  return _mm256_round_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
GT_INLINE float vf_sum(vf x) {
  __m128 four = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
  __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}
GT_INLINE float vf_largest(vf x) {
  __m128 four = _mm_max_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
  __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
}

/* Comparisons are false on NaN. */
GT_INLINE vm vm_lt(vf a, vf b) {
  return _mm256_cmp_ps(a, b, _CMP_LT_OQ);
}
GT_INLINE vm vm_gt(vf a, vf b) {
  return _mm256_cmp_ps(a, b, _CMP_GT_OQ);
}
GT_INLINE vm vm_number(vf x) { /* not NaN */
  return _mm256_cmp_ps(x, x, _CMP_ORD_Q);
}
GT_INLINE vf vf_select(vm m, vf if_true, vf if_false) {
  return _mm256_blendv_ps(if_false, if_true, m);
}

/* Lanes 1, 0, 3, 2, ... */
GT_INLINE vf vf_swap_pairs(vf x) {
  return _mm256_permute_ps(x, 0xb1);
}

GT_INLINE vi vi_load(const void *p) {
  return _mm256_loadu_si256((const __m256i *)p);
}
GT_INLINE void vi_store(void *p, vi x) {
  _mm256_storeu_si256((__m256i *)p, x);
}
GT_INLINE vi vi_set1(int32_t x) {
  return _mm256_set1_epi32(x);
}
GT_INLINE vi vi_add(vi a, vi b) {
  return _mm256_add_epi32(a, b);
}
GT_INLINE vi vi_and(vi a, vi b) {
  return _mm256_and_si256(a, b);
}
GT_INLINE vi vi_or(vi a, vi b) {
  return _mm256_or_si256(a, b);
}
#define vi_shift_left(x, bits) _mm256_slli_epi32(x, bits)
#define vi_shift_right(x, bits) _mm256_srai_epi32(x, bits)
#define vi_shift_right_zero(x, bits) _mm256_srli_epi32(x, bits)
GT_INLINE void vi_store_u16(uint16_t *p, vi x) { /* the low halves, the others being 0 */
  __m256i packed = _mm256_permute4x64_epi64(_mm256_packus_epi32(x, x), _MM_SHUFFLE(3, 1, 2, 0));
  _mm_storeu_si128((__m128i *)p, _mm256_castsi256_si128(packed));
}
GT_INLINE vi vi_load_u16(const uint16_t *p) {
  return _mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)p));
}
/* AVX2 has no mask for elements of two bytes. */
GT_INLINE void vi_store_u16_n(uint16_t *p, vi x, int64_t n) {
  if (n == GT_VL) {
    vi_store_u16(p, x);
    return;
  }
  uint16_t all[GT_VL];
  vi_store_u16(all, x);
  memcpy(p, all, (size_t)n * sizeof *p);
}
GT_INLINE vi vi_load_u16_n(const uint16_t *p, int64_t n) {
  if (n == GT_VL) {
    return vi_load_u16(p);
  }
  uint16_t all[GT_VL] = {0};
  memcpy(all, p, (size_t)n * sizeof *p);
  return vi_load_u16(all);
}
GT_INLINE vi vi_of_vf(vf x) { /* to nearest */
  return _mm256_cvtps_epi32(x);
}
GT_INLINE vf vf_of_vi(vi x) {
  return _mm256_cvtepi32_ps(x);
}
GT_INLINE vi vi_of_bits(vf x) {
  return _mm256_castps_si256(x);
}
GT_INLINE vf vf_of_bits(vi x) {
  return _mm256_castsi256_ps(x);
}

GT_INLINE vf vf_load_f16(const uint16_t *p) {
  return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p));
}
GT_INLINE vf vf_load_f64(const double *p) {
  return _mm256_insertf128_ps(_mm256_castps128_ps256(_mm256_cvtpd_ps(_mm256_loadu_pd(p))),
                              _mm256_cvtpd_ps(_mm256_loadu_pd(p + 4)), 1);
}

#endif
