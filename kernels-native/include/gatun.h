/*
 * gatun.h: the whole ABI between Gatun's runtime and a device library (libgatun on the CPU; a CUDA library
 * implements the same functions).
 *
 * Conventions
 *  - Every call that can fail returns gt_status and writes a NUL-terminated sentence (what was found, what was
 *    expected) to `message`, at most `message_size` bytes including the NUL; `message` may be NULL.
 *  - Plain pointers are direct parameters, never inside structs. Scalars beyond about eight travel in a
 *    `const gt_<op>_params *` whose first field is `uint32_t struct_size` (sizeof the caller's struct).
 *  - Tensor pointers (float, and the tables of gt_embed) are memory of the context's device (gt_allocate, or for the
 *    CPU any host memory). No alignment beyond that of the element type is required; strides are in elements.
 *  - Index arrays (int32_t: ids, positions, offsets, block tables) and params are host memory on every device, done
 *    with when the call returns. Weights and biases given to gt_linear_pack are host memory too.
 *  - On a GPU an op returns when it is queued. Ops of one context run in the order of their calls; gt_download,
 *    gt_argmax and gt_synchronize wait for them.
 *  - Tokens are packed: a batch is one [tokens, features] matrix plus cu_seqlens (int32 offsets, length batch + 1,
 *    first 0, last = tokens). No padding, no mask tensor.
 *  - No globals, no environment variables, no exit or abort on input, no allocation inside ops (scratch belongs to
 *    the context). A context may be used from many threads at once; a fork of one (gt_context_fork) by one at a time.
 *  - Compute is fp32 unless said otherwise.
 */
#ifndef GATUN_H
#define GATUN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(_WIN32)
#define GT_API __declspec(dllexport)
#else
#define GT_API __attribute__((visibility("default")))
#endif

/* Raised whenever a signature, enum value or struct layout changes. */
#define GT_ABI_VERSION 4

typedef enum gt_status {
  GT_OK = 0,
  GT_INVALID_ARGUMENT = 1, /* shape, stride, id or NULL the op can't take */
  GT_OUT_OF_MEMORY = 2,
  GT_UNSUPPORTED = 3, /* valid, but this device or tier has no kernel for it */
  GT_INTERNAL = 4,
  GT_NO_DEVICE = 5,          /* no driver, no device, or none of that index */
  GT_DRIVER_TOO_OLD = 6,     /* the driver can't run what this library was built with */
  GT_UNSUPPORTED_DEVICE = 7, /* a device that this library has no code for */
  GT_DEVICE_LOST = 8,        /* the device failed or was reset: the context and its memory are of no more use */
} gt_status;

typedef enum gt_dtype {
  GT_F32 = 0,
  GT_F16 = 1,
  GT_BF16 = 2,
  GT_F64 = 3, /* weights and tables only: rounded to fp32 when read */
} gt_dtype;

/* CPU tiers in ascending order; GT_TIER_AUTO picks the best the CPU runs. The CUDA library has one tier. */
typedef enum gt_tier {
  GT_TIER_AUTO = -1,
  GT_TIER_REFERENCE = 0,   /* scalar C, the oracle */
  GT_TIER_AVX2 = 1,        /* AVX2 + FMA + F16C */
  GT_TIER_AVX512 = 2,      /* AVX-512 F/BW/DQ/VL */
  GT_TIER_AVX512_BF16 = 3, /* the same and vdpbf16ps for compute in GT_BF16 */
  GT_TIER_CUDA = 64,
} gt_tier;

/* Formulas: hf-compatibility C0 = transformers activations.py. */
typedef enum gt_activation {
  GT_ACT_IDENTITY = 0,
  GT_ACT_GELU_ERF = 1,  /* x/2 (1 + erf(x / sqrt 2)) */
  GT_ACT_GELU_TANH = 2, /* x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) */
  GT_ACT_QUICK_GELU = 3,
  GT_ACT_RELU = 4,
  GT_ACT_SILU = 5,
  GT_ACT_TANH = 6,
  GT_ACT_SIGMOID = 7,
  GT_ACT_RELU2 = 8, /* relu(x)^2 */
  GT_ACT_RELU6 = 9,
  GT_ACT_GELU_10 = 10, /* clip(gelu_erf, -10, 10) */
  GT_ACT_MISH = 11,
  GT_ACT_HARDSWISH = 12,
  GT_ACT_LEAKY_RELU = 13, /* slope 0.01 */
} gt_activation;

