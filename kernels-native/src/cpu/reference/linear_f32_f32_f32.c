#include "cpu/reference/linear.h"

static float word(const gt_linear_source *source, int64_t index, int64_t next) {
  (void)next;
  return gt_element(source->weight, source->dtype, index);
}

static void pack(const gt_linear_source *source, int64_t row, int64_t rows, float *out) {
  gt_reference_linear_pack(source, row, rows, 1, word, out);
}

static double dot(const void *x, int32_t dtype, int64_t first, const float *panel, int64_t features) {
  double sum = 0;
  for (int64_t k = 0; k < features; k++) {
    sum += (double)gt_element(x, dtype, first + k) * panel[k * GT_REFERENCE_PANEL];
  }
  return sum;
}

static void run(const gt_linear_job *job, int64_t row, int64_t rows, int64_t panel, int64_t panels, void *scratch) {
  (void)scratch;
  gt_reference_linear_run(job, row, rows, panel, panels, 1, dot);
}

const gt_linear_kernel gt_reference_linear = GT_REFERENCE_LINEAR(1, pack, run);
