#include <inttypes.h>

#include "core/device.h"

enum { MAX_HEAD_DIM = 512 };

gt_status gt_rope(gt_context *context, float *x, const int32_t *positions, const float *cosines, const float *sines,
                  const gt_rope_params *params, char *message, size_t message_size) {
  GT_REQUIRE_NOT_NULL("rope", context);
  GT_REQUIRE_PARAMS("rope", params, gt_rope_params);
  const gt_rope_params *p = params;
  GT_REQUIRE(p->num_heads >= 1, "rope: num_heads is %d.", p->num_heads);
  GT_REQUIRE(p->head_dim >= 2 && p->head_dim <= MAX_HEAD_DIM, "rope: head_dim is %d; supported are 2 to %d.",
             p->head_dim, MAX_HEAD_DIM);
  GT_REQUIRE(p->rotary_dim >= 2 && p->rotary_dim <= p->head_dim && p->rotary_dim % 2 == 0,
             "rope: rotary_dim is %d; expected an even number from 2 to head_dim, %d.", p->rotary_dim, p->head_dim);
  GT_REQUIRE(p->interleaved == 0 || p->interleaved == 1, "rope: interleaved is %d; expected 0 or 1.", p->interleaved);
  GT_REQUIRE(p->tokens >= 0, "rope: tokens is %" PRId64 ".", p->tokens);
  const int64_t features = (int64_t)p->num_heads * p->head_dim;
  GT_REQUIRE(p->x_stride >= features, "rope: x_stride %" PRId64 " is less than the %" PRId64 " of a token.",
             p->x_stride, features);
  GT_REQUIRE(p->table_rows >= 0, "rope: table_rows is %" PRId64 ".", p->table_rows);
  if (p->tokens == 0) {
    return GT_OK;
  }
  GT_REQUIRE_NOT_NULL("rope", x);
  GT_REQUIRE_NOT_NULL("rope", positions);
  GT_REQUIRE_NOT_NULL("rope", cosines);
  GT_REQUIRE_NOT_NULL("rope", sines);
  for (int64_t t = 0; t < p->tokens; t++) {
    GT_REQUIRE(positions[t] >= 0 && positions[t] < p->table_rows,
               "rope: position %d of token %" PRId64 " is outside the tables, which have %" PRId64 " rows.",
               positions[t], t, p->table_rows);
  }
  return gt_run_rope(context, x, positions, cosines, sines, params, message, message_size);
}
