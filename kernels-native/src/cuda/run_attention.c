/* gt_attention on the GPU: which kernels, with what. */
#include "core/arithmetic.h"
#include "cuda/alignment.h"
#include "cuda/attention_plan.h"
#include "cuda/cuda_call.h"

enum {
  WARPS = 4,      /* of attention_decode_f32 */
  WARP_KEYS = 16, /* of a tile */
  ROW_BYTES = 16, /* what a kernel notes of a row */
};

/* A kernel for sequences of many rows, and the dims of a head it has room for. */
typedef struct attention_kernel {
  gt_cuda_kernel kernel;
  int32_t dims;
} attention_kernel;

static const attention_kernel f32_kernels[] = {
    {GT_CUDA_attention_f32_32, 32},
    {GT_CUDA_attention_f32_64, 64},
    {GT_CUDA_attention_f32_128, 128},
    {GT_CUDA_attention_f32_256, 256}, /* and v in several parts */
};
static const attention_kernel bf16_kernels[] = {
    {GT_CUDA_attention_bf16_32, 32},   {GT_CUDA_attention_bf16_64, 64},   {GT_CUDA_attention_bf16_96, 96},
    {GT_CUDA_attention_bf16_128, 128}, {GT_CUDA_attention_bf16_256, 256},
};

/* The first with room for `dims`, or the last. */
static attention_kernel kernel_for(const attention_kernel *kernels, int count, int64_t dims) {
  int i = 0;
  while (i + 1 < count && kernels[i].dims < dims) {
    i++;
  }
  return kernels[i];
}

/* Shared memory as the kernels lay it out. q is [rows][head_dim in whole chunks + 4], a stage [KEYS][chunk + 4]. */
static size_t q_bytes(int64_t rows, int64_t head_dim, int64_t chunk) {
  return (size_t)(rows * (gt_ceil_div(head_dim, chunk) * chunk + 4)) * sizeof(float);
}

static size_t stage_bytes(int64_t chunk) {
  return (size_t)(GT_ATTENTION_KEYS * (chunk + 4)) * sizeof(float);
}

static size_t f32_bytes(attention_kernel kernel, int64_t head_dim) {
  const int64_t rows = GT_ATTENTION_F32_ROWS, chunk = gt_min(kernel.dims, 64);
  return (size_t)rows * (ROW_BYTES + (1 + GT_ATTENTION_KEYS + 4) * sizeof(float)) + q_bytes(rows, head_dim, chunk) +
         2 * stage_bytes(chunk);
}

static size_t decode_bytes(int64_t head_dim) {
  const int64_t rows = GT_ATTENTION_DECODE_ROWS, chunk = GT_ATTENTION_DECODE_DIMS;
  return (size_t)rows * (ROW_BYTES + WARPS * (WARP_KEYS + 4) * sizeof(float)) + q_bytes(rows, head_dim, chunk) +
         GT_ATTENTION_DECODE_STAGES * stage_bytes(chunk);
}

static size_t bf16_bytes(attention_kernel kernel) {
  const int64_t keys = kernel.dims > 128 ? GT_ATTENTION_BF16_WIDE_KEYS : GT_ATTENTION_KEYS;
  const int64_t stages = kernel.dims <= 96 ? 2 : 1;
  const int64_t bf16_rows = 2 * keys + (kernel.dims > 128 ? GT_ATTENTION_BF16_ROWS : 0);
  return (size_t)(GT_ATTENTION_BF16_ROWS * ROW_BYTES) + (size_t)(stages * keys * kernel.dims) * sizeof(float) +
         (size_t)(bf16_rows * (kernel.dims + 8)) * sizeof(uint16_t);
}

/* What takes the sequences of many rows. */
typedef struct attention_choice {
  gt_cuda_kernel kernel;
  size_t shared;
  int32_t rows; /* 0: nothing that has room does; they are cut into few rows */
} attention_choice;

static attention_choice choose(const gt_attention_params *p, size_t limit) {
  const int64_t dims = gt_max(p->head_dim, p->v_head_dim);
  const attention_kernel bf16 = kernel_for(bf16_kernels, sizeof bf16_kernels / sizeof *bf16_kernels, dims);
  if (p->compute_dtype == GT_BF16 && dims <= bf16.dims && bf16_bytes(bf16) <= limit) {
    return (attention_choice){bf16.kernel, bf16_bytes(bf16), GT_ATTENTION_BF16_ROWS};
  }
  const attention_kernel f32 = kernel_for(f32_kernels, sizeof f32_kernels / sizeof *f32_kernels, p->v_head_dim);
  const size_t shared = f32_bytes(f32, p->head_dim);
  return (attention_choice){f32.kernel, shared, shared <= limit ? GT_ATTENTION_F32_ROWS : 0};
}

