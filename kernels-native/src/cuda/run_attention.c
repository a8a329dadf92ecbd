/* gt_attention on the GPU: which kernels, with what. */
#include <math.h>

#include "core/arithmetic.h"
#include "cuda/alignment.h"
#include "cuda/attention_plan.h"
#include "cuda/cuda_call.h"

enum {
  ROW_LANES = 16,                          /* of attention_f32_* */
  WARPS = 4,                               /* of attention_decode_f32 */
  WARP_KEYS = 16,                          /* of a tile */
  ROW_BYTES = 16,                          /* what a kernel notes of a row */
  FEW_ROWS = 2 * GT_ATTENTION_DECODE_ROWS, /* of a sequence and kv head: up to so many are read for, not computed for */
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
/* For bf16 products: of fp32, rounded as they come. */
static const attention_kernel rounded_kernels[] = {
    {GT_CUDA_attention_rounded_32, 32},   {GT_CUDA_attention_rounded_64, 64},   {GT_CUDA_attention_rounded_96, 96},
    {GT_CUDA_attention_rounded_128, 128}, {GT_CUDA_attention_rounded_256, 256},
};
/* Of bf16. A kernel for 96 dims would spill registers; those of 128 give the same bits, zeros more. */
static const attention_kernel bf16_kernels[] = {
    {GT_CUDA_attention_bf16_32, 32},
    {GT_CUDA_attention_bf16_64, 64},
    {GT_CUDA_attention_bf16_128, 128},
    {GT_CUDA_attention_bf16_256, 256},
};
static const attention_kernel biased_bf16_kernels[] = {
    {GT_CUDA_attention_bf16_32, 32},
    {GT_CUDA_attention_bf16_64, 64},
    {GT_CUDA_attention_bf16_128_biased, 128},
    {GT_CUDA_attention_bf16_256, 256},
};
#define COUNT(kernels) (int)(sizeof(kernels) / sizeof *(kernels))

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
  return (size_t)rows * (ROW_BYTES + (ROW_LANES + GT_ATTENTION_KEYS + 4) * sizeof(float)) +
         q_bytes(rows, head_dim, chunk) + 2 * stage_bytes(chunk);
}

static size_t decode_bytes(int64_t head_dim) {
  const int64_t rows = GT_ATTENTION_DECODE_ROWS, chunk = GT_ATTENTION_DECODE_DIMS;
  return (size_t)rows * (ROW_BYTES + WARPS * (WARP_KEYS + 4) * sizeof(float)) + q_bytes(rows, head_dim, chunk) +
         GT_ATTENTION_DECODE_STAGES * stage_bytes(chunk);
}

/* Of keys in tiles of bf16. */
static int64_t keys_of(attention_kernel kernel) {
  return kernel.dims > 128 ? GT_ATTENTION_BF16_WIDE_KEYS : GT_ATTENTION_KEYS;
}

/* Rows of bf16, [rows][dims + 8], behind what is noted of the block's rows. */
static size_t tile_bytes(attention_kernel kernel, int64_t rows) {
  return (size_t)(GT_ATTENTION_BF16_ROWS * ROW_BYTES) + (size_t)(rows * (kernel.dims + 8)) * sizeof(uint16_t);
}

static size_t rounded_bytes(attention_kernel kernel) {
  const int64_t keys = keys_of(kernel);
  const int64_t stages = kernel.dims <= 96 ? 2 : 1;
  return tile_bytes(kernel, 2 * keys + (kernel.dims > 128 ? GT_ATTENTION_BF16_ROWS : 0)) +
         (size_t)(stages * keys * kernel.dims) * sizeof(float);
}

static size_t bf16_bytes(attention_kernel kernel) {
  return tile_bytes(kernel, GT_ATTENTION_BF16_ROWS + 2 * keys_of(kernel));
}

/* What takes the sequences of many rows. */
typedef struct attention_choice {
  gt_cuda_kernel kernel;
  size_t shared;
  int32_t rows;  /* 0: nothing that has room does; they are cut into few rows */
  bool products; /* in bf16 */
} attention_choice;

/* Whether products are in bf16 doesn't depend on how the operands come. */
static attention_choice choose(const gt_attention_params *p, bool biased, size_t limit) {
  const int64_t dims = gt_max(p->head_dim, p->v_head_dim);
  const attention_kernel rounded = kernel_for(rounded_kernels, COUNT(rounded_kernels), dims);
  if (p->compute_dtype == GT_BF16 && dims <= rounded.dims && rounded_bytes(rounded) <= limit) {
    if (p->qkv_dtype == GT_F32) {
      return (attention_choice){rounded.kernel, rounded_bytes(rounded), GT_ATTENTION_BF16_ROWS, true};
    }
    const attention_kernel bf16 = biased ? kernel_for(biased_bf16_kernels, COUNT(biased_bf16_kernels), dims)
                                         : kernel_for(bf16_kernels, COUNT(bf16_kernels), dims);
    return (attention_choice){bf16.kernel, bf16_bytes(bf16), GT_ATTENTION_BF16_ROWS, true};
  }
  const attention_kernel f32 = kernel_for(f32_kernels, COUNT(f32_kernels), p->v_head_dim);
  const size_t shared = f32_bytes(f32, p->head_dim);
  return (attention_choice){f32.kernel, shared, shared <= limit ? GT_ATTENTION_F32_ROWS : 0, false};
}

