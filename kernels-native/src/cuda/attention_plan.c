#include "cuda/attention_plan.h"

#include <stdlib.h>
#include <string.h>

#include "core/arithmetic.h"

enum {
  BLOCKS_PER_PROCESSOR = 3, /* as many as are at work at once */
  MIN_SPLIT_KEYS = 256,     /* worth a block of their own */
  CLASSES = 2 * 32,         /* of tiles by their keys */
};

/* Queries at `first_position` to `last_position` see keys from .. to, neither of which falls from one to the next. */
static void keys_seen(const gt_attention_params *p, int64_t first_position, int64_t last_position, int64_t kv_length,
                      gt_attention_tile *tile) {
  const int64_t window = p->sliding_window;
  int64_t first = 0;
  int64_t end = kv_length;
  if (p->causal || window > 0) {
    end = gt_min(end, last_position + 1 + (p->causal ? 0 : window));
  }
  if (window > 0) {
    first = gt_max(first, first_position - window + (p->causal ? 1 : 0));
  }
  const bool sees = first < end;
  tile->first_key = sees ? (int32_t)first : 0;
  tile->end_key = sees ? (int32_t)end : 0;
}

static int32_t first_tile(const gt_attention_tile *tile) {
  return tile->first_key / GT_ATTENTION_KEYS * GT_ATTENTION_KEYS;
}

static int64_t rows_of(const int32_t *cu_seqlens_q, const gt_attention_params *p, int32_t sequence) {
  return (int64_t)(cu_seqlens_q[sequence + 1] - cu_seqlens_q[sequence]) * (p->num_heads / p->num_kv_heads);
}

/* Uncut tiles of a sequence, last rows first: with a causal mask they take longest. */
static void add_tiles(gt_attention_tiles *to, const int32_t *cu_seqlens_q, const int32_t *cu_seqlens_kv,
                      const gt_attention_params *p, int32_t sequence) {
  const int64_t rows = rows_of(cu_seqlens_q, p, sequence);
  const int64_t group = p->num_heads / p->num_kv_heads;
  const int64_t kv_length = cu_seqlens_kv[sequence + 1] - cu_seqlens_kv[sequence];
  const int64_t shift = kv_length - (cu_seqlens_q[sequence + 1] - cu_seqlens_q[sequence]);
  for (int64_t i = gt_ceil_div(rows, to->rows) - 1; i >= 0; i--) {
    const int64_t first = i * to->rows;
    const int64_t count = gt_min(to->rows, rows - first);
    gt_attention_tile tile = {
        .partial = -1,
        .sequence = sequence,
        .q_token = cu_seqlens_q[sequence] + (int32_t)(first / group),
        .position = (int32_t)(first / group + shift),
        .group_head = (int32_t)(first % group),
        .rows = (int32_t)count,
        .kv_begin = cu_seqlens_kv[sequence],
    };
    keys_seen(p, tile.position, (first + count - 1) / group + shift, kv_length, &tile);
    to->tiles[to->count++] = tile;
  }
}

static int64_t splits_of(const gt_attention_tile *tile, int64_t keys_per_split) {
  return gt_max(1, (tile->end_key - first_tile(tile)) / keys_per_split);
}

static void add_merges(gt_attention_plan *plan, const gt_attention_tile *tile, int64_t splits, int64_t step,
                       int32_t group) {
  for (int32_t row = 0; row < tile->rows; row += GT_ATTENTION_MERGE_ROWS) {
    plan->merges[plan->merge_count++] = (gt_attention_merge){
        .partial = plan->partial_rows + row,
        .step = step,
        .splits = (int32_t)splits,
        .kv_head_step = tile->rows,
        .q_token = tile->q_token + (tile->group_head + row) / group,
        .group_head = (tile->group_head + row) % group,
        .rows = (int32_t)gt_min(GT_ATTENTION_MERGE_ROWS, tile->rows - row),
    };
  }
}

/* Replaces tiles with many keys by parts of them; the cuts lie between tiles of keys. */
static bool split(gt_attention_plan *plan, gt_attention_tiles *tiles, const gt_attention_params *p,
                  int64_t keys_per_split) {
  int64_t parts = 0;
  int64_t merges = plan->merge_count;
  for (int64_t i = 0; i < tiles->count; i++) {
    const int64_t splits = splits_of(&tiles->tiles[i], keys_per_split);
    parts += splits;
    merges += splits > 1 ? gt_ceil_div(tiles->tiles[i].rows, GT_ATTENTION_MERGE_ROWS) : 0;
  }
  if (parts == tiles->count) {
    return true;
  }
  gt_attention_tile *cut = malloc((size_t)parts * sizeof *cut);
  gt_attention_merge *grown = realloc(plan->merges, (size_t)merges * sizeof *grown);
  if (grown != NULL) {
    plan->merges = grown;
  }
  if (cut == NULL || grown == NULL) {
    free(cut);
    return false;
  }
  int64_t count = 0;
  for (int64_t i = 0; i < tiles->count; i++) {
    const gt_attention_tile *whole = &tiles->tiles[i];
    const int32_t begin = first_tile(whole);
    const int64_t pieces = gt_ceil_div(whole->end_key - begin, GT_ATTENTION_KEYS);
    const int64_t splits = splits_of(whole, keys_per_split);
    const int64_t step = (int64_t)whole->rows * p->num_kv_heads;
    if (splits > 1) {
      add_merges(plan, whole, splits, step, p->num_heads / p->num_kv_heads);
    }
    for (int64_t s = 0; s < splits; s++) {
      gt_attention_tile part = *whole;
      if (splits > 1) {
        const int64_t first = begin + gt_split(pieces, splits, s) * GT_ATTENTION_KEYS;
        const int64_t end = begin + gt_split(pieces, splits, s + 1) * GT_ATTENTION_KEYS;
        part.first_key = (int32_t)gt_max(first, whole->first_key);
        part.end_key = (int32_t)gt_min(end, whole->end_key);
        part.partial = plan->partial_rows;
        plan->partial_rows += step;
      }
      cut[count++] = part;
    }
  }
  free(tiles->tiles);
  tiles->tiles = cut;
  tiles->count = count;
  return true;
}

