/* What moves or turns the rows of tokens on the GPU: embed, rope and kv_append. */
#include "core/arithmetic.h"
#include "cuda/alignment.h"
#include "cuda/cuda_call.h"

gt_status gt_run_embed(gt_context *context, const void *table, int32_t table_dtype, int64_t table_rows,
                       int64_t features, int64_t table_stride, const int32_t *ids, int64_t tokens, int32_t accumulate,
                       float *y, int64_t y_stride, char *message, size_t message_size) {
  (void)table_rows;
  gt_cuda_call call = gt_cuda_begin(context, "embed", message, message_size);
  const gt_embed_args args = {
      .table = table,
      .ids = gt_cuda_stage(&call, ids, (size_t)tokens * sizeof *ids),
      .y = y,
      .features = features,
      .pieces = (uint32_t)gt_ceil_div(features, GT_PIECE),
      .table_stride = table_stride,
      .y_stride = y_stride,
      .table_dtype = table_dtype,
      .accumulate = accumulate,
      .vector = gt_aligned(table) && table_stride % 4 == 0 && gt_rows_aligned(y, y_stride),
  };
  gt_cuda_launch(&call, GT_CUDA_embed, (gt_cuda_grid){tokens * args.pieces, 1, 1}, 0, &args);
  return gt_cuda_end(&call);
}

gt_status gt_run_rope(gt_context *context, float *x, const int32_t *positions, const float *cosines, const float *sines,
                      const gt_rope_params *params, char *message, size_t message_size) {
  gt_cuda_call call = gt_cuda_begin(context, "rope", message, message_size);
  const int32_t half = params->rotary_dim / 2;
  const gt_rope_args args = {
      .x = x,
      .positions = gt_cuda_stage(&call, positions, (size_t)params->tokens * sizeof *positions),
      .cosines = cosines,
      .sines = sines,
      .x_stride = params->x_stride,
      .pieces = (uint32_t)gt_ceil_div(params->num_heads * gt_ceil_div(half, 4), GT_PIECE_THREADS),
      .num_heads = params->num_heads,
      .head_dim = params->head_dim,
      .half = half,
      .interleaved = params->interleaved,
      .vector = gt_rows_aligned(x, params->x_stride) && params->head_dim % 4 == 0 && half % 4 == 0 &&
                gt_aligned(cosines) && gt_aligned(sines),
  };
  gt_cuda_launch(&call, GT_CUDA_rope, (gt_cuda_grid){params->tokens * args.pieces, 1, 1}, 0, &args);
  return gt_cuda_end(&call);
}

gt_status gt_run_kv_append(gt_context *context, const float *source, const int32_t *cu_seqlens_new,
                           const int32_t *lengths, const int32_t *block_table, float *blocks,
                           const gt_kv_append_params *params, char *message, size_t message_size) {
  gt_cuda_call call = gt_cuda_begin(context, "kv_append", message, message_size);
  const size_t batch = (size_t)params->batch;
  const gt_kv_append_args args = {
      .source = source,
      .cu_seqlens_new = gt_cuda_stage(&call, cu_seqlens_new, (batch + 1) * sizeof *cu_seqlens_new),
      .lengths = gt_cuda_stage(&call, lengths, batch * sizeof *lengths),
      .block_table =
          gt_cuda_stage(&call, block_table, batch * (size_t)params->blocks_per_sequence * sizeof *block_table),
      .blocks = blocks,
      .features = params->features,
      .pieces = (uint32_t)gt_ceil_div(params->features, GT_PIECE),
      .source_stride = params->source_stride,
      .row_stride = params->row_stride,
      .block_stride = params->block_stride,
      .batch = params->batch,
      .block_size = params->block_size,
      .blocks_per_sequence = params->blocks_per_sequence,
      .vector = gt_rows_aligned(source, params->source_stride) && gt_rows_aligned(blocks, params->row_stride) &&
                params->block_stride % 4 == 0,
  };
  gt_cuda_launch(&call, GT_CUDA_kv_append, (gt_cuda_grid){cu_seqlens_new[params->batch] * args.pieces, 1, 1}, 0, &args);
  return gt_cuda_end(&call);
}
