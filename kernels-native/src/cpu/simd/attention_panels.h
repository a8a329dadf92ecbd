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

#include "core/arithmetic.h"
#include "cpu/attention.h"
#include "cpu/simd/attention_move.h"
#include "cpu/simd/attention_tile.h"
#include "cpu/simd/vec_compare.h"
#include "cpu/simd/vecmath.h"

#define ATT_SLACK 8.0f /* weights stay below 2^8 */

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

/* scores = -infinity where key + j < first[lane]. */
static void att_hide_keys_before(int64_t key, int64_t keys, int vectors, const int32_t *first, float *scores) {
  vf hidden = vf_set1(-INFINITY);
  for (int vector = 0; vector < vectors; vector++) {
    vi begin = vi_load(first + vector * GT_VL);
    for (int64_t j = 0; j < keys; j++) {
      float *at = scores + j * ATT_PANEL + vector * GT_VL;
      vf_store(at, vf_select(vi_gt(begin, vi_set1((int32_t)(key + j))), hidden, vf_load(at)));
    }
  }
}

/* Writes the weights of key `key`, whose scores they replace. Keys come in order; a word is written with its last. */
GT_INLINE void att_put_weight(float *scores, int64_t key, int64_t keys, vf *before, vf weight) {
#ifdef GT_ATTENTION_BF16
  if (key % 2 != 0) {
    vf_store(scores + key / 2 * ATT_PANEL, vf_bf16_words(*before, weight));
  } else if (key == keys - 1) {
    vf_store(scores + key / 2 * ATT_PANEL, vf_bf16_words(weight, vf_zero()));
  }
  *before = weight;
#else
  (void)keys, (void)before;
  vf_store(scores + key * ATT_PANEL, weight);
#endif
}

/* scores = exp2(scores - greatest), after moving `greatest` where it must; sum follows, and o
 * is to be multiplied with `rescale`. */
GT_INLINE void att_softmax(int vectors, int64_t keys, float *scores, float *greatest, float *sum, float *rescale) {
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
  GT_UNROLL
  for (int j = 0; j < vectors; j++) {
    vf before = vf_load(greatest + j * GT_VL);
    vm move = vm_gt(top[j], before + vf_set1(ATT_SLACK));
    vf after = vf_select(move, top[j], before);
    vf factor = vf_exp2_nonpositive(before - after);
    vf_store(rescale + j * GT_VL, factor);
    vf_store(greatest + j * GT_VL, after);
    total[j] = vf_zero();
    top[j] = after;
  }
  vf pending[2] = {vf_zero(), vf_zero()};
  for (int64_t key = 0; key < keys; key++) {
    GT_UNROLL
    for (int j = 0; j < vectors; j++) {
      vf weight = vf_exp2_nonpositive(vf_load(scores + key * ATT_PANEL + j * GT_VL) - top[j]);
      att_put_weight(scores + j * GT_VL, key, keys, &pending[j], weight);
      total[j] = total[j] + weight;
    }
  }
  GT_UNROLL
  for (int j = 0; j < vectors; j++) {
    vf_store(sum + j * GT_VL, vf_fma(vf_load(sum + j * GT_VL), vf_load(rescale + j * GT_VL), total[j]));
  }
}

/* Is there infinity or NaN among the values in words [begin, end) of these keys? */
static bool att_not_finite(const att_kv *kv, int64_t begin, int64_t end, int64_t dims) {
  vf sum = vf_zero();
  for (int64_t word = begin; word < end; word++) {
    const float *v = kv->v + word * kv->v_stride;
    for (int64_t d = 0; d < dims; d += GT_VL) {
      vf x = vf_load_n(v + d, dims - d < GT_VL ? dims - d : GT_VL);
#ifdef GT_ATTENTION_BF16
      sum = vf_fma(vf_of_bits(vi_shift_left(vi_of_bits(x), 16)), vf_zero(), sum);
      x = vf_of_bits(vi_and(vi_of_bits(x), vi_set1((int32_t)0xffff0000)));
#endif
      sum = vf_fma(x, vf_zero(), sum);
    }
  }
  return vf_sum(sum) != 0;
}