/* How a weight matrix lies in memory. */
typedef enum gt_weight_layout {
  GT_OUT_IN = 0, /* [out_features, in_features]: torch.nn.Linear */
  GT_IN_OUT = 1, /* [in_features, out_features]: GPT-2's Conv1D */
} gt_weight_layout;

typedef struct gt_context gt_context; /* device, tier, thread pool or stream, scratch */
typedef struct gt_linear gt_linear;   /* packed weights and bias of one (possibly fused) linear layer */

/* ---- library ------------------------------------------------------------------------------------------------ */

GT_API uint32_t gt_abi_version(void);

/* Layout of every public struct, one line each, "gt_linear_params size=.. field@offset:bytes ...": the binding's
 * tests compare it with their own layouts. Static string. */
GT_API const char *gt_layout(void);

/* "reference", "avx2", ...; NULL for an unknown value. Static string. */
GT_API const char *gt_tier_name(int32_t tier);

/* Best tier this CPU and OS can run; GT_TIER_CUDA from the CUDA library. */
GT_API int32_t gt_best_tier(void);

/* ---- devices ------------------------------------------------------------------------------------------------ */

enum { GT_DEVICE_NAME_BYTES = 128 };

typedef struct gt_device_info {
  uint32_t struct_size;
  int32_t usable;        /* 1, or 0: gt_context_create would fail, with the status and message of the call */
  int32_t compute_major; /* CUDA compute capability; 0 for the CPU */
  int32_t compute_minor;
  int32_t driver_version; /* as CUDA counts: 1000 major + 10 minor; 0 for the CPU */
  int32_t processors;     /* streaming multiprocessors, or CPUs this process may use */
  int64_t total_bytes;    /* of the device's memory */
  int64_t free_bytes;
  char name[GT_DEVICE_NAME_BYTES];
} gt_device_info;

/* How many devices this library sees, usable or not: 1 for the CPU library. GT_NO_DEVICE when there is no driver or it
 * finds none, GT_DRIVER_TOO_OLD when the driver can't be asked; *count is 0 then. */
GT_API gt_status gt_device_count(int32_t *count, char *message, size_t message_size);

/* Fills what is known of a device (the rest is 0) and says with the status of gt_context_create whether it can be used.
 * Creates no context and starts no thread. */
GT_API gt_status gt_device_describe(int32_t device, gt_device_info *info, char *message, size_t message_size);

/* ---- context ------------------------------------------------------------------------------------------------ */

typedef struct gt_context_params {
  uint32_t struct_size;
  int32_t threads; /* worker threads including the caller; 0 = the CPUs this process may use. On a GPU ignored */
  int32_t tier;    /* gt_tier: GT_TIER_AUTO, or a cap: a tier the device can't run is GT_UNSUPPORTED */
  int32_t device;  /* index among this library's devices; 0 for the CPU */
} gt_context_params;

GT_API gt_status gt_context_create(const gt_context_params *params, gt_context **context, char *message,
                                   size_t message_size);
/* A context with a queue of its own on the same device: its ops run in their order, beside those of others, and it sees
 * all memory and packed weights of `context`, whose threads it uses. For one thread at a time. */
GT_API gt_status gt_context_fork(gt_context *context, gt_context **fork, char *message, size_t message_size);

/* NULL is allowed. Waits for queued ops. No call may be in flight; packed weights, memory and forks of the context must
 * be gone. */
GT_API void gt_context_destroy(gt_context *context);

/* Waits until the ops called so far are done: what they read may be freed, what they wrote be read by others. */
GT_API gt_status gt_synchronize(gt_context *context, char *message, size_t message_size);

