/* gt_disentangled_attention on the GPU: which block does what. */
#include "core/arithmetic.h"
#include "cuda/alignment.h"
#include "cuda/cuda_call.h"

enum { TILES_PER_LAUNCH = 1024 };

static void launch(gt_cuda_call *call, gt_disentangled_args *args, const gt_disentangled_tile *tiles, uint32_t count) {
  const int64_t slices = gt_ceil_div(args->head_dim, GT_DISENTANGLED_SLICE);
  args->tiles = gt_cuda_stage(call, tiles, count * sizeof *tiles);
  args->tile_count = count;
  gt_cuda_launch(call, GT_CUDA_disentangled_attention_f32, (gt_cuda_grid){count * args->num_heads * slices, 1, 1},
                 GT_DISENTANGLED_SHARED_BYTES, args);
}

gt_status gt_run_disentangled_attention(gt_context *context, const float *q, const float *k, const float *v,
                                        const int32_t *cu_seqlens, const float *position_k, const float *position_q,
                                        const int32_t *position_index, float *out, const gt_disentangled_params *params,
                                        char *message, size_t message_size) {
  gt_cuda_call call = gt_cuda_begin(context, "disentangled_attention", message, message_size);
  const gt_disentangled_params *p = params;
  const size_t distances = 2 * (size_t)p->max_distance + 1;
  gt_disentangled_args args = {
      .q = q,
      .k = k,
      .v = v,
      .position_k = position_k,
      .position_q = position_q,
      .position_index = gt_cuda_stage(&call, position_index, distances * sizeof *position_index),
      .out = out,
      .q_stride = p->q_stride,
      .k_stride = p->k_stride,
      .v_stride = p->v_stride,
      .out_stride = p->out_stride,
      .position_k_stride = p->position_k_stride,
      .position_q_stride = p->position_q_stride,
      .scale = p->scale * 1.44269504f,
      .max_distance = p->max_distance,
      .num_heads = p->num_heads,
      .head_dim = p->head_dim,
      .vector = p->head_dim % 4 == 0 && gt_rows_aligned(q, p->q_stride) && gt_rows_aligned(k, p->k_stride) &&
                gt_rows_aligned(v, p->v_stride) && gt_rows_aligned(out, p->out_stride) &&
                (position_k == NULL || gt_rows_aligned(position_k, p->position_k_stride)) &&
                (position_q == NULL || gt_rows_aligned(position_q, p->position_q_stride)),
  };
  gt_disentangled_tile tiles[TILES_PER_LAUNCH];
  uint32_t count = 0;
  for (int32_t b = 0; b < p->batch; b++) {
    const int32_t length = cu_seqlens[b + 1] - cu_seqlens[b];
    for (int32_t token = 0; token < length; token += GT_DISENTANGLED_TILE) {
      tiles[count++] = (gt_disentangled_tile){.begin = cu_seqlens[b], .length = length, .token = token};
      if (count == TILES_PER_LAUNCH) {
        launch(&call, &args, tiles, count);
        count = 0;
      }
    }
  }
  if (count > 0) {
    launch(&call, &args, tiles, count);
  }
  return gt_cuda_end(&call);
}
