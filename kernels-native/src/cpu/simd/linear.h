/*
 * y = residual + scale * act(x W^T + b) over packed panels, one source for the SIMD tiers.
 *
 * W is cut into panels of NR = 2 vectors of output features, [in_features][NR] each; x is read in place, row-major.
 * A tile is up to MR rows times one panel: MR * 2 accumulators, 2 vectors of W and one broadcast of x fill the
 * register file (14 x 32 of AVX-512's 32 registers, 6 x 16 of AVX2's 16).
 *
 * Accuracy: the inner dimension is cut into runs; each is summed in registers from zero and added to the tile's partial
 * sums, so that rounding grows with the length of a run plus the number of runs instead of in_features.
 */
#ifndef GT_SIMD_LINEAR_H
#define GT_SIMD_LINEAR_H

#include <stdbool.h>
#include <string.h>

#include "core/thread_pool.h"
#include "cpu/kernel_table.h"
#include "cpu/simd/activate.h"
#include "cpu/simd/transpose.h"
#include "cpu/simd/vec.h"
#include "cpu/simd/widen.h"

enum {
  MR = GT_VL == 16 ? 14 : 6,
  NV = 2,
  MAX_CHAINS = 4,
  NR = NV * GT_VL,
  KC = 256,
  RUNS = 8,
  K_BLOCK = 3 * KC,
  MAX_ROWS = GT_VL == 16 ? 8 * MR : 16 * MR,
  MAX_PANELS = 16,
  X_PADDING = 16, /* keeps rows of the copied x block out of each other's cache sets */
  X_BLOCK_STRIDE = K_BLOCK + X_PADDING,
  SUMS_BYTES = MAX_PANELS * MAX_ROWS * NR * sizeof(float),
  X_BLOCK_BYTES = MAX_ROWS * X_BLOCK_STRIDE * sizeof(float),
};

/* c[row][NR] += x[row][0] * w[NR] */
GT_INLINE void simd_step(const int rows, const float *x, int64_t x_stride, const float *w, vf (*c)[NV]) {
  vf b[NV];
  GT_UNROLL
  for (int v = 0; v < NV; v++) {
    b[v] = vf_load(w + v * GT_VL);
  }
  GT_UNROLL
  for (int r = 0; r < rows; r++) {
    vf a = vf_set1(x[r * x_stride]);
    GT_UNROLL
    for (int v = 0; v < NV; v++) {
      c[r][v] = vf_fma(a, b[v], c[r][v]);
    }
  }
}

/* Fetches NR floats into L2. */
GT_INLINE void simd_fetch(const float *ahead) {
  GT_UNROLL
  for (int line = 0; line < NR * 4 / 64; line++) {
    _mm_prefetch((const char *)(ahead + line * 16), _MM_HINT_T1);
  }
}

/* sums[row][NR] (+)= x[row][0, k) * panel[0, k)[NR], and fetches k pieces of `ahead`, ahead_step apart, into L2. `rows`
 * and `chains` are constants after inlining; k is dealt out to `chains` sums per output, because few rows alone can't
 * hide the latency of a multiply-add. */
GT_INLINE void simd_run(const int rows, const int chains, int64_t k, const float *x, int64_t x_stride,
                        const float *panel, const float *ahead, int64_t ahead_step, float *sums, bool add) {
  vf c[MAX_CHAINS][MR][NV]; /* loops over it go row, vector, chain: in another order clang 14 leaves it in memory */
  GT_UNROLL
  for (int r = 0; r < rows; r++) {
    GT_UNROLL
    for (int v = 0; v < NV; v++) {
      GT_UNROLL
      for (int s = 0; s < chains; s++) {
        c[s][r][v] = vf_zero();
      }
    }
  }
  int64_t i = 0;
  if (chains > 1) {
    for (; i + chains <= k; i += chains) {
      GT_UNROLL
      for (int s = 0; s < chains; s++, ahead += ahead_step) {
        simd_fetch(ahead);
        simd_step(rows, x + i + s, x_stride, panel + (i + s) * NR, c[s]);
      }
    }
  }
  for (; i < k; i++, ahead += ahead_step) {
    simd_fetch(ahead);
    simd_step(rows, x + i, x_stride, panel + i * NR, c[0]);
  }
  GT_UNROLL
  for (int r = 0; r < rows; r++) {
    GT_UNROLL
    for (int v = 0; v < NV; v++) {
      vf sum = c[0][r][v];
      GT_UNROLL
      for (int s = 1; s < chains; s++) {
        sum = sum + c[s][r][v];
      }
      float *to = sums + r * NR + v * GT_VL;
      if (add) {
        sum = sum + vf_load(to);
      }
      vf_store(to, sum);
    }
  }
}

/* The same, run by run. */
GT_INLINE void simd_tile(const int rows, const int chains, int64_t k, const float *x, int64_t x_stride,
                         const float *panel, const float *ahead, int64_t ahead_step, float *sums, bool add) {
  const int64_t run = gt_ceil_div(k, 8 * RUNS) * 8; /* 8 .. KC / RUNS */
  for (int64_t i = 0; i < k; i += run) {
    simd_run(rows, chains, gt_min(run, k - i), x + i, x_stride, panel + i * NR, ahead + i * ahead_step, ahead_step,
             sums, add || i > 0);
  }
}

