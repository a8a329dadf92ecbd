/* Comparisons and masks beyond vec.h. */
#ifndef GT_VEC_COMPARE_H
#define GT_VEC_COMPARE_H

#include <stdbool.h>

#include "cpu/simd/vec.h"

#ifdef __AVX512F__

GT_INLINE vm vm_eq(vf a, vf b) {
  return _mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ);
}
GT_INLINE bool vm_any(vm m) {
  return m != 0;
}
GT_INLINE vm vi_gt(vi a, vi b) {
  return _mm512_cmpgt_epi32_mask(a, b);
}

#else

GT_INLINE vm vm_eq(vf a, vf b) {
  return _mm256_cmp_ps(a, b, _CMP_EQ_OQ);
}
GT_INLINE bool vm_any(vm m) {
  return _mm256_movemask_ps(m) != 0;
}
GT_INLINE vm vi_gt(vi a, vi b) {
  return _mm256_castsi256_ps(_mm256_cmpgt_epi32(a, b));
}

#endif

#endif
