#ifndef GT_SIMD_EMBED_H
#define GT_SIMD_EMBED_H

#include <stdbool.h>

#include "cpu/simd/widen.h"

static inline void simd_add_row(const void *row, int32_t dtype, float *y, int64_t features) {
  enum { CHUNK = 8 * GT_VL };
  float chunk[CHUNK];
  for (int64_t i = 0; i < features; i += CHUNK) {
    int64_t n = features - i < CHUNK ? features - i : CHUNK;
    simd_widen(simd_element(row, dtype, i), dtype, chunk, n);
    for (int64_t j = 0; j < n; j += GT_VL) {
      int64_t lanes = n - j < GT_VL ? n - j : GT_VL;
      vf_store_n(y + i + j, vf_load_n(y + i + j, lanes) + vf_load_n(chunk + j, lanes), lanes);
    }
  }
}

static inline void simd_embed(const void *table, int32_t dtype, int64_t features, const int32_t *ids, int64_t tokens,
                              bool accumulate, float *y) {
  for (int64_t t = 0; t < tokens; t++, y += features) {
    const void *row = simd_element(table, dtype, ids[t] * features);
    if (accumulate) {
      simd_add_row(row, dtype, y, features);
    } else {
      simd_widen(row, dtype, y, features);
    }
  }
}

#endif
