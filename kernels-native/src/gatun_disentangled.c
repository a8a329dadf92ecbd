#include <inttypes.h>
#include <math.h>
#include <stdbool.h>

#include "core/device.h"

enum { MAX_HEAD_DIM = 512 };

static gt_status check_params(const gt_disentangled_params *p, bool position_k, bool position_q, char *message,
                              size_t message_size) {
  GT_REQUIRE(p->batch >= 0, "disentangled_attention: batch is %d.", p->batch);
  GT_REQUIRE(p->num_heads >= 1, "disentangled_attention: num_heads is %d.", p->num_heads);
  GT_REQUIRE(p->head_dim >= 1 && p->head_dim <= MAX_HEAD_DIM,
             "disentangled_attention: head_dim is %d; supported are 1 to %d.", p->head_dim, MAX_HEAD_DIM);
  GT_REQUIRE(isfinite(p->scale), "disentangled_attention: scale is %g.", (double)p->scale);
  GT_REQUIRE(p->max_distance >= 1, "disentangled_attention: max_distance is %d; it must be at least 1.",
             p->max_distance);
  GT_REQUIRE(p->compute_dtype == GT_F32 || p->compute_dtype == GT_BF16,
             "disentangled_attention: compute_dtype is %d; expected %d (f32) or %d (bf16).", p->compute_dtype, GT_F32,
             GT_BF16);
  const struct {
    const char *name;
    int64_t stride;
    bool used;
  } strides[] = {
      {"q_stride", p->q_stride, true},
      {"k_stride", p->k_stride, true},
      {"v_stride", p->v_stride, true},
      {"out_stride", p->out_stride, true},
      {"position_k_stride", p->position_k_stride, position_k},
      {"position_q_stride", p->position_q_stride, position_q},
  };
  const int64_t features = (int64_t)p->num_heads * p->head_dim;
  for (size_t i = 0; i < sizeof strides / sizeof strides[0]; i++) {
    GT_REQUIRE(!strides[i].used || strides[i].stride >= features,
               "disentangled_attention: %s %" PRId64 " is less than the %" PRId64 " of a row.", strides[i].name,
               strides[i].stride, features);
  }
  return GT_OK;
}

static gt_status check_tables(const gt_disentangled_params *p, const int32_t *cu_seqlens, const int32_t *position_index,
                              char *message, size_t message_size) {
  GT_REQUIRE_NOT_NULL("disentangled_attention", cu_seqlens);
  GT_REQUIRE(cu_seqlens[0] == 0, "disentangled_attention: cu_seqlens[0] is %d; it must be 0.", cu_seqlens[0]);
  for (int32_t i = 0; i < p->batch; i++) {
    GT_REQUIRE(cu_seqlens[i + 1] >= cu_seqlens[i],
               "disentangled_attention: cu_seqlens falls from %d to %d at sequence %d.", cu_seqlens[i],
               cu_seqlens[i + 1], i);
  }
  GT_REQUIRE_NOT_NULL("disentangled_attention", position_index);
  for (int64_t i = 0; i <= 2 * (int64_t)p->max_distance; i++) {
    GT_REQUIRE(position_index[i] >= 0 && position_index[i] < p->positions,
               "disentangled_attention: position_index of distance %" PRId64 " is %d; there are %d positions.",
               i - p->max_distance, position_index[i], p->positions);
  }
  return GT_OK;
}

gt_status gt_disentangled_attention(gt_context *context, const float *q, const float *k, const float *v,
                                    const int32_t *cu_seqlens, const float *position_k, const float *position_q,
                                    const int32_t *position_index, float *out, const gt_disentangled_params *params,
                                    char *message, size_t message_size) {
  GT_REQUIRE_NOT_NULL("disentangled_attention", context);
  GT_REQUIRE_PARAMS("disentangled_attention", params, gt_disentangled_params);
  gt_status status = check_params(params, position_k != NULL, position_q != NULL, message, message_size);
  if (status == GT_OK) {
    status = check_tables(params, cu_seqlens, position_index, message, message_size);
  }
  if (status != GT_OK || cu_seqlens[params->batch] == 0) {
    return status;
  }
  GT_REQUIRE_NOT_NULL("disentangled_attention", q);
  GT_REQUIRE_NOT_NULL("disentangled_attention", k);
  GT_REQUIRE_NOT_NULL("disentangled_attention", v);
  GT_REQUIRE_NOT_NULL("disentangled_attention", out);
  return gt_run_disentangled_attention(context, q, k, v, cu_seqlens, position_k, position_q, position_index, out,
                                       params, message, message_size);
}