/* Two classes per power of two, those with most keys first. */
static int32_t class_of(const gt_attention_tile *tile) {
  const uint32_t keys = (uint32_t)(tile->end_key - tile->first_key) | 2u;
  const int32_t bit = 31 - __builtin_clz(keys);
  return CLASSES - 1 - (2 * bit + (int32_t)(keys >> (bit - 1) & 1));
}

/* Blocks are started in this order: one that takes long must not be the last. Within a class it stays as it is, where
 * neighbours read the same keys. */
static bool sort(gt_attention_tiles *tiles) {
  int64_t starts[CLASSES] = {0};
  for (int64_t i = 0; i < tiles->count; i++) {
    starts[class_of(&tiles->tiles[i])]++;
  }
  gt_attention_tile *sorted = malloc((size_t)tiles->count * sizeof *sorted);
  if (sorted == NULL) {
    return tiles->count == 0;
  }
  int64_t begin = 0;
  for (int32_t i = 0; i < CLASSES; i++) {
    const int64_t count = starts[i];
    starts[i] = begin;
    begin += count;
  }
  for (int64_t i = 0; i < tiles->count; i++) {
    sorted[starts[class_of(&tiles->tiles[i])]++] = tiles->tiles[i];
  }
  free(tiles->tiles);
  tiles->tiles = sorted;
  return true;
}

static bool make(gt_attention_plan *plan, const int32_t *cu_seqlens_q, const int32_t *cu_seqlens_kv,
                 const gt_attention_params *p, int64_t few_rows, int32_t processors) {
  gt_attention_tiles *lists[] = {&plan->few, &plan->many};
  int64_t counts[] = {0, 0};
  for (int32_t b = 0; b < p->batch; b++) {
    const int64_t rows = rows_of(cu_seqlens_q, p, b);
    const int list = rows > few_rows;
    counts[list] += gt_ceil_div(rows, lists[list]->rows);
  }
  for (int list = 0; list < 2; list++) {
    lists[list]->tiles = malloc((size_t)counts[list] * sizeof(gt_attention_tile));
    if (lists[list]->tiles == NULL && counts[list] > 0) {
      return false;
    }
  }
  for (int32_t b = 0; b < p->batch; b++) {
    const int list = rows_of(cu_seqlens_q, p, b) > few_rows;
    add_tiles(lists[list], cu_seqlens_q, cu_seqlens_kv, p, b);
  }
  if (p->block_size > 0) {
    int64_t keys = 0;
    for (int list = 0; list < 2; list++) {
      for (int64_t i = 0; i < lists[list]->count; i++) {
        keys += lists[list]->tiles[i].end_key - lists[list]->tiles[i].first_key;
      }
    }
    keys *= p->num_kv_heads * gt_ceil_div(p->v_head_dim, GT_ATTENTION_V_DIMS);
    const int64_t share = gt_max(MIN_SPLIT_KEYS, gt_ceil_div(keys, (int64_t)processors * BLOCKS_PER_PROCESSOR));
    if (!split(plan, &plan->few, p, share) || !split(plan, &plan->many, p, share)) {
      return false;
    }
  }
  return sort(&plan->few) && sort(&plan->many);
}

bool gt_attention_make_plan(gt_attention_plan *plan, const int32_t *cu_seqlens_q, const int32_t *cu_seqlens_kv,
                            const gt_attention_params *params, int64_t few_rows, int32_t many_rows,
                            int32_t processors) {
  memset(plan, 0, sizeof *plan);
  plan->few.rows = GT_ATTENTION_DECODE_ROWS;
  plan->many.rows = many_rows;
  if (!make(plan, cu_seqlens_q, cu_seqlens_kv, params, few_rows, processors)) {
    gt_attention_free_plan(plan);
    return false;
  }
  return true;
}

void gt_attention_free_plan(gt_attention_plan *plan) {
  free(plan->few.tiles);
  free(plan->many.tiles);
  free(plan->merges);
}
