#include "cpu/avx512/avx512.h"
#include "cpu/simd/embed.h"

void gt_avx512_embed(const void *table, int32_t table_dtype, int64_t table_stride, int64_t features, const int32_t *ids,
                     int64_t tokens, bool accumulate, float *y, int64_t y_stride) {
  simd_embed(table, table_dtype, table_stride, features, ids, tokens, accumulate, y, y_stride);
}
