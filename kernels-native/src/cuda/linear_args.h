/* The linear kernels and what they are launched with. */
#ifndef GT_CUDA_LINEAR_ARGS_H
#define GT_CUDA_LINEAR_ARGS_H

#include <stdint.h>

enum {
  GT_LINEAR_PAD = 8, /* packed rows, and those of linear_round, are zero-padded to a multiple of so many elements */

  /* Tiles of y are 64 or 128 rows and columns; in_features go through shared memory in steps. */
  GT_LINEAR_F32_STEP = 16,
  GT_LINEAR_F32_PITCH = GT_LINEAR_F32_STEP + 4, /* floats between rows: 8 rows of 16 bytes hit different banks */
  GT_LINEAR_F32_STAGES = 3,
  GT_LINEAR_BF16_STEP = 32,
  GT_LINEAR_BF16_STAGES = 4,
  GT_LINEAR_TILE_GAP = 4, /* floats between rows of a finished tile in shared memory */

  /* Skinny kernels: a warp has so many rows of the weights, or a slice of their in_features. */
  GT_LINEAR_SKINNY_WARPS = 8,
  GT_LINEAR_SKINNY_F32_COLUMNS = 4,
  GT_LINEAR_SKINNY_F32_STEP = 128, /* in_features that a warp has in one step */
  GT_LINEAR_SKINNY_BF16_COLUMNS = 16,
  GT_LINEAR_SKINNY_BF16_STEP = 64,

  GT_LINEAR_PACK_TILE = 32,
};

/* y = residual + scale * act(sum + bias), of a gated layer residual + scale * act(gate) * up. */
typedef struct gt_linear_epilogue {
  const float *bias;     /* [y_features], gated: twice as many; aligned to 16 bytes */
  const float *residual; /* NULL: none; may be y */
  void *y;               /* fp32 or bf16 */
  int64_t residual_stride;
  int64_t y_stride;
  int64_t y_features;
  float scale;
  int32_t activation;
  int32_t gated;
  int32_t y_bf16; /* rounded to nearest even */
  int32_t vector; /* residual and y can be accessed by four elements */
} gt_linear_epilogue;

/* Weights and x are read by 16 bytes; x in fp32, and in skinny kernels in bf16, only where x_vector says so, which
 * means too that its in_features are a multiple of 16 bytes. */
typedef struct gt_linear_args {
  gt_linear_epilogue epilogue;
  const void *x;      /* fp32; for linear_bf16_* bf16, up to weight_stride */
  const void *weight; /* [y_features or twice as many, weight_stride] */
  int64_t x_stride;
  int64_t weight_stride;
  int64_t rows;
  int64_t in_features;
  uint32_t row_tiles;    /* of y; for skinny kernels: parts of x */
  uint32_t column_tiles; /* not for skinny kernels */
  int32_t slices;        /* for skinny kernels: warps that share weight rows: 1, 2, 4 or 8 */
  int32_t x_bf16;        /* for linear_skinny_bf16_* */
  int32_t x_vector;
} gt_linear_args;

/* sums [rows, y_features, gated: twice as many] -> y; sums may be y unless gated. */
typedef struct gt_linear_finish_args {
  gt_linear_epilogue epilogue;
  const float *sums;
  int64_t sums_stride;
  int32_t sums_vector;
} gt_linear_finish_args;

/* x as bf16, zeros up to y_stride: a multiple of GT_LINEAR_PAD. A block has one row. */
typedef struct gt_linear_round_args {
  const void *x; /* fp32 or bf16 */
  void *y;
  int64_t features;
  int64_t x_stride;
  int64_t y_stride;
  int32_t x_bf16;
  int32_t x_vector; /* x is fp32 and can be read by 16 bytes */
} gt_linear_round_args;

/* A matrix as it lies in a checkpoint, contiguous [rows, columns] -> fp32 or bf16. linear_pack keeps rows, grid [rows,
 * any]; linear_pack_transposed makes columns of them, grid [tiles of rows * tiles of columns]. */
typedef struct gt_linear_pack_args {
  const void *source;
  void *packed;
  int64_t rows;
  int64_t columns;
  int64_t packed_stride;
  int32_t dtype;
  int32_t bf16;
} gt_linear_pack_args;

typedef struct gt_linear_zero_args {
  void *memory;
  int64_t vectors; /* of 16 bytes */
} gt_linear_zero_args;

#define GT_CUDA_LINEAR_KERNELS(K)                                         \
  K(linear_f32_64, gt_linear_args, 256)                                   \
  K(linear_f32_128, gt_linear_args, 256)                                  \
  K(linear_bf16_64, gt_linear_args, 128)                                  \
  K(linear_bf16_128, gt_linear_args, 256)                                 \
  K(linear_skinny_f32_1, gt_linear_args, 32 * GT_LINEAR_SKINNY_WARPS)     \
  K(linear_skinny_f32_4, gt_linear_args, 32 * GT_LINEAR_SKINNY_WARPS)     \
  K(linear_skinny_f32_8, gt_linear_args, 32 * GT_LINEAR_SKINNY_WARPS)     \
  K(linear_skinny_f32_16, gt_linear_args, 32 * GT_LINEAR_SKINNY_WARPS)    \
  K(linear_skinny_bf16_8, gt_linear_args, 32 * GT_LINEAR_SKINNY_WARPS)    \
  K(linear_skinny_bf16_16, gt_linear_args, 32 * GT_LINEAR_SKINNY_WARPS)   \
  K(linear_finish, gt_linear_finish_args, 256)                            \
  K(linear_round, gt_linear_round_args, 128)                              \
  K(linear_pack, gt_linear_pack_args, 256)                                \
  K(linear_pack_transposed, gt_linear_pack_args, 8 * GT_LINEAR_PACK_TILE) \
  K(linear_zero, gt_linear_zero_args, 256)

#endif