typedef void simd_tile_function(int64_t k, const float *x, int64_t x_stride, const float *panel, const float *ahead,
                                int64_t ahead_step, float *sums, bool add);

#define TILE(rows, chains)                                                                                             \
  static                                                                                                               \
      __attribute__((noinline)) void simd_tile_##rows(int64_t k, const float *x, int64_t x_stride, const float *panel, \
                                                      const float *ahead, int64_t ahead_step, float *sums, bool add) { \
    simd_tile(rows, chains, k, x, x_stride, panel, ahead, ahead_step, sums, add);                                      \
  }
TILE(1, 4)
TILE(2, 2)
TILE(3, 2)
TILE(4, 1)
TILE(5, 1)
TILE(6, 1)
#if defined(__AVX512F__)
TILE(7, 1)
TILE(8, 1)
TILE(9, 1)
TILE(10, 1)
TILE(11, 1)
TILE(12, 1)
TILE(13, 1)
TILE(14, 1)
#endif
#undef TILE

static simd_tile_function *const simd_tiles[MR + 1] = {
    NULL,        simd_tile_1, simd_tile_2, simd_tile_3,  simd_tile_4,  simd_tile_5,  simd_tile_6,
#if defined(__AVX512F__)
    simd_tile_7, simd_tile_8, simd_tile_9, simd_tile_10, simd_tile_11, simd_tile_12, simd_tile_13, simd_tile_14,
#endif
};

/* Bias, activation, scale and residual on a finished tile, and the store to y. */
static inline void simd_finish(const gt_linear_job *job, int64_t row, int64_t rows, int64_t panel, float *sums) {
  const int64_t column = panel * NR;
  const int64_t columns = gt_min(NR, job->out_features - column);
  const bool activate = job->activation != GT_ACT_IDENTITY;
  vf bias[NV];
  GT_UNROLL
  for (int v = 0; v < NV; v++) {
    bias[v] = vf_load(job->bias + column + v * GT_VL);
  }
  if (activate) {
    for (int64_t r = 0; r < rows; r++) {
      GT_UNROLL
      for (int v = 0; v < NV; v++) {
        float *s = sums + r * NR + v * GT_VL;
        vf_store(s, vf_load(s) + bias[v]);
      }
    }
    simd_activate(sums, sums, rows * NR, job->activation);
    GT_UNROLL
    for (int v = 0; v < NV; v++) {
      bias[v] = vf_zero();
    }
  }
  const vf scale = vf_set1(job->scale);
  float *y = job->y + row * job->y_stride + column;
  const float *residual = job->residual == NULL ? NULL : job->residual + row * job->residual_stride + column;
  for (int64_t r = 0; r < rows; r++) {
    GT_UNROLL
    for (int v = 0; v < NV; v++) {
      int64_t lanes = gt_max(0, gt_min(GT_VL, columns - v * GT_VL));
      vf value = (vf_load(sums + r * NR + v * GT_VL) + bias[v]) * scale;
      if (residual != NULL) {
        value = value + vf_load_n(residual + r * job->residual_stride + v * GT_VL, lanes);
      }
      vf_store_n(y + r * job->y_stride + v * GT_VL, value, lanes);
    }
  }
}

/* Do tiles of rows this far apart fall into so few L1 sets (64 lines of 64 bytes) that they evict each other? */
static inline bool simd_rows_collide(int64_t rows, int64_t stride) {
  int64_t bytes = stride * (int64_t)sizeof(float) % 4096;
  int64_t step = bytes == 0 ? 4096 : bytes & -bytes;
  int64_t distinct = 4096 / gt_max(step, 64);
  return gt_min(rows, MR) > 4 * distinct;
}

static inline void simd_copy_block(const float *x, int64_t x_stride, int64_t rows, int64_t k, float *block) {
  for (int64_t r = 0; r < rows; r++) {
    memcpy(block + r * X_BLOCK_STRIDE, x + r * x_stride, (size_t)k * sizeof(float));
  }
}

/* One panel times all rows of the block, for the stretch [k, k_end) of the inner dimension. `ahead` is where the next
 * such stretch of weights begins: the tiles fetch it into L2, a share each. */
