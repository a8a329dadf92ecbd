/* The disentangled kernels and what they are launched with. */
#ifndef GT_CUDA_DISENTANGLED_ARGS_H
#define GT_CUDA_DISENTANGLED_ARGS_H

#include <stdint.h>

enum {
  GT_DISENTANGLED_TILE = 64,  /* queries of a block, keys that it reads at once */
  GT_DISENTANGLED_SLICE = 64, /* features of v that a block sums: a longer head is computed by several */
  GT_DISENTANGLED_CHUNK = 16, /* features of q, k and position rows that lie in shared memory at once */
  GT_DISENTANGLED_CHUNK_STRIDE = GT_DISENTANGLED_CHUNK + 4,
  /* Floats of shared memory: two buffers of the chunks of a tile's rows of q, k and both position tables; one of them
   * then holds its weights, the other its rows of v. Behind them, for each distance in a tile, its position row. */
  GT_DISENTANGLED_BUFFER = 6 * GT_DISENTANGLED_TILE * GT_DISENTANGLED_CHUNK_STRIDE,
  GT_DISENTANGLED_WEIGHT_STRIDE = GT_DISENTANGLED_TILE + 8,
  GT_DISENTANGLED_SHARED_BYTES = 4 * (2 * GT_DISENTANGLED_BUFFER + 2 * GT_DISENTANGLED_TILE),
};

/* Some queries of one sequence. */
typedef struct gt_disentangled_tile {
  int32_t begin;  /* of the sequence among the packed tokens */
  int32_t length; /* of the sequence */
  int32_t token;  /* the tile's first, within the sequence */
} gt_disentangled_tile;

typedef struct gt_disentangled_args {
  const float *q;
  const float *k;
  const float *v;
  const float *position_k; /* NULL: none */
  const float *position_q; /* NULL: none */
  const int32_t *position_index;
  const gt_disentangled_tile *tiles;
  float *out;
  int64_t q_stride;
  int64_t k_stride;
  int64_t v_stride;
  int64_t out_stride;
  int64_t position_k_stride;
  int64_t position_q_stride;
  float scale; /* in units of ln 2 */
  int32_t max_distance;
  uint32_t tile_count;
  int32_t num_heads;
  int32_t head_dim;
  int32_t vector; /* pointers, strides and head_dim allow copies of four floats */
} gt_disentangled_args;

#define GT_CUDA_DISENTANGLED_KERNELS(K) K(disentangled_attention_f32, gt_disentangled_args, 128)

#endif
