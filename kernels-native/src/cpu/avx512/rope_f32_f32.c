#include "cpu/avx512/avx512.h"
#include "cpu/simd/rope.h"

void gt_avx512_rope(float *x, const int32_t *positions, int64_t tokens, const float *cosines, const float *sines,
                    const gt_rope_params *params) {
  simd_rope(x, positions, tokens, cosines, sines, params);
}