/* x where `key` is one of [begin, end), else 0. */
GT_INLINE vf att_if_seen(vf x, int64_t key, vi begin, vi end) {
  const vi at = vi_set1((int32_t)key);
  return vf_select(vi_gt(begin, at), vf_zero(), vf_select(vi_gt(end, at), x, vf_zero()));
}

/* att_values, bit by bit, but that no lane multiplies what it doesn't see: 0 times infinity is NaN. */
static void att_values_seen(int64_t key, int64_t words, int64_t dims, const att_kv *kv, const int32_t *first,
                            const int32_t *visible, const float *p, float *o, const float *rescale, int vectors) {
  for (int64_t lane = 0; lane < vectors * GT_VL; lane += GT_VL) {
    const vi begin = vi_load(first + lane), end = vi_load(visible + lane);
    for (int64_t d = 0; d < dims; d++) {
      vf sum = vf_zero();
      for (int64_t word = 0; word < words; word++) {
        const vf x = vf_set1(kv->v[word * kv->v_stride + d]);
#ifdef GT_ATTENTION_BF16
        const vi upper = vi_set1((int32_t)0xffff0000), lower = vi_set1(0xffff);
        vf low = att_if_seen(vf_of_bits(vi_and(vi_of_bits(x), lower)), key + 2 * word, begin, end);
        vf high = att_if_seen(vf_of_bits(vi_and(vi_of_bits(x), upper)), key + 2 * word + 1, begin, end);
        const vf seen = vf_of_bits(vi_or(vi_of_bits(low), vi_of_bits(high)));
#else
        const vf seen = att_if_seen(x, key + word, begin, end);
#endif
        sum = att_step(seen, vf_load(p + word * ATT_PANEL + lane), sum);
      }
      float *to = o + d * ATT_PANEL + lane;
      vf_store(to, rescale == NULL ? sum : vf_fma(vf_load(to), vf_load(rescale + lane), sum));
    }
  }
}

/* What each lane's query sees, and an empty softmax. Lanes behind the last row repeat it. */
static void att_begin_rows(const gt_attention_job *job, const gt_attention_item *item, int64_t rows, int64_t lanes,
                           const att_panels *s) {
  int64_t row = 0;
  for (int32_t token = item->token; row < rows; token++) {
    int64_t visible = gt_attention_visible(job, item->sequence, token);
    int32_t end = visible < item->end_key ? (int32_t)visible : item->end_key;
    int32_t first = (int32_t)gt_attention_first_visible(job, item->sequence, token);
    for (int32_t head = 0; head < item->heads; head++) {
      s->visible[row] = end;
      s->first[row++] = first;
    }
  }
  for (; row < lanes; row++) {
    s->visible[row] = s->visible[rows - 1];
    s->first[row] = s->first[rows - 1];
  }
  for (row = 0; row < lanes; row += GT_VL) {
    vf_store(s->greatest + row, vf_set1(-FLT_MAX));
    vf_store(s->sum + row, vf_zero());
  }
}

