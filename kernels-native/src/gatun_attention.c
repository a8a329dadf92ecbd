#include "core/context.h"

gt_status gt_attention(gt_context *context, const float *q, const float *k, const float *v, const int32_t *cu_seqlens_q,
                       const int32_t *cu_seqlens_kv, const int32_t *block_table, const float *distance_bias, float *out,
                       const gt_attention_params *params, char *message, size_t message_size) {
  GT_REQUIRE_NOT_NULL("attention", context);
  GT_REQUIRE_PARAMS("attention", params, gt_attention_params);
  (void)q, (void)k, (void)v, (void)cu_seqlens_q, (void)cu_seqlens_kv, (void)block_table, (void)distance_bias;
  (void)out;
  return gt_fail(GT_UNSUPPORTED, message, message_size, "attention: tier %s has no attention kernel.",
                 context->kernels->name);
}
