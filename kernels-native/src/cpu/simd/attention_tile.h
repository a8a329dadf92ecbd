/*
 * The inner products of attention on register tiles. Queries lie along the vector lanes: one panel is ATT_PANEL
 * queries, [depth][ATT_PANEL]. Keys and values are read as they lie in memory, one broadcast float at a time, so
 * neither is packed or transposed, and softmax needs no sums across lanes.
 *
 *   scores  s[key][lane]      = sum_d  k[key][d] q[d][lane]
 *   values  o[d][lane]        = o[d][lane] * rescale[lane] + sum_key v[key][d] p[key][lane]
 *
 * With GT_ATTENTION_BF16 a step takes a word of two bf16 values from either side: two neighbouring d of scores, two
 * neighbouring keys of values. Keys and values are then rounded into scratch, tile by tile. Those that come in bf16 are
 * put there, too: as words, or widened.
 */
#ifndef GT_ATTENTION_TILE_H
#define GT_ATTENTION_TILE_H

#include "cpu/reference/convert.h"
#include "cpu/simd/vec.h"

#ifdef GT_ATTENTION_BF16
enum { ATT_WORD = 2, ATT_SCORE_RUN = 256 };

/* c + the two products of words a and b */
GT_INLINE vf att_step(vf a, vf b, vf c) {
  return _mm512_dpbf16_ps(c, (__m512bh)a, (__m512bh)b);
}
#else
enum { ATT_WORD = 1, ATT_SCORE_RUN = 16 };

GT_INLINE vf att_step(vf a, vf b, vf c) {
  return vf_fma(a, b, c);
}
#endif

enum {
  ATT_PANEL = 2 * GT_VL,
#ifdef __AVX512F__
  ATT_TILE_ROWS = 14, /* x 2 vectors = 28 of 32 registers */
#else
  ATT_TILE_ROWS = 6, /* x 2 vectors = 12 of 16 registers */
#endif
};

/* sum[rows][vectors] = sum over depth of a[row * a_row + step * a_step] * b[step][..] */
GT_INLINE void att_sum(int rows, int vectors, int64_t depth, const float *a, int64_t a_row, int64_t a_step,
                       const float *b, vf sum[ATT_TILE_ROWS][2]) {
  GT_UNROLL
  for (int i = 0; i < rows; i++) {
    GT_UNROLL
    for (int j = 0; j < vectors; j++) {
      sum[i][j] = vf_zero();
    }
  }
  for (int64_t step = 0; step < depth; step++) {
    vf lanes[2];
    GT_UNROLL
    for (int j = 0; j < vectors; j++) {
      lanes[j] = vf_load(b + j * GT_VL);
    }
    GT_UNROLL
    for (int i = 0; i < rows; i++) {
      vf one = vf_set1(a[i * a_row]);
      GT_UNROLL
      for (int j = 0; j < vectors; j++) {
        sum[i][j] = att_step(one, lanes[j], sum[i][j]);
      }
    }
    a += a_step;
    b += ATT_PANEL;
  }
}

/* c = sum, or c += sum, or c = c * rescale + sum. */
enum { ATT_SET, ATT_ADD, ATT_RESCALE };
GT_INLINE void att_store(int rows, int vectors, vf sum[ATT_TILE_ROWS][2], float *c, int how, const float *rescale) {
  GT_UNROLL
  for (int i = 0; i < rows; i++) {
    GT_UNROLL
    for (int j = 0; j < vectors; j++) {
      float *to = c + i * ATT_PANEL + j * GT_VL;
      vf value = sum[i][j];
      if (how == ATT_ADD) {
        value = value + vf_load(to);
      } else if (how == ATT_RESCALE) {
        value = vf_fma(vf_load(to), vf_load(rescale + j * GT_VL), value);
      }
      vf_store(to, value);
    }
  }
}

/* c[rows][vectors] = the sum of att_sum. Scores are what an exponential magnifies: summed in short runs, they carry
 * less rounding than the q and k they are made of. */
GT_INLINE void att_scores_of(int rows, int vectors, int64_t depth, const float *k, int64_t k_stride, const float *q,
                             float *c) {
  for (int64_t d = 0; d < depth; d += ATT_SCORE_RUN) {
    vf sum[ATT_TILE_ROWS][2];
    const int64_t run = depth - d < ATT_SCORE_RUN ? depth - d : ATT_SCORE_RUN;
    att_sum(rows, vectors, run, k + d, k_stride, 1, q + d * ATT_PANEL, sum);
    att_store(rows, vectors, sum, c, d == 0 ? ATT_SET : ATT_ADD, NULL);
  }
}

/* c[rows][vectors] = c * rescale + the sum of att_sum; rescale NULL: c holds nothing yet. The sum begins at 0 and c
 * comes last: rounding grows with the keys of a tile and the number of tiles, not with their product. */
GT_INLINE void att_values_of(int rows, int vectors, int64_t keys, const float *v, int64_t v_stride, const float *p,
                             float *c, const float *rescale) {
  vf sum[ATT_TILE_ROWS][2];
  att_sum(rows, vectors, keys, v, 1, v_stride, p, sum);
  att_store(rows, vectors, sum, c, rescale == NULL ? ATT_SET : ATT_RESCALE, rescale);
}

