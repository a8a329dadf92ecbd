/*
 * The rows of a tier. One kernel_table_<tier>.c per folder fills them; a context uses one table for its whole life.
 * Kernels check nothing (the gatun_*.c entry points do) and allocate nothing.
 */
#ifndef GT_KERNEL_TABLE_H
#define GT_KERNEL_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cpu/attention.h"
#include "cpu/disentangled.h"
#include "gatun.h"

/* `count` rows of weights in `layout`, to be packed. */
typedef struct gt_linear_source {
  const void *weight;
  int32_t dtype;
  int32_t layout;
  int64_t in_features;
  int64_t count;
} gt_linear_source;

/* y = residual + scale * act(x W^T + b), W packed in panels of panel_width output features. A panel holds words of 4
 * bytes: a float, or the bf16 weights of two inner features that follow each other (the even one in the low half; 0
 * behind an odd in_features). */
typedef struct gt_linear_job {
  const void *x;
  const float *residual; /* NULL, or may be y */
  void *y;
  const float *panels; /* [panel][words of in_features][panel_width], zeros behind the last feature */
  const float *bias;   /* zeros when there is none, padded to whole panels */
  int64_t x_stride;
  int64_t residual_stride;
  int64_t y_stride;
  int64_t in_features;
  int64_t y_features;
  float scale;
  int32_t activation;
  int32_t x_dtype; /* GT_F32, or of a kernel with two features to a word GT_BF16 */
  int32_t y_dtype; /* the same */
  bool gated; /* the first half of a panel holds gates, the second what they are multiplied with: y has half as many */
} gt_linear_job;

typedef struct gt_linear_kernel {
  int64_t word_features; /* inner features per word of a panel: 1 or 2 */
  int64_t panel_width;   /* output features per panel, even */
  int64_t tile_rows;     /* rows below which `run` is no faster */
  int64_t max_rows;      /* rows one call of `run` takes at most */
  int64_t block_words;   /* a longer inner dimension is cut, and then one call takes at most max_panels panels */
  int64_t max_panels;
  size_t scratch_bytes;
  /* Packs rows [row, row + rows) of the source into as many columns of a panel, `out` being the first. */
  void (*pack)(const gt_linear_source *source, int64_t row, int64_t rows, float *out);
  /* Rows [row, row + rows) of y for panels [panel, panel + panels). */
  void (*run)(const gt_linear_job *job, int64_t row, int64_t rows, int64_t panel, int64_t panels, void *scratch);
} gt_linear_kernel;

typedef void gt_layer_norm_kernel(const float *x, int64_t x_stride, const float *weight, const float *bias, float *y,
                                  int64_t y_stride, int64_t rows, int64_t features, float eps);
typedef void gt_rms_norm_kernel(const float *x, int64_t x_stride, const float *weight, float *y, int64_t y_stride,
                                int64_t rows, int64_t features, float eps);
typedef void gt_activate_kernel(const float *x, float *y, int64_t count, int32_t activation);
typedef void gt_embed_kernel(const void *table, int32_t table_dtype, int64_t table_stride, int64_t features,
                             const int32_t *ids, int64_t tokens, bool accumulate, float *y, int64_t y_stride);

/* Tokens [0, tokens) of x, whose positions are in the tables: see gt_rope. */
typedef void gt_rope_kernel(float *x, const int32_t *positions, int64_t tokens, const float *cosines,
                            const float *sines, const gt_rope_params *params);

/* The first index of the largest of x[0 .. count). */
typedef int64_t gt_argmax_kernel(const float *x, int64_t count);

/* to[i] = from[i] in fp32: weights, biases and tables of any dtype. */
typedef void gt_widen_kernel(const void *from, int32_t dtype, float *to, int64_t count);

/* Fields are named <op>_<in>[_<weights>]_<out>, as the files; `any` is a dtype known at run time. */
typedef struct gt_kernel_table {
  const char *name;
  int32_t tier;
  gt_widen_kernel *widen_any_f32;
  const gt_linear_kernel *linear_f32_f32_f32;
  const gt_linear_kernel *linear_f32_bf16_f32;
  gt_layer_norm_kernel *layer_norm_f32_f32;
  gt_rms_norm_kernel *rms_norm_f32_f32;
  gt_activate_kernel *activate_f32_f32;
  gt_embed_kernel *embed_any_f32;
  gt_argmax_kernel *argmax_f32_i32;
  gt_rope_kernel *rope_f32_f32;
  const gt_attention_kernel *attention_f32_f32;
  const gt_attention_kernel *attention_bf16_f32; /* may compute in fp32 */
  const gt_disentangled_kernel *disentangled_f32_f32;
} gt_kernel_table;

/* Table of a tier, NULL for an unknown value. */
const gt_kernel_table *gt_kernel_table_of(int32_t tier);
/* Can this CPU and operating system run the tier? */
bool gt_tier_supported(int32_t tier);

#endif
