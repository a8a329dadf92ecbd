/* Linear in scalar C: panels are two output features wide, sums are in double. */
#ifndef GT_REFERENCE_LINEAR_H
#define GT_REFERENCE_LINEAR_H

#include "cpu/reference/activation.h"
#include "cpu/reference/convert.h"
#include "cpu/reference/reference.h"

enum { GT_REFERENCE_PANEL = 2 };

/* The word of elements `index` and, where a word holds two, `next` (-1: there is none). */
typedef float gt_reference_word(const gt_linear_source *source, int64_t index, int64_t next);
/* Of the `features` elements of x from `first` on. */
typedef double gt_reference_dot(const void *x, int32_t dtype, int64_t first, const float *panel, int64_t features);

static inline void gt_reference_linear_pack(const gt_linear_source *source, int64_t row, int64_t rows,
                                            int64_t word_features, gt_reference_word *word, float *out) {
  const bool out_in = source->layout == GT_OUT_IN;
  const int64_t step = out_in ? 1 : source->count;
  for (int64_t n = row; n < row + rows; n++, out++) {
    const int64_t first = out_in ? n * source->in_features : n;
    for (int64_t k = 0; k < source->in_features; k += word_features) {
      int64_t next = k + 1 < source->in_features ? first + (k + 1) * step : -1;
      out[k / word_features * GT_REFERENCE_PANEL] = word(source, first + k * step, next);
    }
  }
}

static inline void gt_reference_linear_run(const gt_linear_job *job, int64_t row, int64_t rows, int64_t panel,
                                           int64_t panels, int64_t word_features, gt_reference_dot *dot) {
  const int64_t words = (job->in_features + word_features - 1) / word_features;
  const int64_t width = job->gated ? 1 : GT_REFERENCE_PANEL; /* features of y per panel */
  for (int64_t m = row; m < row + rows; m++) {
    for (int64_t n = panel * width; n < (panel + panels) * width && n < job->y_features; n++) {
      const int64_t column = n / width * GT_REFERENCE_PANEL + n % width;
      const float *weights = job->panels + n / width * words * GT_REFERENCE_PANEL + n % width;
      double sum = job->bias[column] + dot(job->x, job->x_dtype, m * job->x_stride, weights, job->in_features);
      float value = gt_reference_activation((float)sum, job->activation);
      if (job->gated) {
        value *= (float)(job->bias[column + 1] +
                         dot(job->x, job->x_dtype, m * job->x_stride, weights + 1, job->in_features));
      }
      value *= job->scale;
      if (job->residual != NULL) {
        value += job->residual[m * job->residual_stride + n];
      }
      gt_put_element(job->y, job->y_dtype, m * job->y_stride + n, value);
    }
  }
}

#define GT_REFERENCE_LINEAR(features_of_word, pack_function, run_function)                                     \
  {                                                                                                            \
    .word_features = features_of_word, .panel_width = GT_REFERENCE_PANEL, .tile_rows = 1, .max_rows = 64,      \
    .block_words = INT64_MAX, .max_panels = 64, .scratch_bytes = 0, .pack = pack_function, .run = run_function \
  }

#endif
