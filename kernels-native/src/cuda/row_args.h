/* The row kernels and what they are launched with. */
#ifndef GT_CUDA_ROW_ARGS_H
#define GT_CUDA_ROW_ARGS_H

#include <stdint.h>

enum {
  GT_NORM_WARP_ROWS = 4,        /* rows of a block whose warps have one each */
  GT_NORM_WARP_FEATURES = 1024, /* of a row that a warp holds in registers */
  GT_NORM_BLOCK_WARPS = 8,
  /* Where a row is cut into pieces, block `row * pieces + piece` has one, and each of its threads four elements. */
  GT_PIECE_THREADS = 128,
  GT_PIECE = 4 * GT_PIECE_THREADS,
  GT_ARGMAX_WARPS = 8,
  GT_POOL_THREADS = 128, /* and as many features of a piece */
};

/* `vector` in all of these: pointers and strides allow loads of four elements. */

typedef struct gt_norm_args {
  const float *x;
  const float *weight;
  const float *bias; /* NULL: none */
  float *y;
  int64_t rows;
  int64_t features;
  int64_t x_stride;
  int64_t y_stride;
  float eps;
  int32_t vector;
} gt_norm_args;

typedef struct gt_activate_args {
  const float *x;
  float *y;
  int64_t features;
  uint32_t pieces;
  int64_t x_stride;
  int64_t y_stride;
  int32_t activation;
  int32_t vector;
} gt_activate_args;

typedef struct gt_argmax_candidate {
  float value;
  int32_t index;
} gt_argmax_candidate;

typedef struct gt_argmax_args {
  const float *x;
  gt_argmax_candidate *candidates; /* [rows][parts] */
  int32_t *indices;                /* [rows] */
  int64_t rows;
  int64_t x_stride;
  int32_t columns;
  uint32_t parts; /* of a row */
  int64_t part;   /* columns of one, a multiple of 4 */
  int32_t vector;
} gt_argmax_args;

typedef struct gt_embed_args {
  const void *table;
  const int32_t *ids;
  float *y;
  int64_t features;
  uint32_t pieces;
  int64_t table_stride;
  int64_t y_stride;
  int32_t table_dtype;
  int32_t accumulate;
  int32_t vector;
} gt_embed_args;

typedef struct gt_rope_args {
  float *x;
  const int32_t *positions;
  const float *cosines;
  const float *sines;
  int64_t x_stride;
  uint32_t pieces;
  int32_t num_heads;
  int32_t head_dim;
  int32_t half; /* pairs of a head */
  int32_t interleaved;
  int32_t vector;
} gt_rope_args;

typedef struct gt_kv_append_args {
  const float *source;
  const int32_t *cu_seqlens_new;
  const int32_t *lengths;
  const int32_t *block_table;
  float *blocks;
  int64_t features;
  uint32_t pieces;
  int64_t source_stride;
  int64_t row_stride;
  int64_t block_stride;
  int32_t batch;
  int32_t block_size;
  int32_t blocks_per_sequence;
  int32_t vector;
} gt_kv_append_args;

/* The tokens of a sequence that count, and what their sum is divided by. */
typedef struct gt_pool_span {
  int64_t first; /* row of x */
  int64_t count;
  double weight;  /* of the first of them, and one more each */
  double divisor; /* 0: no sum but the row `first`, zeros where count is 0 */
} gt_pool_span;

typedef struct gt_pool_args {
  const float *x;
  const gt_pool_span *spans; /* [batch] */
  float *y;
  int64_t features;
  uint32_t pieces;
  int64_t x_stride;
  int64_t y_stride;
  int32_t pooling;
} gt_pool_args;

#define GT_CUDA_ROW_KERNELS(K)                                \
  K(layer_norm_warp, gt_norm_args, 32 * GT_NORM_WARP_ROWS)    \
  K(layer_norm_block, gt_norm_args, 32 * GT_NORM_BLOCK_WARPS) \
  K(rms_norm_warp, gt_norm_args, 32 * GT_NORM_WARP_ROWS)      \
  K(rms_norm_block, gt_norm_args, 32 * GT_NORM_BLOCK_WARPS)   \
  K(activate, gt_activate_args, GT_PIECE_THREADS)             \
  K(argmax_parts, gt_argmax_args, 32 * GT_ARGMAX_WARPS)       \
  K(argmax_rows, gt_argmax_args, 32)                          \
  K(embed, gt_embed_args, GT_PIECE_THREADS)                   \
  K(rope, gt_rope_args, GT_PIECE_THREADS)                     \
  K(kv_append, gt_kv_append_args, GT_PIECE_THREADS)           \
  K(pool_sequences, gt_pool_args, GT_POOL_THREADS)

#endif