/* Is every head of every token aligned to 16 bytes? */
static bool vectors(const float *x, int64_t stride, int64_t block_stride, int64_t dims) {
  return gt_rows_aligned(x, stride) && block_stride % 4 == 0 && dims % 4 == 0;
}

static int32_t shift_of(int32_t block_size) {
  return block_size > 0 && (block_size & (block_size - 1)) == 0 ? __builtin_ctz((unsigned)block_size) : -1;
}

static void launch(gt_cuda_call *call, gt_cuda_kernel kernel, size_t shared, const gt_attention_tiles *tiles,
                   gt_attention_args *args) {
  if (tiles->count > 0) {
    args->tiles = gt_cuda_stage(call, tiles->tiles, (size_t)tiles->count * sizeof *tiles->tiles);
    gt_cuda_launch(call, kernel, (gt_cuda_grid){tiles->count * args->kv_heads * args->v_parts, 1, 1}, shared, args);
  }
}

static void launch_merge(gt_cuda_call *call, const gt_attention_plan *plan, const gt_attention_args *args) {
  if (plan->merge_count > 0) {
    const gt_attention_merge_args merge = {
        .merges = gt_cuda_stage(call, plan->merges, (size_t)plan->merge_count * sizeof *plan->merges),
        .partial_v = args->partial_v,
        .partial_stats = args->partial_stats,
        .out = args->out,
        .out_stride = args->out_stride,
        .group = args->group,
        .kv_heads = args->kv_heads,
        .v_head_dim = args->v_head_dim,
    };
    gt_cuda_launch(call, GT_CUDA_attention_merge_f32, (gt_cuda_grid){plan->merge_count * args->kv_heads, 1, 1}, 0,
                   &merge);
  }
}

gt_status gt_run_attention(gt_context *context, const float *q, const float *k, const float *v,
                           const int32_t *cu_seqlens_q, const int32_t *cu_seqlens_kv, const int32_t *block_table,
                           const float *distance_bias, float *out, const gt_attention_params *params, char *message,
                           size_t message_size) {
  gt_cuda_call call = gt_cuda_begin(context, "attention", message, message_size);
  const gt_attention_params *p = params;
  const bool paged = block_table != NULL;
  const attention_choice many = choose(p, gt_cuda_shared_limit(context));
  gt_attention_plan plan;
  if (!gt_attention_make_plan(&plan, cu_seqlens_q, cu_seqlens_kv, p, many.rows, gt_cuda_processors(context))) {
    gt_cuda_fail(&call, GT_OUT_OF_MEMORY, "no memory on the host for the list of blocks");
    return gt_cuda_end(&call);
  }
  gt_attention_args args = {
      .q = q,
      .k = k,
      .v = v,
      .out = out,
      .distance_bias = distance_bias,
      .q_stride = p->q_stride,
      .k_stride = p->k_stride,
      .v_stride = p->v_stride,
      .out_stride = p->out_stride,
      .k_block_stride = p->k_block_stride,
      .v_block_stride = p->v_block_stride,
      .group = p->num_heads / p->num_kv_heads,
      .kv_heads = p->num_kv_heads,
      .v_parts = (int32_t)gt_ceil_div(p->v_head_dim, GT_ATTENTION_V_DIMS),
      .head_dim = p->head_dim,
      .v_head_dim = p->v_head_dim,
      .block_size = p->block_size,
      .block_shift = shift_of(p->block_size),
      .blocks_per_sequence = p->blocks_per_sequence,
      .causal = p->causal,
      .sliding_window = p->sliding_window,
      .bias_distance = p->bias_distance,
      .q_vectors = vectors(q, p->q_stride, 0, p->head_dim),
      .k_vectors = vectors(k, p->k_stride, paged ? p->k_block_stride : 0, p->head_dim),
      .v_vectors = vectors(v, p->v_stride, paged ? p->v_block_stride : 0, p->v_head_dim),
      .scale = p->scale * 1.44269504f,
  };
  if (paged) {
    args.block_table =
        gt_cuda_stage(&call, block_table, (size_t)p->batch * (size_t)p->blocks_per_sequence * sizeof *block_table);
  }
  if (plan.partial_rows > 0) {
    args.partial_v = gt_cuda_scratch(&call, (size_t)plan.partial_rows * ((size_t)p->v_head_dim + 2) * sizeof(float));
    if (args.partial_v != NULL) {
      args.partial_stats = args.partial_v + plan.partial_rows * p->v_head_dim;
    }
  }
  launch(&call, many.kernel, many.shared, &plan.many, &args);
  launch(&call, GT_CUDA_attention_decode_f32, decode_bytes(p->head_dim), &plan.few, &args);
  launch_merge(&call, &plan, &args);
  gt_attention_free_plan(&plan);
  return gt_cuda_end(&call);
}
