/*
 * y = residual + scale * act(x W^T + b) over packed panels, one source for the SIMD tiers and both word types.
 *
 * W is cut into panels of NR = 2 vectors of output features, [words][NR] each; the tiles are in linear_tile.h. fp32 x
 * is read in place unless its rows collide in the cache; with GT_LINEAR_BF16 a block of x is rounded into scratch
 * first (or copied, where it comes in bf16), which costs little beside the panels that pass over it.
 */
#ifndef GT_SIMD_LINEAR_H
#define GT_SIMD_LINEAR_H

#include "cpu/simd/activate.h"
#include "cpu/simd/linear_pack.h"
#include "cpu/simd/linear_tile.h"

enum {
  K_BLOCK = 3 * KC, /* words */
  MAX_ROWS = GT_VL == 16 ? 8 * MR : 16 * MR,
  MAX_PANELS = 16,
  X_PADDING = 16, /* keeps rows of the copied x block out of each other's cache sets */
  X_BLOCK_STRIDE = K_BLOCK + X_PADDING,
  SUMS_BYTES = MAX_PANELS * MAX_ROWS * NR * sizeof(float),
  X_BLOCK_BYTES = MAX_ROWS * X_BLOCK_STRIDE * sizeof(float),
};

/* The rows of one tile and where its results go. */
typedef struct simd_output {
  int64_t rows;
  int64_t lanes[NV];     /* of each vector, in memory */
  int64_t y;             /* where y begins, in elements */
  const float *residual; /* or NULL */
} simd_output;

static inline simd_output simd_output_of(const gt_linear_job *job, int64_t row, int64_t rows, int64_t panel) {
  const int64_t width = job->gated ? GT_VL : NR;
  const int64_t column = panel * width;
  const int64_t columns = gt_min(width, job->y_features - column);
  simd_output out = {.rows = rows, .y = row * job->y_stride + column};
  out.residual = job->residual == NULL ? NULL : job->residual + row * job->residual_stride + column;
  GT_UNROLL
  for (int v = 0; v < NV; v++) {
    out.lanes[v] = gt_max(0, gt_min(GT_VL, columns - v * GT_VL));
  }
  return out;
}

/* Asks for the lines that simd_finish will write and add. */
static inline void simd_expect_output(const gt_linear_job *job, const simd_output *out) {
  for (int64_t r = 0; r < out->rows; r++) {
    const char *y = gt_address(job->y, job->y_dtype, out->y + r * job->y_stride);
    vf_expect_store(y);
    if (out->lanes[NV - 1] > 0 && job->y_dtype == GT_F32) {
      vf_expect_store(y + NR * sizeof(float) - 64);
    }
    if (out->residual != NULL && job->residual != job->y) {
      _mm_prefetch((const char *)(out->residual + r * job->residual_stride), _MM_HINT_T0);
      _mm_prefetch((const char *)(out->residual + r * job->residual_stride + NR - 16), _MM_HINT_T0);
    }
  }
}

/* sums[row][NR] += bias, then the activation. */
static inline void simd_activate_tile(const gt_linear_job *job, int64_t rows, const vf bias[NV], float *sums) {
  for (int64_t r = 0; r < rows; r++) {
    GT_UNROLL
    for (int v = 0; v < NV; v++) {
      float *s = sums + r * NR + v * GT_VL;
      vf_store(s, vf_load(s) + bias[v]);
    }
  }
  simd_activate(sums, sums, rows * NR, job->activation);
}

/* Vector 0 of the panel holds gates, vector 1 what they are multiplied with: leaves the products in vector 0. */
static inline void simd_gate_tile(const gt_linear_job *job, int64_t rows, const vf bias[NV], float *sums) {
  float gates[MR * GT_VL] = {0};
  for (int64_t r = 0; r < rows; r++) {
    vf_store(gates + r * GT_VL, vf_load(sums + r * NR) + bias[0]);
  }
  simd_activate(gates, gates, rows * GT_VL, job->activation);
  for (int64_t r = 0; r < rows; r++) {
    vf up = vf_load(sums + r * NR + GT_VL) + bias[1];
    vf_store(sums + r * NR, vf_load(gates + r * GT_VL) * up);
  }
}

