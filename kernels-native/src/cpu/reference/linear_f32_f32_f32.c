/* Linear in scalar C: panels are one output feature wide, sums are in double. */
#include "cpu/reference/activation.h"
#include "cpu/reference/convert.h"
#include "cpu/reference/reference.h"

static void pack(const gt_linear_source *source, int64_t panel, float *out) {
  int64_t row = panel - source->first;
  for (int64_t k = 0; k < source->in_features; k++) {
    int64_t index = source->layout == GT_OUT_IN ? row * source->in_features + k : k * source->count + row;
    out[k] = gt_element(source->weight, source->dtype, index);
  }
}

static void run(const gt_linear_job *job, int64_t row, int64_t rows, int64_t panel, int64_t panels, void *scratch) {
  (void)scratch;
  for (int64_t m = row; m < row + rows; m++) {
    const float *x = job->x + m * job->x_stride;
    for (int64_t n = panel; n < panel + panels; n++) {
      const float *w = job->panels + n * job->in_features;
      double sum = job->bias[n];
      for (int64_t k = 0; k < job->in_features; k++) {
        sum += (double)x[k] * w[k];
      }
      float value = job->scale * gt_reference_activation((float)sum, job->activation);
      if (job->residual != NULL) {
        value += job->residual[m * job->residual_stride + n];
      }
      job->y[m * job->y_stride + n] = value;
    }
  }
}

const gt_linear_kernel gt_reference_linear = {
    .panel_width = 1, .tile_rows = 1, .max_rows = 64, .max_panels = 64, .scratch_bytes = 0, .pack = pack, .run = run};