/* Between these two a fork may gather ops and submit them as one, as a CUDA graph that is kept and only updated when
 * the next such stretch has the same ops: for a step that comes again and again with the same shapes, as in decoding.
 * Results are those of the ops called alone. What waits (gt_download, gt_argmax, gt_synchronize, gt_linear_pack) is
 * GT_INVALID_ARGUMENT between them on a GPU. The CPU runs every op at once. */
GT_API gt_status gt_graph_begin(gt_context *fork, char *message, size_t message_size);
GT_API gt_status gt_graph_end(gt_context *fork, char *message, size_t message_size);

GT_API int32_t gt_context_tier(const gt_context *context);
GT_API int32_t gt_context_threads(const gt_context *context);

/* ---- memory ------------------------------------------------------------------------------------------------- */

/* 64-byte aligned (2 MiB and huge-page advised when large); contents undefined. bytes = 0 gives a valid pointer.
 * Calls that use it must have ended when memory, or a packed layer, is freed: on a GPU, have been waited for. */
GT_API gt_status gt_allocate(gt_context *context, size_t bytes, void **memory, char *message, size_t message_size);
GT_API void gt_free(gt_context *context, void *memory);
/* Between host memory and memory of the context's device, in the order of its ops; plain copies on the CPU. `host` is
 * the caller's again on return. A download is complete then, and so is an upload through a context that is no fork. */
GT_API gt_status gt_upload(gt_context *context, void *device, const void *host, size_t bytes, char *message,
                           size_t message_size);
GT_API gt_status gt_download(gt_context *context, void *host, const void *device, size_t bytes, char *message,
                             size_t message_size);
/* Tells the system that this process won't read `bytes` bytes of a mapped file soon: its whole pages leave the resident
 * set and come back from the file when they are touched. `memory` must lie in a mapping of a file whose contents were
 * not changed through it; nothing is read or written. Never fails: it is advice. */
GT_API void gt_release_pages(const void *memory, size_t bytes);
/* Bytes now held through this context: gt_allocate, packed weights, scratch. For leak tests and `explain`. */
GT_API int64_t gt_context_bytes(const gt_context *context);

/* ---- linear: y = residual + scale * act(x W^T + b) ---------------------------------------------------------- */

/* An empty packed matrix [out_features, in_features], to be filled by gt_linear_pack. Several sources may fill
 * consecutive row ranges: that is how q, k, v become one fused matrix. Unfilled rows are zero.
 * compute_dtype GT_F32: the product in fp32. GT_BF16: weights are kept as bf16 (half the memory) and x is rounded to
 * bf16 on its way in; products of the rounded values are summed in fp32; bias, activation, residual and y stay fp32.
 * Subnormal bf16 values may count as 0.
 * gated 1: a gated linear unit (Shazeer, arXiv 2002.05202). The first half of the rows are gates, the second half what
 * they are multiplied with: y [rows, out_features / 2] = residual + scale * act(gate) * up. */
GT_API gt_status gt_linear_create(gt_context *context, int64_t in_features, int64_t out_features, int32_t compute_dtype,
                                  int32_t gated, gt_linear **linear, char *message, size_t message_size);

/* Packs `rows` output features starting at `first_row` from a weight matrix in `layout` with contiguous rows and,
 * when bias is not NULL, bias [rows]. weight and bias are host memory (a mapped checkpoint), read only during the
 * call, in parallel over the context's threads. */
GT_API gt_status gt_linear_pack(gt_context *context, gt_linear *linear, int64_t first_row, int64_t rows,
                                const void *weight, int32_t weight_dtype, int32_t layout, const void *bias,
                                int32_t bias_dtype, char *message, size_t message_size);
GT_API void gt_linear_destroy(gt_context *context, gt_linear *linear);

typedef struct gt_linear_params {
  uint32_t struct_size;
  int32_t activation;      /* gt_activation, applied after bias */
  int64_t rows;            /* M: rows of x and y; 0 is allowed */
  int64_t x_stride;        /* elements between rows of x, >= in_features */
  int64_t y_stride;        /* elements between rows of y, >= its features */
  int64_t residual_stride; /* elements between rows of residual; ignored when residual is NULL */
  float scale;             /* y = residual + scale * act(x W^T + b); 1 for none */
  int32_t x_dtype; /* GT_F32; GT_BF16: only of a layer that computes in it, and the same result as of x rounded */
  int32_t y_dtype; /* GT_F32; GT_BF16: the same, without residual, and y is rounded to nearest even */
} gt_linear_params;

