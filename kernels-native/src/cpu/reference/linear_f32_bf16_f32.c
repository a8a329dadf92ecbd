/* Weights and x as bf16, products and sums in double. */
#include "cpu/reference/linear.h"

static float word(const gt_linear_source *source, int64_t index, int64_t next) {
  uint32_t even = gt_bf16_of_float(gt_element(source->weight, source->dtype, index));
  uint32_t odd = next < 0 ? 0 : gt_bf16_of_float(gt_element(source->weight, source->dtype, next));
  return gt_float_of_bits(odd << 16 | even);
}

static void pack(const gt_linear_source *source, int64_t row, int64_t rows, float *out) {
  gt_reference_linear_pack(source, row, rows, 2, word, out);
}

static double dot(const void *x, int32_t dtype, int64_t first, const float *panel, int64_t features) {
  double sum = 0;
  for (int64_t k = 0; k < features; k++) {
    uint32_t two;
    memcpy(&two, panel + k / 2 * GT_REFERENCE_PANEL, sizeof two);
    float weight = gt_float_of_bf16((uint16_t)(k % 2 == 0 ? two : two >> 16));
    sum += (double)gt_float_of_bf16(gt_bf16_of_float(gt_element(x, dtype, first + k))) * weight;
  }
  return sum;
}

static void run(const gt_linear_job *job, int64_t row, int64_t rows, int64_t panel, int64_t panels, void *scratch) {
  (void)scratch;
  gt_reference_linear_run(job, row, rows, panel, panels, 2, dot);
}

const gt_linear_kernel gt_reference_linear_bf16 = GT_REFERENCE_LINEAR(2, pack, run);