/* y[index ..] = value, the first `lanes` of it. */
GT_INLINE void simd_store_output(const gt_linear_job *job, int64_t index, vf value, int64_t lanes) {
#ifdef GT_LINEAR_BF16
  if (job->y_dtype == GT_BF16) {
    vf_store_bf16_n((uint16_t *)job->y + index, value, lanes);
    return;
  }
#endif
  vf_store_n((float *)job->y + index, value, lanes);
}

/* Bias, activation, gate, scale and residual on a finished tile, and the store to y. */
static inline void simd_finish(const gt_linear_job *job, int64_t panel, const simd_output *out, float *sums) {
  vf bias[NV];
  GT_UNROLL
  for (int v = 0; v < NV; v++) {
    bias[v] = vf_load(job->bias + panel * NR + v * GT_VL);
  }
  if (job->gated || job->activation != GT_ACT_IDENTITY) {
    if (job->gated) {
      simd_gate_tile(job, out->rows, bias, sums);
    } else {
      simd_activate_tile(job, out->rows, bias, sums);
    }
    GT_UNROLL
    for (int v = 0; v < NV; v++) {
      bias[v] = vf_zero();
    }
  }
  const vf scale = vf_set1(job->scale);
  for (int64_t r = 0; r < out->rows; r++) {
    GT_UNROLL
    for (int v = 0; v < NV; v++) {
      vf value = (vf_load(sums + r * NR + v * GT_VL) + bias[v]) * scale;
      if (out->residual != NULL) {
        value = value + vf_load_n(out->residual + r * job->residual_stride + v * GT_VL, out->lanes[v]);
      }
      simd_store_output(job, out->y + r * job->y_stride + v * GT_VL, value, out->lanes[v]);
    }
  }
}

/* Do tiles of rows this far apart fall into so few of L1's sets (64 of 8 or 12 lines of 64 bytes) that they evict each
 * other? */
static inline bool simd_rows_collide(int64_t rows, int64_t stride) {
  enum { WAYS_OF_X = 8 };
  int64_t bytes = stride * (int64_t)sizeof(float) % 4096;
  int64_t step = bytes == 0 ? 4096 : bytes & -bytes;
  int64_t distinct = 4096 / gt_max(step, 64);
  return gt_ceil_div(rows, gt_ceil_div(rows, MR)) > WAYS_OF_X * distinct;
}

/* Features [k, k + count) of rows of x as words, X_BLOCK_STRIDE apart. */
static inline void simd_copy_block(const gt_linear_job *job, int64_t row, int64_t rows, int64_t k, int64_t count,
                                   float *block) {
  for (int64_t r = 0; r < rows; r++) {
    const void *x = gt_address(job->x, job->x_dtype, (row + r) * job->x_stride + k);
#ifdef GT_LINEAR_BF16
    if (job->x_dtype == GT_BF16) {
      simd_copy_bf16(x, count, block + r * X_BLOCK_STRIDE);
    } else {
      simd_to_bf16(x, count, block + r * X_BLOCK_STRIDE);
    }
#else
    memcpy(block + r * X_BLOCK_STRIDE, x, (size_t)count * sizeof(float));
#endif
  }
}

/* One panel times all rows of the block, for words [k, k_end) of the inner dimension. `ahead` is where the next such
 * stretch of weights begins: the tiles fetch it, a share each. */