/* y [rows, out_features] (gated: half as many); residual, of y's shape, may be NULL and may be y itself; x must not
 * overlap y. */
GT_API gt_status gt_linear_forward(gt_context *context, const gt_linear *linear, const void *x, const float *residual,
                                   void *y, const gt_linear_params *params, char *message, size_t message_size);

/* ---- row-wise ops ------------------------------------------------------------------------------------------- */

/* Rows of x and y lie x_stride and y_stride elements apart, at least their features. Where y may be x, with one
 * stride. */

/* y = (x - mean) / sqrt(var + eps) * weight + bias, biased variance; weight and bias fp32 [features], bias may be
 * NULL; y may be x. (Ba et al., arXiv 1607.06450) */
GT_API gt_status gt_layer_norm(gt_context *context, const float *x, const float *weight, const float *bias, float *y,
                               int64_t rows, int64_t features, int64_t x_stride, int64_t y_stride, float eps,
                               char *message, size_t message_size);

/* y = x / sqrt(mean(x^2) + eps) * weight; y may be x. (Zhang and Sennrich, arXiv 1910.07467) */
GT_API gt_status gt_rms_norm(gt_context *context, const float *x, const float *weight, float *y, int64_t rows,
                             int64_t features, int64_t x_stride, int64_t y_stride, float eps, char *message,
                             size_t message_size);

/* y = act(x), element by element; y may be x. */
GT_API gt_status gt_activate(gt_context *context, const float *x, float *y, int64_t rows, int64_t features,
                             int64_t x_stride, int64_t y_stride, int32_t activation, char *message,
                             size_t message_size);

/* y[t] = table[ids[t]] (accumulate = 0) or y[t] += table[ids[t]] (accumulate = 1). table [table_rows, features] in
 * table_dtype, rows table_stride elements apart; y [tokens, features] fp32. An id outside the table is
 * GT_INVALID_ARGUMENT, named, before anything is written. Also used to pick rows of an activation (table_dtype GT_F32).
 */
GT_API gt_status gt_embed(gt_context *context, const void *table, int32_t table_dtype, int64_t table_rows,
                          int64_t features, int64_t table_stride, const int32_t *ids, int64_t tokens,
                          int32_t accumulate, float *y, int64_t y_stride, char *message, size_t message_size);

/* indices[r] = the first index of the largest of x[r][0 .. columns), rows x_stride elements apart. NaN is never the
 * largest; 0 when none is greater than -infinity. columns >= 1. indices is host memory, written when the call returns.
 */
GT_API gt_status gt_argmax(gt_context *context, const float *x, int64_t rows, int64_t columns, int64_t x_stride,
                           int32_t *indices, char *message, size_t message_size);

/* How token vectors become one: sentence-transformers' Pooling module. Sums are in fp64. */
typedef enum gt_pooling {
  GT_POOL_CLS = 0, /* the first token; of the masked ones where no other is left */
  GT_POOL_LAST = 1,
  GT_POOL_MAX = 2,           /* by element; NaN where one is; -infinity of no token */
  GT_POOL_MEAN = 3,          /* 0 of no token, as the next two and GT_POOL_LAST */
  GT_POOL_MEAN_SQRT = 4,     /* sum / sqrt(count) */
  GT_POOL_WEIGHTED_MEAN = 5, /* the n-th token of the sequence weighs n, from 1 */
} gt_pooling;

typedef struct gt_pool_params {
  uint32_t struct_size;
  int32_t batch;
  int32_t pooling; /* gt_pooling */
  int64_t features;
  int64_t x_stride; /* elements between rows */
  int64_t y_stride;
} gt_pool_params;