static inline void simd_panel(const gt_linear_job *job, int64_t row, int64_t rows, int64_t panel, const float *x,
                              int64_t x_stride, int64_t k, int64_t k_end, const float *ahead, float *sums) {
  const float *weight = job->panels + (panel * job->in_features + k) * NR;
  const int64_t tiles = gt_ceil_div(rows, MR);
  const int64_t steps = gt_ceil_div(k_end - k, KC);
  const int64_t ahead_step = gt_max(NR / tiles, 1);
  for (int64_t s = 0; s < steps; s++) { /* KC rows of the panel stay in L1 while the tiles pass by */
    const int64_t begin = gt_split(k_end - k, steps, s), end = gt_split(k_end - k, steps, s + 1);
    for (int64_t t = 0; t < tiles; t++) {
      const int64_t r = gt_split(rows, tiles, t), count = gt_split(rows, tiles, t + 1) - r;
      simd_tiles[count](end - begin, x + r * x_stride + begin, x_stride, weight + begin * NR, ahead, ahead_step,
                        sums + r * NR, k + s > 0);
      ahead += (end - begin) * ahead_step;
      if (k + end == job->in_features) {
        simd_finish(job, row + r, count, panel, sums + r * NR);
      }
    }
  }
}

static inline void simd_linear(const gt_linear_job *job, int64_t row, int64_t rows, int64_t panel, int64_t panels,
                               void *scratch) {
  float *sums = scratch;
  float *block = (float *)((char *)scratch + SUMS_BYTES);
  const float *x = job->x + row * job->x_stride;
  const int64_t in = job->in_features;
  const bool copy = simd_rows_collide(rows, job->x_stride);
  if (rows <= MR && !copy) { /* each panel is read from its beginning to its end: a stream */
    enum { STREAM_DISTANCE = 64 };
    for (int64_t p = panel; p < panel + panels; p++) {
      simd_panel(job, row, rows, p, x, job->x_stride, 0, in, job->panels + (p * in + STREAM_DISTANCE) * NR, sums);
    }
    return;
  }
  const int64_t blocks = gt_ceil_div(in, K_BLOCK);
  const int64_t sums_step = blocks > 1 ? rows * NR : 0; /* sums outlive a panel only between blocks */
  for (int64_t b = 0; b < blocks; b++) {                /* the x block stays in L2 while the panels pass by */
    int64_t k = gt_split(in, blocks, b), k_end = gt_split(in, blocks, b + 1);
    if (copy) {
      simd_copy_block(x + k, job->x_stride, rows, k_end - k, block);
    }
    for (int64_t p = panel; p < panel + panels; p++) {
      simd_panel(job, row, rows, p, copy ? block : x + k, copy ? X_BLOCK_STRIDE : job->x_stride, k, k_end,
                 job->panels + ((p + 1) * in + k) * NR, sums + (p - panel) * sums_step);
    }
  }
}

enum { PIECE = 64 };

/* out[i][n] = piece[n][i] for i < count and a whole panel of n. */
static inline void simd_transpose_piece(float piece[NR][PIECE], int64_t count, float *out) {
  for (int64_t i = 0; i < count; i += GT_VL) {
    for (int v = 0; v < NV; v++) {
      vf x[GT_VL];
      GT_UNROLL
      for (int j = 0; j < GT_VL; j++) {
        x[j] = vf_load(piece[v * GT_VL + j] + i);
      }
      vf_transpose(x);
      int64_t rows = gt_min(GT_VL, count - i);
      GT_UNROLL
      for (int j = 0; j < GT_VL; j++) {
        if (j < rows) {
          vf_store(out + (i + j) * NR + v * GT_VL, x[j]);
        }
      }
    }
  }
}

/* Rows of [out, in]: widened piece by piece, then transposed. */
static inline void simd_pack_out_in(const gt_linear_source *source, int64_t begin, int64_t end, float *out) {
  float piece[NR][PIECE] = {{0}};
  const int64_t width = end - begin;
  for (int64_t k = 0; k < source->in_features; k += PIECE) {
    int64_t count = gt_min(PIECE, source->in_features - k);
    for (int64_t n = 0; n < width; n++) {
      int64_t index = (begin + n - source->first) * source->in_features + k;
      simd_widen(simd_element(source->weight, source->dtype, index), source->dtype, piece[n], count);
    }
    if (width == NR) {
      simd_transpose_piece(piece, count, out + k * NR);
      continue;
    }
    for (int64_t i = 0; i < count; i++) {
      for (int64_t n = 0; n < width; n++) {
        out[(k + i) * NR + n] = piece[n][i];
      }
    }
  }
}

static inline void simd_linear_pack(const gt_linear_source *source, int64_t panel, float *out) {
  const int64_t begin = gt_max(panel * NR, source->first);
  const int64_t end = gt_min((panel + 1) * NR, source->first + source->count);
  out += begin - panel * NR;
  if (source->layout == GT_OUT_IN) {
    simd_pack_out_in(source, begin, end, out);
    return;
  }
  for (int64_t k = 0; k < source->in_features; k++) {
    int64_t index = k * source->count + begin - source->first;
    simd_widen(simd_element(source->weight, source->dtype, index), source->dtype, out + k * NR, end - begin);
  }
}

#define SIMD_LINEAR_KERNEL(pack_function, run_function)                                     \
  {                                                                                         \
    .panel_width = NR, .tile_rows = MR, .max_rows = MAX_ROWS, .max_panels = MAX_PANELS,     \
    .scratch_bytes = SUMS_BYTES + X_BLOCK_BYTES, .pack = pack_function, .run = run_function \
  }

#endif
