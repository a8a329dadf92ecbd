/*
 * Disentangled attention (He et al., DeBERTa, arXiv 2006.03654): flash attention as in attention_panels.h, with the
 * position scores of disentangled_tile.h added to each tile before its softmax.
 */
#ifndef GT_DISENTANGLED_H
#define GT_DISENTANGLED_H

#include "cpu/simd/disentangled_tile.h"

_Static_assert(DIS_TOKENS % ATT_PANEL == 0 && DIS_KEYS % GT_VL == 0 && DIS_DISTANCES % ATT_PANEL == 0,
               "tiles are whole panels and vectors");

/* One call's scratch: that of a tile and of attention over it. */
typedef struct dis_item {
  att_panels attention;
  dis_scratch tile;
} dis_item;

static size_t dis_scratch_bytes(const gt_disentangled_params *params) {
  const size_t dim_floats = 2 * DIS_TOKENS + DIS_DISTANCES;
  const size_t other_floats =
      DIS_KEYS * ATT_PANEL + 2 * DIS_TOKENS + ATT_PANEL + (2 * DIS_TOKENS + DIS_KEYS) * DIS_PITCH;
  return (dim_floats * (size_t)params->head_dim + other_floats) * sizeof(float);
}

static dis_item dis_item_of(int64_t head_dim, float *scratch) {
  dis_item s = {.attention = {.q = scratch}};
  s.attention.o = s.attention.q + DIS_TOKENS * head_dim;
  s.attention.scores = s.attention.o + DIS_TOKENS * head_dim;
  s.attention.greatest = s.attention.scores + DIS_KEYS * ATT_PANEL;
  s.attention.sum = s.attention.greatest + DIS_TOKENS;
  s.attention.rescale = s.attention.sum + DIS_TOKENS;
  s.tile.panels = s.attention.rescale + ATT_PANEL;
  s.tile.products = s.tile.panels + DIS_DISTANCES * head_dim;
  s.tile.by_query = s.tile.products + DIS_TOKENS * DIS_PITCH;
  s.tile.by_key = s.tile.by_query + DIS_TOKENS * DIS_PITCH;
  return s;
}

static void dis_run(const gt_disentangled_job *job, const gt_attention_item *item, void *scratch) {
  const gt_attention_job *content = &job->content;
  const gt_attention_params *p = content->params;
  const dis_item s = dis_item_of(p->head_dim, scratch);
  const att_panels *a = &s.attention;
  const int64_t rows = item->tokens;
  const int64_t lanes = (rows + GT_VL - 1) / GT_VL * GT_VL;
  att_load_queries(content, item, rows, a->q);
  for (int64_t row = 0; row < lanes; row += GT_VL) {
    vf_store(a->greatest + row, vf_set1(-FLT_MAX));
    vf_store(a->sum + row, vf_zero());
  }
  for (int64_t key = 0; key < item->end_key; key += DIS_KEYS) {
    const int64_t keys = item->end_key - key < DIS_KEYS ? item->end_key - key : DIS_KEYS;
    const att_kv kv = att_in_place(content, item, key, item->end_key);
    dis_position_scores(job, item, lanes, key, keys, &s.tile);
    for (int64_t row = 0; row < rows; row += ATT_PANEL) {
      const int vectors = rows - row <= GT_VL ? 1 : 2;
      att_scores(keys, p->head_dim, row == 0 ? p->head_dim : 0, &kv, a->q + row * p->head_dim, a->scores, vectors);
      dis_add_position_scores(job, row, vectors, lanes, keys, &s.tile, a->scores);
      if (vectors == 1) {
        att_softmax(1, keys, a->scores, a->greatest + row, a->sum + row, a->rescale);
      } else {
        att_softmax(2, keys, a->scores, a->greatest + row, a->sum + row, a->rescale);
      }
      att_values(keys, p->head_dim, kv.v, kv.v_stride, a->scores, a->o + row * p->head_dim,
                 key == 0 ? NULL : a->rescale, vectors);
    }
  }
  att_store_rows(content, item, rows, a);
}

#define GT_DISENTANGLED_KERNEL \
  { .max_tokens = DIS_TOKENS, .scratch_bytes = dis_scratch_bytes, .run = dis_run }

#endif
