#include <string.h>

#include "cpu/context.h"

/* Copies are bound by memory: one thread, no kernel table row. */
static void append(const float *source, int64_t tokens, int64_t position, const int32_t *table, float *blocks,
                   const gt_kv_append_params *params) {
  for (int64_t t = 0; t < tokens; t++, position++) {
    float *block = blocks + table[position / params->block_size] * params->block_stride;
    memcpy(block + position % params->block_size * params->row_stride, source + t * params->source_stride,
           (size_t)params->features * sizeof(float));
  }
}

gt_status gt_run_kv_append(gt_context *context, const float *source, const int32_t *cu_seqlens_new,
                           const int32_t *lengths, const int32_t *block_table, float *blocks,
                           const gt_kv_append_params *params, char *message, size_t message_size) {
  (void)context, (void)message, (void)message_size;
  for (int32_t b = 0; b < params->batch; b++) {
    append(source + cu_seqlens_new[b] * params->source_stride, cu_seqlens_new[b + 1] - cu_seqlens_new[b], lengths[b],
           block_table + (int64_t)b * params->blocks_per_sequence, blocks, params);
  }
  return GT_OK;
}
