/* Rotary position embedding: one row of cosines and sines turns all heads of a token. */
#ifndef GT_SIMD_ROPE_H
#define GT_SIMD_ROPE_H

#include "cpu/kernel_table.h"
#include "cpu/simd/vec.h"

enum { ROPE_MAX_DIM = 512 };

/* Pairs (i, i + half). */
GT_INLINE void simd_rope_halves(float *x, int64_t half, const float *c, const float *s) {
  for (int64_t i = 0; i < half; i += GT_VL) {
    int64_t lanes = half - i < GT_VL ? half - i : GT_VL;
    vf cosine = vf_load_n(c + i, lanes), sine = vf_load_n(s + i, lanes);
    vf a = vf_load_n(x + i, lanes), b = vf_load_n(x + half + i, lanes);
    vf_store_n(x + i, vf_fnma(b, sine, a * cosine), lanes);
    vf_store_n(x + half + i, vf_fma(a, sine, b * cosine), lanes);
  }
}

/* Pairs (2 i, 2 i + 1): c holds each cosine twice, s each sine as -s, s. */
GT_INLINE void simd_rope_neighbours(float *x, int64_t dim, const float *c, const float *s) {
  for (int64_t i = 0; i < dim; i += GT_VL) {
    int64_t lanes = dim - i < GT_VL ? dim - i : GT_VL;
    vf pairs = vf_load_n(x + i, lanes);
    vf turned = vf_fma(vf_swap_pairs(pairs), vf_load_n(s + i, lanes), pairs * vf_load_n(c + i, lanes));
    vf_store_n(x + i, turned, lanes);
  }
}

static inline void simd_rope(float *x, const int32_t *positions, int64_t tokens, const float *cosines,
                             const float *sines, const gt_rope_params *params) {
  const int64_t half = params->rotary_dim / 2;
  float twice[2][ROPE_MAX_DIM];
  for (int64_t t = 0; t < tokens; t++, x += params->x_stride) {
    const float *c = cosines + positions[t] * half;
    const float *s = sines + positions[t] * half;
    if (!params->interleaved) {
      for (int64_t head = 0; head < params->num_heads; head++) {
        simd_rope_halves(x + head * params->head_dim, half, c, s);
      }
      continue;
    }
    for (int64_t i = 0; i < half; i++) {
      twice[0][2 * i] = twice[0][2 * i + 1] = c[i];
      twice[1][2 * i] = -s[i];
      twice[1][2 * i + 1] = s[i];
    }
    for (int64_t head = 0; head < params->num_heads; head++) {
      simd_rope_neighbours(x + head * params->head_dim, 2 * half, twice[0], twice[1]);
    }
  }
}

#endif