typedef void att_scores_tile(int64_t depth, const float *k, int64_t k_stride, const float *q, float *s);
typedef void att_values_tile(int64_t keys, const float *v, int64_t v_stride, const float *p, float *o,
                             const float *rescale);

#define ATT_TILE(rows, vectors)                                                                                       \
  static void att_scores_##rows##x##vectors(int64_t depth, const float *k, int64_t k_stride, const float *q,          \
                                            float *s) {                                                               \
    att_scores_of(rows, vectors, depth, k, k_stride, q, s);                                                           \
  }                                                                                                                   \
  static void att_values_##rows##x##vectors(int64_t keys, const float *v, int64_t v_stride, const float *p, float *o, \
                                            const float *rescale) {                                                   \
    att_values_of(rows, vectors, keys, v, v_stride, p, o, rescale);                                                   \
  }
#define ATT_TILES(rows) ATT_TILE(rows, 1) ATT_TILE(rows, 2)

#ifdef __AVX512F__
#define ATT_FOR_TILE_ROWS(M) M(1) M(2) M(3) M(4) M(5) M(6) M(7) M(8) M(9) M(10) M(11) M(12) M(13) M(14)
#else
#define ATT_FOR_TILE_ROWS(M) M(1) M(2) M(3) M(4) M(5) M(6)
#endif
ATT_FOR_TILE_ROWS(ATT_TILES)

#define ATT_SCORES_ROW(rows) {att_scores_##rows##x1, att_scores_##rows##x2},
#define ATT_VALUES_ROW(rows) {att_values_##rows##x1, att_values_##rows##x2},
static att_scores_tile *const att_scores_tiles[ATT_TILE_ROWS][2] = {ATT_FOR_TILE_ROWS(ATT_SCORES_ROW)};
static att_values_tile *const att_values_tiles[ATT_TILE_ROWS][2] = {ATT_FOR_TILE_ROWS(ATT_VALUES_ROW)};

/* A tile of keys and values, rows in memory. */
typedef struct att_kv {
  const float *k;
  const float *v;
  int64_t k_stride;
  int64_t v_stride;
  int64_t keys_ahead; /* rows of k, from the tile's first on, that will be read sooner or later */
} att_kv;

/* The tile without its first `keys` keys, a multiple of ATT_WORD. */
static inline att_kv att_kv_behind(const att_kv *kv, int64_t keys) {
  return (att_kv){kv->k + keys * kv->k_stride, kv->v + keys / ATT_WORD * kv->v_stride, kv->k_stride, kv->v_stride,
                  kv->keys_ahead - keys};
}

/* A head's rows are short and far apart: too short for the CPU to guess the next one. */
GT_INLINE void att_prefetch(const void *row, int32_t dtype, int64_t count) {
  const int64_t step = dtype == GT_BF16 ? 32 : 16;
  for (int64_t i = 0; i < count; i += step) {
    _mm_prefetch((const char *)gt_address(row, dtype, i), _MM_HINT_T0);
  }
}

/* s[keys][ATT_PANEL] of `vectors` vectors of queries. Rows are cut evenly: 128 = 8 x 13 + 2 x 12, not 9 x 14 + 2.
 * `v_depth` > 0 fetches the values of these keys and the keys behind them, for a tile that isn't in the cache yet. */
static void att_scores(int64_t keys, int64_t depth, int64_t v_depth, const att_kv *kv, const float *q, float *s,
                       int vectors) {
  int64_t tiles = (keys + ATT_TILE_ROWS - 1) / ATT_TILE_ROWS;
  for (int64_t tile = 0, row = 0; tile < tiles; tile++) {
    int64_t end = keys * (tile + 1) / tiles;
    if (v_depth > 0) {
      for (int64_t i = row; i < end; i++) {
        att_prefetch(kv->v + i * kv->v_stride, GT_F32, v_depth);
        if (i + ATT_TILE_ROWS < kv->keys_ahead) {
          att_prefetch(kv->k + (i + ATT_TILE_ROWS) * kv->k_stride, GT_F32, depth);
        }
      }
    }
    att_scores_tiles[end - row - 1][vectors - 1](depth, kv->k + row * kv->k_stride, kv->k_stride, q,
                                                 s + row * ATT_PANEL);
    row = end;
  }
}

/* o[depth][ATT_PANEL]; rescale NULL: o was nothing before. */
static void att_values(int64_t keys, int64_t depth, const float *v, int64_t v_stride, const float *p, float *o,
                       const float *rescale, int vectors) {
  int64_t tiles = (depth + ATT_TILE_ROWS - 1) / ATT_TILE_ROWS;
  for (int64_t tile = 0, row = 0; tile < tiles; tile++) {
    int64_t end = depth * (tile + 1) / tiles;
    att_values_tiles[end - row - 1][vectors - 1](keys, v + row, v_stride, p, o + row * ATT_PANEL, rescale);
    row = end;
  }
}

#endif
