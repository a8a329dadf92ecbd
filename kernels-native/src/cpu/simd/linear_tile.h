/*
 * Register tiles of a linear layer: up to MR rows of x times one panel of W, [words][NR].
 *
 * A word of x or W is 4 bytes: a float, or with GT_LINEAR_BF16 two bf16 values of neighbouring inner features. Then a
 * step multiplies and adds both; without vdpbf16ps they are widened first, so every tier reads the same panels.
 *
 * MR * 2 accumulators, 2 vectors of W and one broadcast of x fill the register file: 14 x 32 of AVX-512's 32
 * registers, 6 x 16 of AVX2's 16; widening takes some of them.
 *
 * Accuracy of fp32: the inner dimension is cut into runs; each is summed in registers from zero and added to the
 * tile's partial sums, so that rounding grows with the length of a run plus the number of runs instead of in_features.
 * Runs begin at multiples of their length, wherever blocks and tiles end: a row gives the same bits beside any others.
 */
#ifndef GT_SIMD_LINEAR_TILE_H
#define GT_SIMD_LINEAR_TILE_H

#include <stdbool.h>
#include <string.h>

#include "core/arithmetic.h"
#include "cpu/simd/vec.h"

#ifdef GT_LINEAR_BF16
enum { WORD_FEATURES = 2 };
#else
enum { WORD_FEATURES = 1 };
#endif

#if defined(GT_LINEAR_BF16) && !defined(__AVX512BF16__)
#define GT_LINEAR_WIDENS 1
#else
#define GT_LINEAR_WIDENS 0
#endif

enum {
  MR = GT_VL == 16 ? (GT_LINEAR_WIDENS ? 12 : 14) : (GT_LINEAR_WIDENS ? 4 : 6),
  NV = 2,
  NR = NV * GT_VL,
  KC = 256, /* words */
  LONGEST_RUN = 64,
};

/* c[row][NR] += x[row] * w[NR] */
GT_INLINE void simd_step(const int rows, const float *x, int64_t x_stride, const float *w, vf (*c)[NV]) {
  vf b[NV];
  GT_UNROLL
  for (int v = 0; v < NV; v++) {
    b[v] = vf_load(w + v * GT_VL);
  }
#if GT_LINEAR_WIDENS
  const vi upper = vi_set1((int32_t)0xffff0000);
  vf b_odd[NV];
  GT_UNROLL
  for (int v = 0; v < NV; v++) {
    b_odd[v] = vf_of_bits(vi_and(vi_of_bits(b[v]), upper));
    b[v] = vf_of_bits(vi_shift_left(vi_of_bits(b[v]), 16));
  }
#endif
  GT_UNROLL
  for (int r = 0; r < rows; r++) {
    vf a = vf_set1(x[r * x_stride]);
#if GT_LINEAR_WIDENS
    vf a_odd = vf_of_bits(vi_and(vi_of_bits(a), upper));
    a = vf_of_bits(vi_shift_left(vi_of_bits(a), 16));
#endif
    GT_UNROLL
    for (int v = 0; v < NV; v++) {
#if !defined(GT_LINEAR_BF16)
      c[r][v] = vf_fma(a, b[v], c[r][v]);
#elif GT_LINEAR_WIDENS
      c[r][v] = vf_fma(a_odd, b_odd[v], vf_fma(a, b[v], c[r][v]));
#else
      c[r][v] = _mm512_dpbf16_ps(c[r][v], (__m512bh)a, (__m512bh)b[v]);
#endif
    }
  }
}

/* Fetches NR words into L1: those into L2 alone cost few rows up to a third of their speed. */
GT_INLINE void simd_fetch(const float *ahead) {
  GT_UNROLL
  for (int line = 0; line < NR * 4 / 64; line++) {
    _mm_prefetch((const char *)(ahead + line * 16), _MM_HINT_T0);
  }
}

/* sums[row][NR] (+)= x[row][0, k) * panel[0, k)[NR], and fetches k pieces of `ahead`, ahead_step apart. `rows` is a
 * constant after inlining. One to three rows can't hide the latency of a multiply-add, and are not given more sums per
 * output to do so: they wait for their weights anyway, and a row's result would depend on how many there are. */
GT_INLINE void simd_run(const int rows, int64_t k, const float *x, int64_t x_stride, const float *panel,
                        const float *ahead, int64_t ahead_step, float *sums, bool add) {
  vf c[MR][NV];
  GT_UNROLL
  for (int r = 0; r < rows; r++) {
    GT_UNROLL
    for (int v = 0; v < NV; v++) {
      c[r][v] = vf_zero();
    }
  }
  for (int64_t i = 0; i < k; i++, ahead += ahead_step) {
    simd_fetch(ahead);
    simd_step(rows, x + i, x_stride, panel + i * NR, c);
  }
  GT_UNROLL
  for (int r = 0; r < rows; r++) {
    GT_UNROLL
    for (int v = 0; v < NV; v++) {
      vf sum = c[r][v];
      float *to = sums + r * NR + v * GT_VL;
      if (add) {
        sum = sum + vf_load(to);
      }
      vf_store(to, sum);
    }
  }
}

/* Words per run of a layer with so many words. Where few products make a sum each weighs more, so that shorter ones
 * get runs of 8 or 16. A bf16 product is rounded more than any sum of them. */
GT_INLINE int64_t simd_run_words(int64_t words) {
  return WORD_FEATURES > 1 ? KC : words <= 2 * LONGEST_RUN ? gt_max(gt_ceil_div(words, 64), 1) * 8 : LONGEST_RUN;
}

/* The same, run by run. */
GT_INLINE void simd_tile(const int rows, int64_t run, int64_t k, const float *x, int64_t x_stride, const float *panel,
                         const float *ahead, int64_t ahead_step, float *sums, bool add) {
  for (int64_t i = 0; i < k; i += run) {
    simd_run(rows, gt_min(run, k - i), x + i, x_stride, panel + i * NR, ahead + i * ahead_step, ahead_step, sums,
             add || i > 0);
  }
}

typedef void simd_tile_function(int64_t run, int64_t k, const float *x, int64_t x_stride, const float *panel,
                                const float *ahead, int64_t ahead_step, float *sums, bool add);

#define TILE(rows)                                                                                                   \
  static __attribute__((noinline)) void simd_tile_##rows(int64_t run, int64_t k, const float *x, int64_t x_stride,   \
                                                         const float *panel, const float *ahead, int64_t ahead_step, \
                                                         float *sums, bool add) {                                    \
    simd_tile(rows, run, k, x, x_stride, panel, ahead, ahead_step, sums, add);                                       \
  }
#if GT_LINEAR_WIDENS && !defined(__AVX512F__)
#define FOR_TILES(M) M(1) M(2) M(3) M(4)
#elif !defined(__AVX512F__)
#define FOR_TILES(M) M(1) M(2) M(3) M(4) M(5) M(6)
#elif GT_LINEAR_WIDENS
#define FOR_TILES(M) M(1) M(2) M(3) M(4) M(5) M(6) M(7) M(8) M(9) M(10) M(11) M(12)
#else
#define FOR_TILES(M) M(1) M(2) M(3) M(4) M(5) M(6) M(7) M(8) M(9) M(10) M(11) M(12) M(13) M(14)
#endif
FOR_TILES(TILE)
#undef TILE

#define TILE(rows) simd_tile_##rows,
static simd_tile_function *const simd_tiles[MR + 1] = {NULL, FOR_TILES(TILE)};
#undef TILE

#endif
