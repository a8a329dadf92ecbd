/* The attention kernels and what they are launched with. */
#ifndef GT_CUDA_ATTENTION_ARGS_H
#define GT_CUDA_ATTENTION_ARGS_H

#include <stdint.h>

/* The query heads that share a kv head, its group, share the keys and values they read: a sequence has q_length * group
 * rows per kv head, ordered by token, then head. */
enum {
  GT_ATTENTION_KEYS = 64,           /* keys of a tile; tiles begin at multiples of it */
  GT_ATTENTION_F32_ROWS = 64,       /* rows of a block */
  GT_ATTENTION_BF16_ROWS = 128,     /* and at once: */
  GT_ATTENTION_BF16_WIDE_KEYS = 32, /* keys of a tile with heads of more than 128 dims */
  GT_ATTENTION_DECODE_ROWS = 8,
  GT_ATTENTION_DECODE_DIMS = 64, /* of a head that a stage holds */
  GT_ATTENTION_DECODE_STAGES = 4,
  GT_ATTENTION_V_DIMS = 256, /* dims of v and out a block takes; more are several blocks that score anew */
  GT_ATTENTION_MERGE_ROWS = 4,
};

/* Some rows of a sequence and the keys they are scored with; one block per kv head (and V_DIMS of v). */
typedef struct gt_attention_tile {
  int64_t partial; /* -1: rows go to `out`; otherwise they are not divided by their sum yet, and go to partial rows
                    * partial + kv_head * rows ... */
  int32_t sequence;
  int32_t q_token;    /* in q and out, of row 0 */
  int32_t position;   /* of that token on the scale of the keys */
  int32_t group_head; /* row 0 is this head of the group; row r is (group_head + r) / group tokens on */
  int32_t rows;
  int32_t kv_begin;           /* the sequence's first token in k and v, when they are packed */
  int32_t first_key, end_key; /* no row sees others, or other tiles of these rows have them */
} gt_attention_tile;

typedef struct gt_attention_args {
  const void *q; /* fp32; for attention_bf16_* bf16, packed, and so are k and v */
  const void *k;
  const void *v;
  void *out;
  const float *distance_bias; /* or NULL */
  const int32_t *block_table; /* or NULL */
  const gt_attention_tile *tiles;
  float *partial_v;     /* [partial row][v_head_dim] */
  float *partial_stats; /* [partial row][2]: greatest score m in units of ln 2, sum of exp2(score - m) */
  int64_t q_stride, k_stride, v_stride, out_stride;
  int64_t k_block_stride, v_block_stride;
  int32_t group; /* query heads per kv head */
  int32_t kv_heads;
  int32_t v_parts; /* blocks of V_DIMS dims of v */
  int32_t head_dim, v_head_dim;
  int32_t block_size;
  int32_t block_shift; /* log2 of block_size, -1 if it is no power of two */
  int32_t blocks_per_sequence;
  int32_t causal;
  int32_t sliding_window;
  int32_t bias_distance;
  int32_t out_bf16;
  int32_t q_vectors, k_vectors, v_vectors, out_vectors; /* 1: every head of every token is aligned to 16 bytes */
  float scale;                                          /* in units of ln 2 */
  /* The same for kernels that look for the greatest score before they scale it: greater than zero, of q of which these
   * bits are kept and then flipped, two at a time. */
  float positive_scale;
  uint32_t q_keep, q_flip;
} gt_attention_args;

/* Rows whose keys were cut: the parts lie `step` partial rows apart. */
typedef struct gt_attention_merge {
  int64_t partial; /* of the first part and row, kv head 0 */
  int64_t step;
  int32_t splits;
  int32_t kv_head_step;              /* partial rows between kv heads */
  int32_t q_token, group_head, rows; /* as in a tile, up to MERGE_ROWS */
} gt_attention_merge;

typedef struct gt_attention_merge_args {
  const gt_attention_merge *merges;
  const float *partial_v;
  const float *partial_stats;
  void *out;
  int64_t out_stride;
  int32_t out_bf16;
  int32_t group;
  int32_t kv_heads;
  int32_t v_head_dim;
} gt_attention_merge_args;

/* Rows of bf16 to packed rows of fp32. */
typedef struct gt_attention_widen_args {
  const uint16_t *from;
  float *to;
  int64_t from_stride;
  int64_t features;
} gt_attention_widen_args;

#define GT_CUDA_ATTENTION_KERNELS(K)                   \
  K(attention_f32_32, gt_attention_args, 128)          \
  K(attention_f32_64, gt_attention_args, 128)          \
  K(attention_f32_128, gt_attention_args, 128)         \
  K(attention_f32_256, gt_attention_args, 128)         \
  K(attention_decode_f32, gt_attention_args, 128)      \
  K(attention_rounded_32, gt_attention_args, 256)      \
  K(attention_rounded_64, gt_attention_args, 256)      \
  K(attention_rounded_96, gt_attention_args, 256)      \
  K(attention_rounded_128, gt_attention_args, 256)     \
  K(attention_rounded_256, gt_attention_args, 256)     \
  K(attention_bf16_32, gt_attention_args, 128)         \
  K(attention_bf16_64, gt_attention_args, 128)         \
  K(attention_bf16_128, gt_attention_args, 128)        \
  K(attention_bf16_128_biased, gt_attention_args, 256) \
  K(attention_bf16_256, gt_attention_args, 256)        \
  K(attention_merge_f32, gt_attention_merge_args, 128) \
  K(attention_widen_f32, gt_attention_widen_args, 256)

#endif
