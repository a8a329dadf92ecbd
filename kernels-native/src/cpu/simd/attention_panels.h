/*
 * Flash attention (Dao, arXiv 2307.08691) for more than a few queries: panels of ATT_PANEL queries walk over tiles of
 * keys with an online softmax (Milakov and Gimelshein, arXiv 1805.02867).
 *
 * Scores are kept in units of ln 2: q is multiplied by scale * log2(e) when it is loaded, and exp becomes exp2, whose
 * range reduction is exact. `greatest` is only an anchor that keeps exp2 in range, so it moves when a score exceeds it
 * by more than ATT_SLACK, not on each new maximum: rescaling the sums is rare.
 */
#ifndef GT_ATTENTION_PANELS_H
#define GT_ATTENTION_PANELS_H

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "cpu/attention.h"
#include "cpu/simd/attention_tile.h"
#include "cpu/simd/transpose.h"
#include "cpu/simd/vec_compare.h"
#include "cpu/simd/vecmath.h"

enum {
  ATT_MAX_ROWS = 128, /* queries of one call */
  ATT_MAX_PANELS = ATT_MAX_ROWS / ATT_PANEL,
};

#define ATT_LOG2E 1.44269504088896340736f
#define ATT_SLACK 8.0f /* weights stay below 2^8 */

/* Keys per tile: scores of a panel and the tile's keys and values stay in the near caches. */
static inline int32_t att_tile_keys(const gt_attention_params *p) {
  int32_t dim = p->head_dim > p->v_head_dim ? p->head_dim : p->v_head_dim;
  return dim <= 128 ? 128 : dim <= 256 ? 64 : 32;
}

/* One call's scratch, cut from the worker's. */
typedef struct att_panels {
  float *q;         /* [panel][head_dim][ATT_PANEL] */
  float *o;         /* [panel][v_head_dim][ATT_PANEL] */
  float *scores;    /* [tile_keys][ATT_PANEL] */
  float *greatest;  /* [panel][ATT_PANEL], -FLT_MAX at first */
  float *sum;       /* [panel][ATT_PANEL] */
  float *rescale;   /* [ATT_PANEL] */
  float *bias;      /* [tile_keys + ATT_PANEL] */
  int32_t *visible; /* [panel][ATT_PANEL]: the lane's query sees keys [0, this) */
  float *k;         /* [tile_keys][head_dim], gathered blocks */
  float *v;         /* [tile_keys][v_head_dim] */
} att_panels;

static size_t att_panels_bytes(const gt_attention_params *p) {
  size_t rows = ATT_MAX_ROWS;
  size_t keys = (size_t)att_tile_keys(p);
  size_t head_dim = (size_t)p->head_dim;
  size_t v_head_dim = (size_t)p->v_head_dim;
  size_t floats = rows * (head_dim + v_head_dim + 3) + ATT_PANEL + (keys + ATT_PANEL) + keys * ATT_PANEL;
  if (p->block_size != 0) {
    floats += keys * (head_dim + v_head_dim);
  }
  return floats * sizeof(float);
}

static att_panels att_panels_of(const gt_attention_params *p, void *scratch) {
  int64_t rows = ATT_MAX_ROWS;
  int64_t keys = att_tile_keys(p);
  att_panels s;
  s.q = scratch;
  s.o = s.q + rows * p->head_dim;
  s.scores = s.o + rows * p->v_head_dim;
  s.greatest = s.scores + keys * ATT_PANEL;
  s.sum = s.greatest + rows;
  s.rescale = s.sum + rows;
  s.visible = (int32_t *)(s.rescale + ATT_PANEL);
  s.bias = (float *)(s.visible + rows);
  s.k = s.bias + keys + ATT_PANEL;
  s.v = s.k + keys * p->head_dim;
  return s;
}

/* Row r of the item is head item->head + r % heads of token item->token + r / heads. */
static inline int64_t att_q_offset(const gt_attention_job *job, const gt_attention_item *item, int64_t row,
                                   int64_t stride, int64_t dim) {
  int64_t token = job->cu_seqlens_q[item->sequence] + item->token + row / item->heads;
  return token * stride + (item->head + row % item->heads) * dim;
}

/* q[panel][d][lane] = q * scale * log2(e); lanes behind the last row are zero. */
static void att_load_queries(const gt_attention_job *job, const gt_attention_item *item, int64_t rows, float *to) {
  const gt_attention_params *p = job->params;
  vf scale = vf_set1(p->scale * ATT_LOG2E);
  for (int64_t row = 0; row < rows; row += GT_VL) {
    float *panel = to + row / ATT_PANEL * ATT_PANEL * p->head_dim + row % ATT_PANEL;
    int64_t lanes = rows - row < GT_VL ? rows - row : GT_VL;
    const float *from[GT_VL];
    for (int64_t lane = 0; lane < lanes; lane++) {
      from[lane] = job->q + att_q_offset(job, item, row + lane, p->q_stride, p->head_dim);
    }
    for (int64_t d = 0; d < p->head_dim; d += GT_VL) {
      int64_t dims = p->head_dim - d < GT_VL ? p->head_dim - d : GT_VL;
      vf x[GT_VL];
      for (int64_t lane = 0; lane < GT_VL; lane++) {
        x[lane] = lane < lanes ? vf_load_n(from[lane] + d, dims) : vf_zero();
        x[lane] = x[lane] * scale;
      }
      vf_transpose(x);
      for (int64_t i = 0; i < dims; i++) {
        vf_store(panel + (d + i) * ATT_PANEL, x[i]);
      }
    }
  }
}

