#include "cpu/context.h"

enum { ELEMENTS_PER_TASK = 1 << 13 };

typedef struct activate_job {
  const gt_kernel_table *kernels;
  const float *x;
  float *y;
  int64_t x_stride;
  int64_t y_stride;
  int64_t features;
  int64_t pieces; /* of a row */
  int32_t activation;
} activate_job;

static void activate_task(void *argument, int64_t task, gt_worker *worker) {
  (void)worker;
  const activate_job *job = argument;
  const int64_t row = task / job->pieces, piece = task % job->pieces;
  const int64_t begin = gt_split(job->features, job->pieces, piece);
  const int64_t end = gt_split(job->features, job->pieces, piece + 1);
  job->kernels->activate_f32_f32(job->x + row * job->x_stride + begin, job->y + row * job->y_stride + begin,
                                 end - begin, job->activation);
}

gt_status gt_run_activate(gt_context *context, const float *x, float *y, int64_t rows, int64_t features,
                          int64_t x_stride, int64_t y_stride, int32_t activation, char *message, size_t message_size) {
  if (x_stride == features && y_stride == features) { /* one long row */
    features *= rows;
    rows = 1;
  }
  activate_job job = {.kernels = context->kernels,
                      .x = x,
                      .y = y,
                      .x_stride = x_stride,
                      .y_stride = y_stride,
                      .features = features,
                      .pieces = gt_ceil_div(features, ELEMENTS_PER_TASK),
                      .activation = activation};
  if (!gt_pool_run(context->pool, activate_task, &job, rows * job.pieces, 0)) {
    return GT_FAIL_SCRATCH("activate", 0);
  }
  return GT_OK;
}