/* y[b] = one vector of sequence b's tokens, rows [cu_seqlens[b], cu_seqlens[b + 1]) of x, without the first masked[b]
 * of them (a prompt). masked may be NULL: none. y [batch, features] must not overlap x. */
GT_API gt_status gt_pool_sequences(gt_context *context, const float *x, const int32_t *cu_seqlens,
                                   const int32_t *masked, float *y, const gt_pool_params *params, char *message,
                                   size_t message_size);

typedef struct gt_rope_params {
  uint32_t struct_size;
  int32_t num_heads;   /* heads in a token of x, head_dim apart */
  int32_t head_dim;    /* 2 .. 512 */
  int32_t rotary_dim;  /* R: even, 2 .. head_dim; the features of a head behind it stay as they are */
  int32_t interleaved; /* feature pairs: 0 = (i, i + R / 2) (GPT-NeoX), 1 = (2 i, 2 i + 1) (GPT-J), 0 <= i < R / 2 */
  int64_t tokens;
  int64_t x_stride;   /* elements between tokens, >= num_heads * head_dim */
  int64_t table_rows; /* positions of cosines and sines */
} gt_rope_params;

/* Rotary position embedding (Su et al., arXiv 2104.09864) in place: each feature pair (a, b) of each head of token t
 * becomes (a c - b s, b c + a s), c and s being cosines[positions[t]][i] and sines[positions[t]][i]. Both tables are
 * fp32 [table_rows, R / 2], contiguous. Queries and keys that lie side by side in a fused projection are heads of one
 * call. A position outside the tables is GT_INVALID_ARGUMENT, named, before anything is written. */
GT_API gt_status gt_rope(gt_context *context, float *x, const int32_t *positions, const float *cosines,
                         const float *sines, const gt_rope_params *params, char *message, size_t message_size);

/* ---- attention ---------------------------------------------------------------------------------------------- */

typedef struct gt_attention_params {
  uint32_t struct_size;
  int32_t batch;        /* sequences */
  int32_t num_heads;    /* query heads */
  int32_t num_kv_heads; /* divides num_heads; query head h reads kv head h / (num_heads / num_kv_heads) */
  int32_t head_dim;     /* of q and k, 1 .. 512 */
  int32_t v_head_dim;   /* of v and out */
  int32_t causal;       /* 1: query i of a sequence sees keys j <= i + (kv_length - q_length) */
  float scale;          /* multiplies q.k */
  int64_t q_stride;     /* elements between consecutive tokens of q; heads are head_dim apart inside a token */
  int64_t k_stride;
  int64_t v_stride;
  int64_t out_stride;
  int32_t bias_distance;  /* D of distance_bias, 0 when that is NULL */
  int32_t block_size;     /* tokens per KV block, 0 = k and v are packed by cu_seqlens_kv */
  int64_t k_block_stride; /* elements between KV blocks */
  int64_t v_block_stride;
  int32_t blocks_per_sequence; /* row length of block_table */
  int32_t sliding_window;      /* w > 0: see below; 0 = none */
  float softcap;               /* 0 = none; anything else is GT_UNSUPPORTED */
  int32_t compute_dtype;       /* GT_F32; GT_BF16: q, k, v and the weights of softmax may be rounded to bf16 */
  int32_t qkv_dtype;           /* of q, k and v: GT_F32; GT_BF16 only with that compute_dtype and without block_table */
  int32_t out_dtype;           /* GT_F32; GT_BF16 only with that compute_dtype */
} gt_attention_params;

