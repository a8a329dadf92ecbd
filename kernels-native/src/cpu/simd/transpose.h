/* x[i][j] <-> x[j][i] for GT_VL vectors. */
#ifndef GT_TRANSPOSE_H
#define GT_TRANSPOSE_H

#include "cpu/simd/vec.h"

#ifdef __AVX512F__

GT_INLINE void vf_transpose(vf x[GT_VL]) {
  vf pairs[16];
  vf quads[16];
  GT_UNROLL
  for (int i = 0; i < 16; i += 2) { /* 2 x 2 inside each 128-bit lane */
    pairs[i] = _mm512_unpacklo_ps(x[i], x[i + 1]);
    pairs[i + 1] = _mm512_unpackhi_ps(x[i], x[i + 1]);
  }
  GT_UNROLL
  for (int i = 0; i < 16; i += 4) { /* 4 x 4 */
    quads[i] = _mm512_shuffle_ps(pairs[i], pairs[i + 2], _MM_SHUFFLE(1, 0, 1, 0));
    quads[i + 1] = _mm512_shuffle_ps(pairs[i], pairs[i + 2], _MM_SHUFFLE(3, 2, 3, 2));
    quads[i + 2] = _mm512_shuffle_ps(pairs[i + 1], pairs[i + 3], _MM_SHUFFLE(1, 0, 1, 0));
    quads[i + 3] = _mm512_shuffle_ps(pairs[i + 1], pairs[i + 3], _MM_SHUFFLE(3, 2, 3, 2));
  }
  GT_UNROLL
  for (int i = 0; i < 4;
       i++) { /* 4 x 4 of the lanes: quads[4 g + i] holds columns i, i + 4, i + 8, i + 12 of rows 4 g .. */
    vf low = _mm512_shuffle_f32x4(quads[i], quads[i + 4], _MM_SHUFFLE(2, 0, 2, 0));
    vf low_odd = _mm512_shuffle_f32x4(quads[i], quads[i + 4], _MM_SHUFFLE(3, 1, 3, 1));
    vf high = _mm512_shuffle_f32x4(quads[i + 8], quads[i + 12], _MM_SHUFFLE(2, 0, 2, 0));
    vf high_odd = _mm512_shuffle_f32x4(quads[i + 8], quads[i + 12], _MM_SHUFFLE(3, 1, 3, 1));
    x[i] = _mm512_shuffle_f32x4(low, high, _MM_SHUFFLE(2, 0, 2, 0));
    x[i + 8] = _mm512_shuffle_f32x4(low, high, _MM_SHUFFLE(3, 1, 3, 1));
    x[i + 4] = _mm512_shuffle_f32x4(low_odd, high_odd, _MM_SHUFFLE(2, 0, 2, 0));
    x[i + 12] = _mm512_shuffle_f32x4(low_odd, high_odd, _MM_SHUFFLE(3, 1, 3, 1));
  }
}

#else

GT_INLINE void vf_transpose(vf x[GT_VL]) {
  vf pairs[8];
  vf quads[8];
  GT_UNROLL
  for (int i = 0; i < 8; i += 2) {
    pairs[i] = _mm256_unpacklo_ps(x[i], x[i + 1]);
    pairs[i + 1] = _mm256_unpackhi_ps(x[i], x[i + 1]);
  }
  GT_UNROLL
  for (int i = 0; i < 8; i += 4) {
    quads[i] = _mm256_shuffle_ps(pairs[i], pairs[i + 2], _MM_SHUFFLE(1, 0, 1, 0));
    quads[i + 1] = _mm256_shuffle_ps(pairs[i], pairs[i + 2], _MM_SHUFFLE(3, 2, 3, 2));
    quads[i + 2] = _mm256_shuffle_ps(pairs[i + 1], pairs[i + 3], _MM_SHUFFLE(1, 0, 1, 0));
    quads[i + 3] = _mm256_shuffle_ps(pairs[i + 1], pairs[i + 3], _MM_SHUFFLE(3, 2, 3, 2));
  }
  GT_UNROLL
  for (int i = 0; i < 4; i++) {
    x[i] = _mm256_permute2f128_ps(quads[i], quads[i + 4], 0x20);
    x[i + 4] = _mm256_permute2f128_ps(quads[i], quads[i + 4], 0x31);
  }
}

#endif

#endif
