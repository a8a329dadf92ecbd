#include "cpu/avx512/avx512.h"
#include "cpu/simd/embed.h"

void gt_avx512_embed(const void *table, int32_t table_dtype, int64_t features, const int32_t *ids, int64_t tokens,
                     bool accumulate, float *y) {
  simd_embed(table, table_dtype, features, ids, tokens, accumulate, y);
}