/* Writes o[panel][d][lane] as rows: divided by their sums to `out`, or as they are to `partial`. */
static void att_store_rows(const gt_attention_job *job, const gt_attention_item *item, int64_t rows,
                           const att_panels *s) {
  const gt_attention_params *p = job->params;
  for (int64_t row = 0; row < rows; row += GT_VL) {
    const float *panel = s->o + row / ATT_PANEL * ATT_PANEL * p->v_head_dim + row % ATT_PANEL;
    int64_t lanes = rows - row < GT_VL ? rows - row : GT_VL;
    vf sum = item->partial != NULL ? vf_set1(1.0f) : vf_load(s->sum + row);
    /* A sum of 0 is a query that saw no key; a NaN goes through. */
    vm none = vm_eq(sum, vf_zero());
    vf factor = vf_set1(1.0f) / sum;
    float *to[GT_VL];
    for (int64_t lane = 0; lane < lanes; lane++) {
      if (item->partial == NULL) {
        to[lane] = job->out + att_q_offset(job, item, row + lane, p->out_stride, p->v_head_dim);
      } else {
        float *partial = item->partial + (row + lane) * (p->v_head_dim + 2);
        partial[0] = s->greatest[row + lane];
        partial[1] = s->sum[row + lane];
        to[lane] = partial + 2;
      }
    }
    for (int64_t d = 0; d < p->v_head_dim; d += GT_VL) {
      int64_t dims = p->v_head_dim - d < GT_VL ? p->v_head_dim - d : GT_VL;
      vf x[GT_VL];
      for (int64_t i = 0; i < GT_VL; i++) {
        x[i] = i < dims ? vf_select(none, vf_zero(), vf_load(panel + (d + i) * ATT_PANEL) * factor) : vf_zero();
      }
      vf_transpose(x);
      for (int64_t lane = 0; lane < lanes; lane++) {
        vf_store_n(to[lane] + d, x[lane], dims);
      }
    }
  }
}

/* scores += distance_bias * log2(e) for keys [key, key + keys) and the panel that begins at `row`. */
static void att_add_bias(const gt_attention_job *job, const gt_attention_item *item, int64_t row, int64_t key,
                         int64_t keys, int vectors, const att_panels *s) {
  if (item->heads > 1) {
    for (int64_t lane = 0; lane < vectors * GT_VL; lane++) {
      int64_t position = gt_attention_position(job, item->sequence, item->token + (row + lane) / item->heads);
      const float *bias = gt_attention_bias_row(job, (int32_t)(item->head + (row + lane) % item->heads));
      for (int64_t j = 0; j < keys; j++) {
        s->scores[j * ATT_PANEL + lane] += bias[gt_attention_clamp_distance(job, key + j - position)] * ATT_LOG2E;
      }
    }
    return;
  }
  /* Lane i of key j has distance (key + j) - (position + i). Written out once by falling distance, each key's lanes
   * are consecutive. */
  int64_t position = gt_attention_position(job, item->sequence, item->token + row);
  const float *bias = gt_attention_bias_row(job, item->head);
  for (int64_t i = 0; i < keys + ATT_PANEL - 1; i++) {
    s->bias[i] = bias[gt_attention_clamp_distance(job, key + keys - 1 - position - i)] * ATT_LOG2E;
  }
  for (int64_t j = 0; j < keys; j++) {
    for (int vector = 0; vector < vectors; vector++) {
      float *at = s->scores + j * ATT_PANEL + vector * GT_VL;
      vf_store(at, vf_load(at) + vf_load(s->bias + keys - 1 - j + vector * GT_VL));
    }
  }
}

/* scores = -infinity where key + j >= visible[lane]. */
static void att_hide_keys(int64_t key, int64_t keys, int vectors, const int32_t *visible, float *scores) {
  vf hidden = vf_set1(-INFINITY);
  for (int vector = 0; vector < vectors; vector++) {
    vi end = vi_load(visible + vector * GT_VL);
    for (int64_t j = 0; j < keys; j++) {
      float *at = scores + j * ATT_PANEL + vector * GT_VL;
      vf_store(at, vf_select(vi_gt(end, vi_set1((int32_t)(key + j))), vf_load(at), hidden));
    }
  }
}

/* scores = exp2(scores - greatest), after moving `greatest` where it must; sum follows. Returns whether any lane's
 * rescale differs from 1. */
