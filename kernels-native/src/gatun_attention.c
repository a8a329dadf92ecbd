#include <inttypes.h>
#include <math.h>

#include "core/arithmetic.h"
#include "core/device.h"

enum { MAX_HEAD_DIM = 512 };

/* cu_seqlens: `batch` + 1 offsets from 0 that never fall. */
static gt_status check_offsets(const char *name, const int32_t *offsets, int32_t batch, char *message,
                               size_t message_size) {
  GT_REQUIRE(offsets != NULL, "attention: %s is NULL.", name);
  GT_REQUIRE(offsets[0] == 0, "attention: %s[0] is %d; it must be 0.", name, offsets[0]);
  for (int32_t i = 0; i < batch; i++) {
    GT_REQUIRE(offsets[i + 1] >= offsets[i], "attention: %s falls from %d to %d at sequence %d.", name, offsets[i],
               offsets[i + 1], i);
  }
  return GT_OK;
}

static gt_status check_params(const gt_attention_params *p, const int32_t *block_table, const float *distance_bias,
                              char *message, size_t message_size) {
  GT_REQUIRE(p->batch >= 0, "attention: batch is %d.", p->batch);
  GT_REQUIRE(p->num_heads >= 1 && p->num_kv_heads >= 1 && p->num_heads % p->num_kv_heads == 0,
             "attention: num_heads %d is not a multiple of num_kv_heads %d.", p->num_heads, p->num_kv_heads);
  GT_REQUIRE(p->head_dim >= 1 && p->head_dim <= MAX_HEAD_DIM, "attention: head_dim is %d; supported are 1 to %d.",
             p->head_dim, MAX_HEAD_DIM);
  GT_REQUIRE(p->v_head_dim >= 1 && p->v_head_dim <= MAX_HEAD_DIM, "attention: v_head_dim is %d; supported are 1 to %d.",
             p->v_head_dim, MAX_HEAD_DIM);
  GT_REQUIRE(p->causal == 0 || p->causal == 1, "attention: causal is %d; it must be 0 or 1.", p->causal);
  GT_REQUIRE(p->compute_dtype == GT_F32 || p->compute_dtype == GT_BF16,
             "attention: compute_dtype is %d; expected %d (f32) or %d (bf16).", p->compute_dtype, GT_F32, GT_BF16);
  GT_REQUIRE(isfinite(p->scale), "attention: scale is %g.", (double)p->scale);
  int64_t q_features = (int64_t)p->num_heads * p->head_dim;
  int64_t k_features = (int64_t)p->num_kv_heads * p->head_dim;
  int64_t v_features = (int64_t)p->num_kv_heads * p->v_head_dim;
  int64_t out_features = (int64_t)p->num_heads * p->v_head_dim;
  GT_REQUIRE(p->q_stride >= q_features, "attention: q_stride %" PRId64 " is less than the %" PRId64 " of a token.",
             p->q_stride, q_features);
  GT_REQUIRE(p->k_stride >= k_features, "attention: k_stride %" PRId64 " is less than the %" PRId64 " of a token.",
             p->k_stride, k_features);
  GT_REQUIRE(p->v_stride >= v_features, "attention: v_stride %" PRId64 " is less than the %" PRId64 " of a token.",
             p->v_stride, v_features);
  GT_REQUIRE(p->out_stride >= out_features,
             "attention: out_stride %" PRId64 " is less than the %" PRId64 " of a token.", p->out_stride, out_features);
  GT_REQUIRE((distance_bias != NULL) == (p->bias_distance > 0),
             "attention: bias_distance is %d and distance_bias is %s NULL.", p->bias_distance,
             distance_bias == NULL ? "" : "not");
  GT_REQUIRE((block_table != NULL) == (p->block_size > 0), "attention: block_size is %d and block_table is %s NULL.",
             p->block_size, block_table == NULL ? "" : "not");
  GT_REQUIRE(p->sliding_window >= 0, "attention: sliding_window is %d; it must be 0 (none) or more.",
             p->sliding_window);
  if (p->softcap != 0) {
    return gt_fail(GT_UNSUPPORTED, message, message_size,
                   "attention: softcap is %g; this library has no soft-capped attention, only 0.", (double)p->softcap);
  }
  return GT_OK;
}

static gt_status check_blocks(const gt_attention_params *p, const int32_t *cu_seqlens_kv, const int32_t *block_table,
                              char *message, size_t message_size) {
  for (int32_t sequence = 0; sequence < p->batch; sequence++) {
    int64_t length = cu_seqlens_kv[sequence + 1] - cu_seqlens_kv[sequence];
    int64_t used = gt_ceil_div(length, p->block_size);
    GT_REQUIRE(used <= p->blocks_per_sequence,
               "attention: sequence %d has %" PRId64 " keys, %" PRId64
               " blocks of %d; block_table has %d per sequence.",
               sequence, length, used, p->block_size, p->blocks_per_sequence);
    for (int64_t i = 0; i < used; i++) {
      int32_t block = block_table[(int64_t)sequence * p->blocks_per_sequence + i];
      GT_REQUIRE(block >= 0, "attention: block %" PRId64 " of sequence %d is %d in block_table.", i, sequence, block);
    }
  }
  return GT_OK;
}

gt_status gt_attention(gt_context *context, const float *q, const float *k, const float *v, const int32_t *cu_seqlens_q,
                       const int32_t *cu_seqlens_kv, const int32_t *block_table, const float *distance_bias, float *out,
                       const gt_attention_params *params, char *message, size_t message_size) {
  GT_REQUIRE_NOT_NULL("attention", context);
  GT_REQUIRE_PARAMS("attention", params, gt_attention_params);
  gt_status status = check_params(params, block_table, distance_bias, message, message_size);
  if (status == GT_OK) {
    status = check_offsets("cu_seqlens_q", cu_seqlens_q, params->batch, message, message_size);
  }
  if (status == GT_OK) {
    status = check_offsets("cu_seqlens_kv", cu_seqlens_kv, params->batch, message, message_size);
  }
  if (status == GT_OK && block_table != NULL) {
    status = check_blocks(params, cu_seqlens_kv, block_table, message, message_size);
  }
  if (status != GT_OK || cu_seqlens_q[params->batch] == 0) {
    return status;
  }
  GT_REQUIRE_NOT_NULL("attention", q);
  GT_REQUIRE_NOT_NULL("attention", out);
  GT_REQUIRE(cu_seqlens_kv[params->batch] == 0 || (k != NULL && v != NULL), "attention: %s is NULL.",
             k == NULL ? "k" : "v");
  return gt_run_attention(context, q, k, v, cu_seqlens_q, cu_seqlens_kv, block_table, distance_bias, out, params,
                          message, message_size);
}
