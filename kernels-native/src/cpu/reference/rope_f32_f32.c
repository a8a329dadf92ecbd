#include "cpu/reference/reference.h"

void gt_reference_rope(float *x, const int32_t *positions, int64_t tokens, const float *cosines, const float *sines,
                       const gt_rope_params *params) {
  const int64_t half = params->rotary_dim / 2;
  const int64_t step = params->interleaved ? 2 : 1;     /* from one pair to the next */
  const int64_t apart = params->interleaved ? 1 : half; /* within a pair */
  for (int64_t t = 0; t < tokens; t++, x += params->x_stride) {
    const float *c = cosines + positions[t] * half;
    const float *s = sines + positions[t] * half;
    for (int64_t head = 0; head < params->num_heads; head++) {
      float *pair = x + head * params->head_dim;
      for (int64_t i = 0; i < half; i++, pair += step) {
        double a = pair[0], b = pair[apart];
        pair[0] = (float)(a * c[i] - b * s[i]);
        pair[apart] = (float)(b * c[i] + a * s[i]);
      }
    }
  }
}
