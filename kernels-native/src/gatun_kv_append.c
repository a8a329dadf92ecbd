#include <inttypes.h>

#include "core/device.h"

gt_status gt_kv_append(gt_context *context, const float *source, const int32_t *cu_seqlens_new, const int32_t *lengths,
                       const int32_t *block_table, float *blocks, const gt_kv_append_params *params, char *message,
                       size_t message_size) {
  GT_REQUIRE_NOT_NULL("kv_append", context);
  GT_REQUIRE_PARAMS("kv_append", params, gt_kv_append_params);
  const int32_t batch = params->batch;
  GT_REQUIRE(batch >= 0, "kv_append: batch is %d.", batch);
  GT_REQUIRE(params->features >= 1, "kv_append: features is %" PRId64 ".", params->features);
  GT_REQUIRE(params->source_stride >= params->features && params->row_stride >= params->features,
             "kv_append: source_stride %" PRId64 " and row_stride %" PRId64 " must be at least features, %" PRId64 ".",
             params->source_stride, params->row_stride, params->features);
  GT_REQUIRE(params->block_size >= 1 && params->blocks_per_sequence >= 0,
             "kv_append: block_size is %d and blocks_per_sequence is %d.", params->block_size,
             params->blocks_per_sequence);
  if (batch == 0) {
    return GT_OK;
  }
  GT_REQUIRE_NOT_NULL("kv_append", cu_seqlens_new);
  GT_REQUIRE_NOT_NULL("kv_append", lengths);
  GT_REQUIRE(cu_seqlens_new[0] == 0, "kv_append: cu_seqlens_new starts with %d, not 0.", cu_seqlens_new[0]);
  const int64_t capacity = (int64_t)params->blocks_per_sequence * params->block_size;
  for (int32_t b = 0; b < batch; b++) {
    const int64_t tokens = (int64_t)cu_seqlens_new[b + 1] - cu_seqlens_new[b];
    GT_REQUIRE(tokens >= 0, "kv_append: cu_seqlens_new falls from %d to %d at sequence %d.", cu_seqlens_new[b],
               cu_seqlens_new[b + 1], b);
    GT_REQUIRE(lengths[b] >= 0 && lengths[b] + tokens <= capacity,
               "kv_append: sequence %d holds %d tokens and gets %" PRId64 "; its %d blocks of %d hold %" PRId64 ".", b,
               lengths[b], tokens, params->blocks_per_sequence, params->block_size, capacity);
  }
  if (cu_seqlens_new[batch] == 0) {
    return GT_OK;
  }
  GT_REQUIRE_NOT_NULL("kv_append", source);
  GT_REQUIRE_NOT_NULL("kv_append", block_table);
  GT_REQUIRE_NOT_NULL("kv_append", blocks);
  for (int32_t b = 0; b < batch; b++) {
    const int64_t tokens = cu_seqlens_new[b + 1] - cu_seqlens_new[b];
    for (int64_t i = lengths[b] / params->block_size; i * params->block_size < lengths[b] + tokens; i++) {
      const int32_t block = block_table[(int64_t)b * params->blocks_per_sequence + i];
      GT_REQUIRE(block >= 0, "kv_append: block_table names block %d for tokens of sequence %d.", block, b);
    }
  }
  return gt_run_kv_append(context, source, cu_seqlens_new, lengths, block_table, blocks, params, message, message_size);
}
