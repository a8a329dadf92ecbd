/* Packs weights into the panels that linear_tile.h reads. */
#ifndef GT_SIMD_LINEAR_PACK_H
#define GT_SIMD_LINEAR_PACK_H

#include "cpu/kernel_table.h"
#include "cpu/simd/bf16.h"
#include "cpu/simd/linear_tile.h"
#include "cpu/simd/transpose.h"
#include "cpu/simd/widen.h"

enum { PIECE = 64 }; /* words of a weight row that are packed at a time */

/* out[i][n] = piece[n][i] for i < count and GT_VL values of n. */
static inline void simd_transpose_piece(float piece[GT_VL][PIECE], int64_t count, float *out) {
  for (int64_t i = 0; i < count; i += GT_VL) {
    vf x[GT_VL];
    GT_UNROLL
    for (int j = 0; j < GT_VL; j++) {
      x[j] = vf_load(piece[j] + i);
    }
    vf_transpose(x);
    int64_t rows = gt_min(GT_VL, count - i);
    GT_UNROLL
    for (int j = 0; j < GT_VL; j++) {
      if (j < rows) {
        vf_store(out + (i + j) * NR, x[j]);
      }
    }
  }
}

/* `count` elements of a weight row from `index` on as words; returns how many words. */
static inline int64_t simd_row_words(const gt_linear_source *source, int64_t index, int64_t count, float *words) {
#ifdef GT_LINEAR_BF16
  float row[WORD_FEATURES * PIECE];
  simd_widen(gt_address(source->weight, source->dtype, index), source->dtype, row, count);
  simd_to_bf16(row, count, words);
#else
  simd_widen(gt_address(source->weight, source->dtype, index), source->dtype, words, count);
#endif
  return gt_ceil_div(count, WORD_FEATURES);
}

/* Asks for the piece of a weight row that begins at `index`, which may lie behind the last. */
static inline void simd_fetch_piece(const gt_linear_source *source, int64_t index) {
  const char *at = gt_address(source->weight, source->dtype, index);
  const char *end = gt_address(source->weight, source->dtype, index + WORD_FEATURES * PIECE);
  for (; at < end; at += 64) {
    _mm_prefetch(at, _MM_HINT_T0);
  }
}

/* Rows of [out, in]: made words piece by piece, then transposed. At most GT_VL rows. */
static inline void simd_pack_out_in(const gt_linear_source *source, int64_t row, int64_t rows, float *out) {
  float piece[GT_VL][PIECE] = {{0}};
  for (int64_t k = 0; k < source->in_features; k += WORD_FEATURES * PIECE) {
    const int64_t features = gt_min(WORD_FEATURES * PIECE, source->in_features - k);
    int64_t words = 0;
    for (int64_t n = 0; n < rows; n++) {
      simd_fetch_piece(source, (row + n) * source->in_features + k + WORD_FEATURES * PIECE);
      words = simd_row_words(source, (row + n) * source->in_features + k, features, piece[n]);
    }
    float *to = out + k / WORD_FEATURES * NR;
    if (rows == GT_VL) {
      simd_transpose_piece(piece, words, to);
      continue;
    }
    for (int64_t i = 0; i < words; i++) {
      for (int64_t n = 0; n < rows; n++) {
        to[i * NR + n] = piece[n][i];
      }
    }
  }
}

/* Columns of [in, out]. At most NR. */
static inline void simd_pack_in_out(const gt_linear_source *source, int64_t row, int64_t rows, float *out) {
  enum { ROWS_AHEAD = 16 }; /* each row begins on another page */
  float features[WORD_FEATURES][NR] = {{0}};
  for (int64_t k = 0; k < source->in_features; k += WORD_FEATURES, out += NR) {
    for (int64_t i = 0; i < WORD_FEATURES; i++) {
      const int64_t index = (k + i) * source->count + row;
      if (k + i < source->in_features) {
        const int64_t ahead = gt_min(k + i + ROWS_AHEAD, source->in_features - 1) * source->count + row;
        _mm_prefetch((const char *)gt_address(source->weight, source->dtype, ahead), _MM_HINT_T0);
        _mm_prefetch((const char *)gt_address(source->weight, source->dtype, ahead + rows - 1), _MM_HINT_T0);
        simd_widen(gt_address(source->weight, source->dtype, index), source->dtype, features[i], rows);
      } else {
        memset(features[i], 0, sizeof features[i]);
      }
    }
    for (int64_t n = 0; n < rows; n += GT_VL) {
#ifdef GT_LINEAR_BF16
      vf words = vf_bf16_words(vf_load(features[0] + n), vf_load(features[1] + n));
#else
      vf words = vf_load(features[0] + n);
#endif
      vf_store_n(out + n, words, gt_min(GT_VL, rows - n));
    }
  }
}

static inline void simd_linear_pack(const gt_linear_source *source, int64_t row, int64_t rows, float *out) {
  if (source->layout == GT_IN_OUT) {
    simd_pack_in_out(source, row, rows, out);
    return;
  }
  for (int64_t n = 0; n < rows; n += GT_VL) {
    simd_pack_out_in(source, row + n, gt_min(GT_VL, rows - n), out + n);
  }
}

#endif
