/*
 * The position scores of one tile of disentangled attention: queries [token, token + lanes) of a sequence against keys
 * [key, key + keys). Both products are computed per distance, not per pair: lanes + keys - 1 rows of positions, packed
 * in the order in which the tile meets them, so that what a pair needs is found by loads of whole vectors, never by a
 * gather. Where many distances share a row (the logarithmic buckets far from the diagonal) each row is multiplied once
 * and the product is written out per distance.
 */
#ifndef GT_DISENTANGLED_TILE_H
#define GT_DISENTANGLED_TILE_H

#include <stdbool.h>
#include <string.h>

#include "cpu/disentangled.h"
#include "cpu/simd/attention_panels.h"

enum {
  DIS_TOKENS = 64, /* queries of an item: whole panels */
  DIS_KEYS = 64,   /* keys of a tile: whole vectors */
  DIS_DISTANCES = DIS_TOKENS + DIS_KEYS,
  DIS_PITCH = DIS_DISTANCES + 16, /* rows a power of two apart fight for the same sets of the nearest cache */
};

typedef struct dis_scratch {
  float *panels;   /* [panel][head_dim][ATT_PANEL]: rows of positions times scale and log2(e) */
  float *products; /* [DIS_TOKENS][DIS_PITCH], per row of positions, where distances share them */
  float *by_query; /* [DIS_TOKENS][DIS_PITCH]: q . position_k by rising key - query */
  float *by_key;   /* [DIS_KEYS][DIS_PITCH]: k . position_q by rising query - key */
} dis_scratch;

/* The distances of a tile, and where their rows of positions lie. */
typedef struct dis_rows {
  int64_t first; /* query - key of the least distance */
  int64_t distances;
  int64_t low;    /* least row that a distance has */
  int64_t packed; /* rows of positions to multiply: from `low` on where `shared`, else one per distance */
  bool shared;
} dis_rows;

static dis_rows dis_rows_of(const gt_disentangled_job *job, int64_t token, int64_t lanes, int64_t key, int64_t keys) {
  dis_rows r = {.first = token - (key + keys - 1), .distances = lanes + keys - 1};
  r.low = gt_disentangled_row(job, r.first);
  int64_t high = r.low;
  for (int64_t i = 1; i < r.distances; i++) {
    const int64_t row = gt_disentangled_row(job, r.first + i);
    r.low = row < r.low ? row : r.low;
    high = row > high ? row : high;
  }
  r.shared = 2 * (high - r.low + 1) <= r.distances;
  r.packed = r.shared ? high - r.low + 1 : r.distances;
  return r;
}

/* The row of positions of packed column `i`; `falling`: by falling query - key. */
static inline int64_t dis_row_at(const gt_disentangled_job *job, const dis_rows *r, int64_t i, bool falling) {
  if (r->shared) {
    return r->low + i;
  }
  return gt_disentangled_row(job, r->first + (falling ? r->distances - 1 - i : i));
}

/* panels[i / ATT_PANEL][d][i % ATT_PANEL] = row i times scale and log2(e). Columns behind the last repeat it. */
static void dis_pack(const gt_disentangled_job *job, const dis_rows *r, const float *positions, int64_t stride,
                     bool falling, float *panels) {
  const int64_t depth = job->params->head_dim;
  const vf scale = vf_set1(job->params->scale * ATT_LOG2E);
  const int64_t columns = (r->packed + ATT_PANEL - 1) / ATT_PANEL * ATT_PANEL;
  for (int64_t i = 0; i < columns; i += GT_VL) {
    float *to = panels + i / ATT_PANEL * ATT_PANEL * depth + i % ATT_PANEL;
    const float *from[GT_VL];
    for (int64_t lane = 0; lane < GT_VL; lane++) {
      const int64_t column = i + lane < r->packed ? i + lane : r->packed - 1;
      from[lane] = positions + dis_row_at(job, r, column, falling) * stride;
    }
    for (int64_t d = 0; d < depth; d += GT_VL) {
      const int64_t count = depth - d < GT_VL ? depth - d : GT_VL;
      vf x[GT_VL];
      GT_UNROLL
      for (int lane = 0; lane < GT_VL; lane++) {
        x[lane] = (count == GT_VL ? vf_load(from[lane] + d) : vf_load_n(from[lane] + d, count)) * scale;
      }
      vf_transpose(x);
      GT_UNROLL
      for (int lane = 0; lane < GT_VL; lane++) {
        if (lane < count) {
          vf_store(to + (d + lane) * ATT_PANEL, x[lane]);
        }
      }
    }
  }
}

/* c[rows][ATT_PANEL] = a[rows] . panel, in short runs as att_scores_of. */
GT_INLINE void dis_products_of(int rows, int64_t depth, const float *a, int64_t a_stride, const float *panel,
                               float *c) {
  for (int64_t d = 0; d < depth; d += ATT_SCORE_RUN) {
    vf sum[ATT_TILE_ROWS][2];
    const int64_t run = depth - d < ATT_SCORE_RUN ? depth - d : ATT_SCORE_RUN;
    att_sum(rows, 2, run, a + d, a_stride, 1, panel + d * ATT_PANEL, sum);
    GT_UNROLL
    for (int i = 0; i < rows; i++) {
      GT_UNROLL
      for (int j = 0; j < 2; j++) {
        float *to = c + i * DIS_PITCH + j * GT_VL;
        vf value = sum[i][j];
        if (d > 0) {
          value = value + vf_load(to);
        }
        vf_store(to, value);
      }
    }
  }
}