GT_INLINE bool att_softmax(int vectors, int64_t keys, float *scores, float *greatest, float *sum, float *rescale) {
  vf top[2];
  vf total[2];
  GT_UNROLL
  for (int j = 0; j < vectors; j++) {
    top[j] = vf_load(scores + j * GT_VL);
  }
  for (int64_t key = 1; key < keys; key++) {
    GT_UNROLL
    for (int j = 0; j < vectors; j++) {
      top[j] = vf_max(top[j], vf_load(scores + key * ATT_PANEL + j * GT_VL));
    }
  }
  bool moved = false;
  GT_UNROLL
  for (int j = 0; j < vectors; j++) {
    vf before = vf_load(greatest + j * GT_VL);
    vm move = vm_gt(top[j], before + vf_set1(ATT_SLACK));
    vf after = vf_select(move, top[j], before);
    vf factor = vf_exp2_nonpositive(before - after);
    moved |= vm_any(move);
    vf_store(rescale + j * GT_VL, factor);
    vf_store(greatest + j * GT_VL, after);
    total[j] = vf_load(sum + j * GT_VL) * factor;
    top[j] = after;
  }
  for (int64_t key = 0; key < keys; key++) {
    GT_UNROLL
    for (int j = 0; j < vectors; j++) {
      float *at = scores + key * ATT_PANEL + j * GT_VL;
      vf weight = vf_exp2_nonpositive(vf_load(at) - top[j]);
      vf_store(at, weight);
      total[j] = total[j] + weight;
    }
  }
  GT_UNROLL
  for (int j = 0; j < vectors; j++) {
    vf_store(sum + j * GT_VL, total[j]);
  }
  return moved;
}

static void att_run_panels(const gt_attention_job *job, const gt_attention_item *item, void *scratch) {
  const gt_attention_params *p = job->params;
  att_panels s = att_panels_of(p, scratch);
  int64_t rows = (int64_t)item->tokens * item->heads;
  int64_t panels = (rows + ATT_PANEL - 1) / ATT_PANEL;
  int64_t kv_head = item->head / (p->num_heads / p->num_kv_heads);
  att_load_queries(job, item, rows, s.q);
  for (int64_t row = 0; row < panels * ATT_PANEL; row++) {
    int64_t token = item->token + (row < rows ? row : rows - 1) / item->heads;
    int64_t visible = gt_attention_visible(job, item->sequence, token);
    s.visible[row] = visible < item->end_key ? (int32_t)visible : item->end_key;
    s.greatest[row] = -FLT_MAX;
    s.sum[row] = 0;
  }
  bool begun[ATT_MAX_PANELS] = {false};
  int64_t end = s.visible[rows - 1]; /* grows with the row */
  int64_t tile_keys = att_tile_keys(p);
  for (int64_t key = item->first_key; key < end; key += tile_keys) {
    int64_t keys = end - key < tile_keys ? end - key : tile_keys;
    const float *k;
    const float *v;
    int64_t k_stride = p->k_stride;
    int64_t v_stride = p->v_stride;
    if (job->block_table == NULL) {
      k = gt_attention_k_row(job, item->sequence, key) + kv_head * p->head_dim;
      v = gt_attention_v_row(job, item->sequence, key) + kv_head * p->v_head_dim;
    } else {
      for (int64_t j = 0; j < keys; j++) {
        memcpy(s.k + j * p->head_dim, gt_attention_k_row(job, item->sequence, key + j) + kv_head * p->head_dim,
               (size_t)p->head_dim * sizeof(float));
        memcpy(s.v + j * p->v_head_dim, gt_attention_v_row(job, item->sequence, key + j) + kv_head * p->v_head_dim,
               (size_t)p->v_head_dim * sizeof(float));
      }
      k = s.k;
      v = s.v;
      k_stride = p->head_dim;
      v_stride = p->v_head_dim;
    }
    for (int64_t panel = 0; panel < panels; panel++) {
      int64_t row = panel * ATT_PANEL;
      int32_t *visible = s.visible + row;
      int64_t seen = visible[ATT_PANEL - 1] - key;
      if (seen <= 0) {
        continue;
      }
      int64_t here = seen < keys ? seen : keys;
      int vectors = rows - row <= GT_VL ? 1 : 2;
      float *o = s.o + row * p->v_head_dim;
      float *greatest = s.greatest + row;
      float *sum = s.sum + row;
      att_scores(here, p->head_dim, k, k_stride, s.q + row * p->head_dim, s.scores, vectors);
      if (job->distance_bias != NULL) {
        att_add_bias(job, item, row, key, here, vectors, &s);
      }
      if (visible[0] < key + here) {
        att_hide_keys(key, here, vectors, visible, s.scores);
      }
      bool moved = vectors == 1 ? att_softmax(1, here, s.scores, greatest, sum, s.rescale)
                                : att_softmax(2, here, s.scores, greatest, sum, s.rescale);
      (void)moved;
      att_values(here, p->v_head_dim, v, v_stride, s.scores, o, begun[panel] ? s.rescale : NULL, vectors);
      begun[panel] = true;
    }
  }
  for (int64_t panel = 0; panel < panels; panel++) {
    if (!begun[panel]) {
      memset(s.o + panel * ATT_PANEL * p->v_head_dim, 0, (size_t)(ATT_PANEL * p->v_head_dim) * sizeof(float));
    }
  }
  att_store_rows(job, item, rows, &s);
}

#endif