static inline void simd_panel(const gt_linear_job *job, int64_t row, int64_t rows, int64_t panel, const float *x,
                              int64_t x_stride, int64_t k, int64_t k_end, int64_t kc, const float *ahead, float *sums) {
  const int64_t words = gt_ceil_div(job->in_features, WORD_FEATURES);
  const float *weight = job->panels + (panel * words + k) * NR;
  const int64_t run = simd_run_words(words);
  const int64_t tiles = gt_ceil_div(rows, MR);
  const int64_t runs = gt_ceil_div(k_end - k, run);
  const int64_t steps = gt_ceil_div(runs, gt_max(kc / run, 1));
  const int64_t ahead_step = gt_max(NR / tiles, 1);
  for (int64_t s = 0; s < steps; s++) { /* kc words of the panel stay in L1 while the tiles pass by */
    const int64_t begin = gt_split(runs, steps, s) * run;
    const int64_t end = gt_min(gt_split(runs, steps, s + 1) * run, k_end - k);
    const bool last = k + end == words;
    for (int64_t t = 0; t < tiles; t++) {
      const int64_t r = gt_split(rows, tiles, t), count = gt_split(rows, tiles, t + 1) - r;
      const simd_output out = simd_output_of(job, row + r, count, panel);
      if (last) {
        simd_expect_output(job, &out);
      }
      simd_tiles[count](run, end - begin, x + r * x_stride + begin, x_stride, weight + begin * NR, ahead, ahead_step,
                        sums + r * NR, k + s > 0);
      ahead += (end - begin) * ahead_step;
      if (last) {
        simd_finish(job, panel, &out, sums + r * NR);
      }
    }
  }
}

static inline void simd_linear(const gt_linear_job *job, int64_t row, int64_t rows, int64_t panel, int64_t panels,
                               void *scratch) {
  float *sums = scratch;
  float *block = (float *)((char *)scratch + SUMS_BYTES);
  const float *x = gt_address(job->x, job->x_dtype, row * job->x_stride); /* unless copied */
  const int64_t words = gt_ceil_div(job->in_features, WORD_FEATURES);
  const bool copy = WORD_FEATURES > 1 || simd_rows_collide(rows, job->x_stride);
  if (rows <= MR && (!copy || words <= K_BLOCK)) { /* each panel is read from its beginning to its end: a stream */
    enum { STREAM_DISTANCE = 64 };
    if (copy) {
      simd_copy_block(job, row, rows, 0, job->in_features, block);
    }
    for (int64_t p = panel; p < panel + panels; p++) {
      simd_panel(job, row, rows, p, copy ? block : x, copy ? X_BLOCK_STRIDE : job->x_stride, 0, words, INT64_MAX,
                 job->panels + (p * words + STREAM_DISTANCE) * NR, sums);
    }
    return;
  }
  const int64_t run = simd_run_words(words);
  const int64_t runs = gt_ceil_div(words, run);
  const int64_t blocks = gt_ceil_div(runs, K_BLOCK / run);
  const int64_t sums_step = blocks > 1 ? rows * NR : 0; /* sums outlive a panel only between blocks */
  for (int64_t b = 0; b < blocks; b++) {                /* the x block stays in L2 while the panels pass by */
    int64_t k = gt_split(runs, blocks, b) * run, k_end = gt_min(gt_split(runs, blocks, b + 1) * run, words);
    if (copy) {
      const int64_t first = k * WORD_FEATURES;
      simd_copy_block(job, row, rows, first, gt_min(k_end * WORD_FEATURES, job->in_features) - first, block);
    }
    for (int64_t p = panel; p < panel + panels; p++) {
      simd_panel(job, row, rows, p, copy ? block : x + k, copy ? X_BLOCK_STRIDE : job->x_stride, k, k_end, KC,
                 job->panels + ((p + 1) * words + k) * NR, sums + (p - panel) * sums_step);
    }
  }
}

#define SIMD_LINEAR_KERNEL(pack_function, run_function)                                                               \
  {                                                                                                                   \
    .word_features = WORD_FEATURES, .panel_width = NR, .tile_rows = MR, .max_rows = MAX_ROWS, .block_words = K_BLOCK, \
    .max_panels = MAX_PANELS, .scratch_bytes = SUMS_BYTES + X_BLOCK_BYTES, .pack = pack_function, .run = run_function \
  }

#endif