typedef void dis_products_tile(int64_t depth, const float *a, int64_t a_stride, const float *panel, float *c);
#define DIS_TILE(rows)                                                                                             \
  static void dis_products_##rows(int64_t depth, const float *a, int64_t a_stride, const float *panel, float *c) { \
    dis_products_of(rows, depth, a, a_stride, panel, c);                                                           \
  }
ATT_FOR_TILE_ROWS(DIS_TILE)
#define DIS_TILE_ROW(rows) dis_products_##rows,
static dis_products_tile *const dis_products_tiles[ATT_TILE_ROWS] = {ATT_FOR_TILE_ROWS(DIS_TILE_ROW)};

/* to[row][i] = a[row] . the row of positions of the tile's distance i, rising or falling. */
static void dis_products(const gt_disentangled_job *job, const dis_rows *r, const float *a, int64_t a_stride,
                         int64_t rows, bool falling, const dis_scratch *s, float *to) {
  const int64_t depth = job->params->head_dim;
  float *products = r->shared ? s->products : to;
  for (int64_t column = 0; column < r->packed; column += ATT_PANEL) {
    const int64_t tiles = (rows + ATT_TILE_ROWS - 1) / ATT_TILE_ROWS;
    for (int64_t tile = 0, row = 0; tile < tiles; tile++) {
      const int64_t end = rows * (tile + 1) / tiles;
      dis_products_tiles[end - row - 1](depth, a + row * a_stride, a_stride, s->panels + column * depth,
                                        products + row * DIS_PITCH + column);
      row = end;
    }
  }
  if (!r->shared) {
    return;
  }
  int32_t column[DIS_DISTANCES];
  for (int64_t i = 0; i < r->distances; i++) {
    const int64_t distance = r->first + (falling ? r->distances - 1 - i : i);
    column[i] = (int32_t)(gt_disentangled_row(job, distance) - r->low);
  }
  for (int64_t row = 0; row < rows; row++) {
    for (int64_t i = 0; i < r->distances; i++) {
      to[row * DIS_PITCH + i] = products[row * DIS_PITCH + column[i]];
    }
  }
}

/* by_query and by_key of a tile. Rows behind the last query stay undefined: their lanes are dropped. */
static void dis_position_scores(const gt_disentangled_job *job, const gt_attention_item *item, int64_t lanes,
                                int64_t key, int64_t keys, const dis_scratch *s) {
  const gt_disentangled_params *p = job->params;
  const int64_t at = (int64_t)item->head * p->head_dim;
  const dis_rows rows = dis_rows_of(job, item->token, lanes, key, keys);
  if (job->position_k != NULL) {
    const int64_t token = job->content.cu_seqlens_q[item->sequence] + item->token;
    dis_pack(job, &rows, job->position_k + at, p->position_k_stride, true, s->panels);
    dis_products(job, &rows, (const float *)job->content.q + token * p->q_stride + at, p->q_stride, item->tokens, true,
                 s, s->by_query);
  }
  if (job->position_q != NULL) {
    const float *k = gt_attention_k_row(&job->content, item->sequence, key, item->head);
    dis_pack(job, &rows, job->position_q + at, p->position_q_stride, false, s->panels);
    dis_products(job, &rows, k, p->k_stride, keys, false, s, s->by_key);
  }
}

/* scores[keys][ATT_PANEL] += by_query + by_key for the panel that begins at lane `row` of `lanes`. */
static void dis_add_position_scores(const gt_disentangled_job *job, int64_t row, int vectors, int64_t lanes,
                                    int64_t keys, const dis_scratch *s, float *scores) {
  for (int vector = 0; vector < vectors; vector++) {
    const int64_t lane = row + vector * GT_VL;
    float *to = scores + vector * GT_VL;
    if (job->position_q != NULL) {
      const float *from = s->by_key + lane + keys - 1; /* query - key rises with the lane and falls with the key */
      for (int64_t j = 0; j < keys; j++) {
        vf_store(to + j * ATT_PANEL, vf_load(to + j * ATT_PANEL) + vf_load(from + j * (DIS_PITCH - 1)));
      }
    }
    if (job->position_k == NULL) {
      continue;
    }
    const float *from = s->by_query + lane * DIS_PITCH + lanes - 1 - lane;
    for (int64_t j = 0; j < keys; j += GT_VL) {
      vf x[GT_VL]; /* first a query's keys, then a key's queries */
      GT_UNROLL
      for (int i = 0; i < GT_VL; i++) {
        x[i] = vf_load(from + i * (DIS_PITCH - 1) + j);
      }
      vf_transpose(x);
      const int64_t count = keys - j < GT_VL ? keys - j : GT_VL;
      for (int64_t i = 0; i < count; i++) {
        float *at = to + (j + i) * ATT_PANEL;
        vf_store(at, vf_load(at) + x[i]);
      }
    }
  }
}

#endif