/* Is every head of every token aligned to 16 bytes? */
static bool vectors(const void *x, int32_t dtype, int64_t stride, int64_t block_stride, int64_t dims) {
  const int64_t elements = dtype == GT_BF16 ? 8 : 4;
  return gt_aligned(x) && stride % elements == 0 && block_stride % elements == 0 && dims % elements == 0;
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
        .out_bf16 = args->out_bf16,
        .group = args->group,
        .kv_heads = args->kv_heads,
        .v_head_dim = args->v_head_dim,
    };
    gt_cuda_launch(call, GT_CUDA_attention_merge_f32, (gt_cuda_grid){plan->merge_count * args->kv_heads, 1, 1}, 0,
                   &merge);
  }
}

/* An operand in fp32, for kernels that take no other, and its rows packed. */
static float *widen(gt_cuda_call *call, const void **x, int64_t *stride, int64_t tokens, int64_t features, float *to) {
  gt_cuda_launch(call, GT_CUDA_attention_widen_f32, (gt_cuda_grid){tokens, 1, 1}, 0,
                 &(gt_attention_widen_args){.from = *x, .to = to, .from_stride = *stride, .features = features});
  *x = to;
  *stride = features;
  return to + tokens * features;
}

static void widen_operands(gt_cuda_call *call, gt_attention_args *args, int64_t q_tokens, int64_t kv_tokens) {
  const int64_t q_features = (int64_t)args->kv_heads * args->group * args->head_dim,
                k_features = (int64_t)args->kv_heads * args->head_dim,
                v_features = (int64_t)args->kv_heads * args->v_head_dim;
  float *to =
      gt_cuda_scratch(call, (size_t)(q_tokens * q_features + kv_tokens * (k_features + v_features)) * sizeof(float));
  if (to != NULL) {
    to = widen(call, &args->q, &args->q_stride, q_tokens, q_features, to);
    to = widen(call, &args->k, &args->k_stride, kv_tokens, k_features, to);
    widen(call, &args->v, &args->v_stride, kv_tokens, v_features, to);
  }
}

gt_status gt_run_attention(gt_context *context, const void *q, const void *k, const void *v,
                           const int32_t *cu_seqlens_q, const int32_t *cu_seqlens_kv, const int32_t *block_table,
                           const float *distance_bias, void *out, const gt_attention_params *params, char *message,
                           size_t message_size) {
  gt_cuda_call call = gt_cuda_begin(context, "attention", message, message_size);
  const gt_attention_params *p = params;
  const bool paged = block_table != NULL;
  const attention_choice many = choose(p, distance_bias != NULL, gt_cuda_shared_limit(context));
  /* Tensor cores take few rows too, of keys that lie in no cache: as accurate as the others of the text, and they read
   * bf16. */
  const int64_t few_rows = many.rows == 0 ? INT64_MAX : many.products && !paged ? 0 : FEW_ROWS;
  gt_attention_plan plan;
  if (!gt_attention_make_plan(&plan, cu_seqlens_q, cu_seqlens_kv, p, few_rows, many.rows,
                              gt_cuda_processors(context))) {
    gt_cuda_fail(&call, GT_OUT_OF_MEMORY, "no memory on the host for the list of blocks");
    return gt_cuda_end(&call);
  }
  const float scale = p->scale * 1.44269504f;
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
      .out_bf16 = p->out_dtype == GT_BF16,
      .out_vectors = vectors(out, p->out_dtype, p->out_stride, 0, p->v_head_dim),
      .scale = scale,
      .positive_scale = scale == 0 ? 1 : fabsf(scale),
      .q_keep = scale == 0 ? 0 : UINT32_MAX,
      .q_flip = scale < 0 ? 0x80008000u : 0,
  };
  int32_t dtype = p->qkv_dtype;
  if (dtype == GT_BF16 &&
      !many.products) { /* not beside partial rows, which are of caches: scratch is asked for once */
    widen_operands(&call, &args, cu_seqlens_q[p->batch], cu_seqlens_kv[p->batch]);
    dtype = GT_F32;
  }
  args.q_vectors = vectors(args.q, dtype, args.q_stride, 0, p->head_dim);
  args.k_vectors = vectors(args.k, dtype, args.k_stride, paged ? p->k_block_stride : 0, p->head_dim);
  args.v_vectors = vectors(args.v, dtype, args.v_stride, paged ? p->v_block_stride : 0, p->v_head_dim);
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