/* One panel against one tile of keys. `first`: the panel's first tile; `fetch`: the tile isn't in the cache yet. */
static void att_panel_tile(const gt_attention_job *job, const gt_attention_item *item, int64_t row, int vectors,
                           int64_t key, int64_t keys, const att_kv *kv, bool first, bool fetch, const att_panels *s) {
  const gt_attention_params *p = job->params;
  float *greatest = s->greatest + row;
  float *sum = s->sum + row;
  const int64_t depth = att_words(p->head_dim);
  att_scores(keys, depth, fetch ? p->v_head_dim : 0, kv, s->q + row * depth, s->scores, vectors);
  if (job->distance_bias != NULL) {
    att_add_bias(job, item, row, key, keys, vectors, s);
  }
  if (s->visible[row] < key + keys) {
    att_hide_keys(key, keys, vectors, s->visible + row, s->scores);
  }
  if (s->first[row + ATT_PANEL - 1] > key) {
    att_hide_keys_before(key, keys, vectors, s->first + row, s->scores);
  }
  if (vectors == 1) {
    att_softmax(1, keys, s->scores, greatest, sum, s->rescale);
  } else {
    att_softmax(2, keys, s->scores, greatest, sum, s->rescale);
  }
  const int64_t words = att_words(keys);
  float *o = s->o + row * p->v_head_dim;
  const float *rescale = first ? NULL : s->rescale;
  /* Words that all lanes see whole: those between these two. */
  const int64_t whole = att_words(gt_max(s->first[row + ATT_PANEL - 1] - key, 0));
  const int64_t whole_end = (s->visible[row] - key) / ATT_WORD;
  if (att_not_finite(kv, 0, gt_min(whole, words), p->v_head_dim) ||
      att_not_finite(kv, gt_max(whole_end, 0), words, p->v_head_dim)) {
    att_values_seen(key, words, p->v_head_dim, kv, s->first + row, s->visible + row, s->scores, o, rescale, vectors);
  } else {
    att_values(words, p->v_head_dim, kv->v, kv->v_stride, s->scores, o, rescale, vectors);
  }
}

static inline void att_run_panels(const gt_attention_job *job, const gt_attention_item *item, void *scratch) {
  const gt_attention_params *p = job->params;
  att_panels s = att_panels_of(p, scratch);
  int64_t rows = (int64_t)item->tokens * item->heads;
  int64_t panels = (rows + ATT_PANEL - 1) / ATT_PANEL;
  const bool copy = job->block_table != NULL || ATT_WORD > 1 || p->qkv_dtype == GT_BF16;
  if (!copy && panels > 1) {
    att_kv first = att_in_place(job, item, item->first_key, item->end_key);
    for (int64_t i = 0; i < ATT_TILE_ROWS && i < first.keys_ahead; i++) {
      att_prefetch(first.k + i * first.k_stride, GT_F32, p->head_dim);
    }
  }
  att_load_queries(job, item, rows, s.q);
  att_begin_rows(job, item, rows, panels * ATT_PANEL, &s);
  bool begun[ATT_MAX_PANELS] = {false};
  int64_t end = s.visible[rows - 1]; /* grows with the row */
  int64_t tile_keys = att_tile_keys(p);
  /* Tiles end at multiples of their length and begin with whole words, wherever the item's keys begin: a text gives the
   * same bits however it is cut into items. Parts of an item share no key. */
  int64_t key = item->partial == NULL ? item->first_key / ATT_WORD * ATT_WORD : item->first_key;
  for (int64_t keys; key < end; key += keys) {
    keys = tile_keys - key % tile_keys;
    keys = end - key < keys ? end - key : keys;
    att_kv kv = copy ? att_gather(job, item, key, keys, &s) : att_in_place(job, item, key, end);
    bool fetch = !copy;
    for (int64_t panel = 0; panel < panels; panel++) {
      int64_t row = panel * ATT_PANEL;
      int64_t seen = s.visible[row + ATT_PANEL - 1] - key;
      seen = seen < keys ? seen : keys;
      /* Keys before the panel's window; in whole words. */
      int64_t before = s.first[row] > key ? (s.first[row] - key) / ATT_WORD * ATT_WORD : 0;
      if (seen > before) {
        att_kv part = att_kv_behind(&kv, before);
        att_panel_tile(job, item, row, rows - row <= GT_VL ? 1 : 2, key + before, seen - before, &part, !begun[panel],
                       fetch, &s);
        begun[panel] = true;
        fetch = false;
      }
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
