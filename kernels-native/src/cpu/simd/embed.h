/* Gather: rows of a table, whose next row is asked for while one is read: ids follow no pattern a CPU could guess. */
#ifndef GT_SIMD_EMBED_H
#define GT_SIMD_EMBED_H

#include <stdbool.h>

#include "cpu/simd/widen.h"

/* y (+)= row, and fetches `next`. The loader is a constant after inlining. */
GT_INLINE void simd_embed_row(vf (*load)(const void *row, int64_t i), const void *row, int32_t dtype, int64_t size,
                              const void *next, int64_t features, const bool accumulate, float *y) {
  int64_t i = 0;
  for (; i + GT_VL <= features; i += GT_VL) {
    _mm_prefetch((const char *)next + i * size, _MM_HINT_T0);
    vf value = load(row, i);
    if (accumulate) {
      value = vf_load(y + i) + value;
    }
    vf_store(y + i, value);
  }
  for (; i < features; i++) {
    float value = gt_element(row, dtype, i);
    y[i] = accumulate ? y[i] + value : value;
  }
}

GT_INLINE vf simd_load_row_f32(const void *row, int64_t i) {
  return vf_load((const float *)row + i);
}
GT_INLINE vf simd_load_row_f16(const void *row, int64_t i) {
  return vf_load_f16((const uint16_t *)row + i);
}
GT_INLINE vf simd_load_row_bf16(const void *row, int64_t i) {
  return vf_load_bf16((const uint16_t *)row + i);
}
GT_INLINE vf simd_load_row_f64(const void *row, int64_t i) {
  return vf_load_f64((const double *)row + i);
}

GT_INLINE void simd_embed_rows(vf (*load)(const void *row, int64_t i), const void *table, int32_t dtype, int64_t size,
                               int64_t stride, int64_t features, const int32_t *ids, int64_t tokens,
                               const bool accumulate, float *y, int64_t y_stride) {
  for (int64_t t = 0; t < tokens; t++, y += y_stride) {
    const void *next = gt_address(table, dtype, ids[t + 1 < tokens ? t + 1 : t] * stride);
    simd_embed_row(load, gt_address(table, dtype, ids[t] * stride), dtype, size, next, features, accumulate, y);
  }
}

static inline void simd_embed(const void *table, int32_t dtype, int64_t stride, int64_t features, const int32_t *ids,
                              int64_t tokens, bool accumulate, float *y, int64_t y_stride) {
#define ROWS(load, size)                                                                          \
  if (accumulate) {                                                                               \
    simd_embed_rows(load, table, dtype, size, stride, features, ids, tokens, true, y, y_stride);  \
  } else {                                                                                        \
    simd_embed_rows(load, table, dtype, size, stride, features, ids, tokens, false, y, y_stride); \
  }
  switch (dtype) {
    case GT_F16:
      ROWS(simd_load_row_f16, 2)
      break;
    case GT_BF16:
      ROWS(simd_load_row_bf16, 2)
      break;
    case GT_F64:
      ROWS(simd_load_row_f64, 8)
      break;
    default:
      ROWS(simd_load_row_f32, 4)
      break;
  }
#undef ROWS
}

#endif
