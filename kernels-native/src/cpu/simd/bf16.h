/* fp32 to bf16, to nearest even. A word is two bf16 values, the first in its low half, as they lie in memory. */
#ifndef GT_SIMD_BF16_H
#define GT_SIMD_BF16_H

#include "cpu/reference/convert.h"
#include "cpu/simd/vec.h"

/* The rounded values in the upper halves of the lanes, which are not cleared below. */
GT_INLINE vi vi_round_bf16(vf x) {
  vi bits = vi_of_bits(x);
  vi even = vi_and(vi_shift_right(bits, 16), vi_set1(1));
  vi rounded = vi_add(bits, vi_add(vi_set1(0x7fff), even));
  /* Rounding could turn a NaN into infinity. */
  return vi_of_bits(vf_select(vm_number(x), vf_of_bits(rounded), vf_of_bits(vi_set1(0x7fc00000))));
}

/* Lane by lane the word of two values. */
GT_INLINE vf vf_bf16_words(vf first, vf second) {
#ifdef __AVX512BF16__
  const __m512i side_by_side = (__m512i)_mm512_cvtne2ps_pbh(second, first);
  const __m512i order = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6, 21,
                                         5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
  return vf_of_bits(_mm512_permutexvar_epi16(order, side_by_side));
#else
  vi low = vi_shift_right_zero(vi_round_bf16(first), 16);
  vi high = vi_and(vi_round_bf16(second), vi_set1((int32_t)0xffff0000));
  return vf_of_bits(vi_or(low, high));
#endif
}

/* Rounds and stores the first n lanes. */
GT_INLINE void vf_store_bf16_n(uint16_t *p, vf x, int64_t n) {
#ifdef __AVX512BF16__
  _mm256_mask_storeu_epi16(p, vm_first(n), (__m256i)_mm512_cvtneps_pbh(x));
#else
  vi_store_u16_n(p, vi_shift_right_zero(vi_round_bf16(x), 16), n);
#endif
}

/* words[(count + 1) / 2] = x[count]; 0 behind an odd count. */
static inline void simd_to_bf16(const float *x, int64_t count, float *words) {
  uint16_t *to = (uint16_t *)(void *)words;
  int64_t i = 0;
#ifdef __AVX512BF16__
  for (; i + 2 * GT_VL <= count; i += 2 * GT_VL) {
    __m512bh both = _mm512_cvtne2ps_pbh(vf_load(x + i + GT_VL), vf_load(x + i));
    _mm512_storeu_si512(to + i, (__m512i)both);
  }
#endif
  for (; i + GT_VL <= count; i += GT_VL) {
    vi_store_u16(to + i, vi_shift_right_zero(vi_round_bf16(vf_load(x + i)), 16));
  }
  for (; i < count; i++) {
    to[i] = gt_bf16_of_float(x[i]);
  }
  if (count % 2 != 0) {
    to[count] = 0;
  }
}

/* The same of bf16 values. Vector by vector: the rows are too short for what memcpy asks itself first. */
static inline void simd_copy_bf16(const uint16_t *x, int64_t count, float *words) {
  uint16_t *to = (uint16_t *)(void *)words;
  int64_t i = 0;
  for (; i + 2 * GT_VL <= count; i += 2 * GT_VL) {
    vi_store(to + i, vi_load(x + i));
  }
  for (; i < count; i++) {
    to[i] = x[i];
  }
  if (count % 2 != 0) {
    to[count] = 0;
  }
}

#endif
