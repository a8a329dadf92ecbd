/* How the work of gt_attention is cut into blocks: from the lengths, which the host knows. */
#ifndef GT_CUDA_ATTENTION_PLAN_H
#define GT_CUDA_ATTENTION_PLAN_H

#include <stdbool.h>

#include "cuda/attention_args.h"
#include "gatun.h"

/* Tiles of one kernel. */
typedef struct gt_attention_tiles {
  gt_attention_tile *tiles; /* those with most keys first */
  int64_t count;
  int32_t rows; /* of a tile, at most */
} gt_attention_tiles;

typedef struct gt_attention_plan {
  gt_attention_tiles few;  /* of sequences with few rows */
  gt_attention_tiles many; /* of the others */
  gt_attention_merge *merges;
  int64_t merge_count;
  int64_t partial_rows;
} gt_attention_plan;

/*
 * Blocks take DECODE_ROWS rows of sequences that have up to `few_rows`, and `many_rows` of the others. Where a cache
 * holds the keys, and only there, those of a tile are cut so that `processors` have something to do: packed sequences
 * give the same bits whatever else is in the batch. False: no memory; there is nothing to free then.
 */
bool gt_attention_make_plan(gt_attention_plan *plan, const int32_t *cu_seqlens_q, const int32_t *cu_seqlens_kv,
                            const gt_attention_params *params, int64_t few_rows, int32_t many_rows, int32_t processors);
void gt_attention_free_plan(gt_attention_plan *plan);

#endif