/*
 * Flash attention forward (Dao, arXiv 2307.08691; online softmax: Milakov and Gimelshein, arXiv 1805.02867):
 * out = softmax(scale q k^T + bias) v per sequence and head, tiled, never materialising q_length x kv_length.
 *
 *   q    token t, head h: q + t * q_stride + h * head_dim         (tokens packed by cu_seqlens_q [batch + 1])
 *   k, v block_table NULL: packed by cu_seqlens_kv [batch + 1]
 *        block_table [batch, blocks_per_sequence] given: token j of sequence b lies in block
 *        block_table[b * blocks_per_sequence + j / block_size], row j % block_size. cu_seqlens_kv still gives the
 *        lengths.
 *   out  as q, with v_head_dim. Must not overlap the inputs.
 *   distance_bias NULL or fp32 [num_heads, 2 D + 1]: adds distance_bias[h][clamp(r, -D, D) + D], with
 *        r = key position - query position and query i at position i + (kv_length - q_length)  (T5, MPNet buckets
 *        written out per distance).
 *   sliding_window w > 0 hides what is far from a query. With p = i + (kv_length - q_length), the position of query i:
 *        causal 0: it sees keys p - w <= j <= p + w (ModernBERT)
 *        causal 1: it sees keys p - w < j <= p, w of them with its own (Mistral)
 *        The work grows with q_length times w: keys that no query of a block sees are not read.
 * A sequence with q_length 0 is skipped. A query that sees no key (kv_length 0, or kv_length < q_length with causal or
 * a window) gives zeros.
 */
GT_API gt_status gt_attention(gt_context *context, const void *q, const void *k, const void *v,
                              const int32_t *cu_seqlens_q, const int32_t *cu_seqlens_kv, const int32_t *block_table,
                              const float *distance_bias, void *out, const gt_attention_params *params, char *message,
                              size_t message_size);

typedef struct gt_disentangled_params {
  uint32_t struct_size;
  int32_t batch;         /* sequences */
  int32_t num_heads;     /* of q, k, v, out and the position rows alike */
  int32_t head_dim;      /* 1 .. 512 */
  float scale;           /* multiplies all three products */
  int32_t max_distance;  /* D of position_index, >= 1 */
  int32_t positions;     /* rows of position_k and position_q */
  int32_t compute_dtype; /* GT_F32; GT_BF16: operands of products may be rounded to bf16 */
  int64_t q_stride;      /* elements between consecutive tokens; heads are head_dim apart inside a token */
  int64_t k_stride;
  int64_t v_stride;
  int64_t out_stride;
  int64_t position_k_stride; /* elements between consecutive rows; ignored when that is NULL */
  int64_t position_q_stride;
} gt_disentangled_params;

/*
 * Disentangled self-attention (He et al., DeBERTa, arXiv 2006.03654) within sequences packed by cu_seqlens
 * [batch + 1]: out = softmax(scores) v per sequence and head, tiled, never materialising length x length.
 *
 *   scores[i][j] = scale * (q_i . k_j + q_i . position_k[r] + k_j . position_q[r])
 *                  r = position_index[clamp(i - j, -D, D) + D]
 *
 *   q, k, v, out          token t, head h: q + t * q_stride + h * head_dim. out must not overlap the inputs.
 *   position_k, position_q  [positions, num_heads * head_dim]: keys and queries of relative positions, "content to
 *                         position" and "position to content"; either may be NULL and its product is left out.
 *   position_index        int32 [2 D + 1], host memory, each 0 .. positions - 1.
 */
GT_API gt_status gt_disentangled_attention(gt_context *context, const float *q, const float *k, const float *v,
                                           const int32_t *cu_seqlens, const float *position_k, const float *position_q,
                                           const int32_t *position_index, float *out,
                                           const gt_disentangled_params *params, char *message, size_t message_size);

typedef struct gt_kv_append_params {
  uint32_t struct_size;
  int32_t batch;
  int64_t features;      /* num_kv_heads * head_dim: elements copied per token */
  int64_t source_stride; /* elements between consecutive new tokens */
  int64_t row_stride;    /* elements between consecutive tokens of a block */
  int64_t block_stride;  /* elements between blocks */
  int32_t block_size;
  int32_t blocks_per_sequence;
} gt_kv_append_params;

/* Copies the new tokens of each sequence (packed by cu_seqlens_new [batch + 1]) behind the lengths[b] tokens already
 * in its blocks. Called once for k and once for v. */
GT_API gt_status gt_kv_append(gt_context *context, const float *source, const int32_t *cu_seqlens_new,
                              const int32_t *lengths, const int32_t *block_table, float *blocks,
                              const gt_kv_append_params *params, char *message, size_t message_size);

#ifdef __cplusplus
}
#endif

#endif
