#include "cpu/context.h"

enum { ELEMENTS_PER_TASK = 1 << 14 };

typedef struct norm_job {
  const gt_kernel_table *kernels;
  const float *x;
  const float *weight;
  const float *bias;
  float *y;
  int64_t x_stride;
  int64_t y_stride;
  int64_t rows;
  int64_t features;
  int64_t tasks;
  float eps;
} norm_job;

static void layer_norm_task(void *argument, int64_t task, gt_worker *worker) {
  (void)worker;
  const norm_job *job = argument;
  int64_t row = gt_split(job->rows, job->tasks, task);
  int64_t end = gt_split(job->rows, job->tasks, task + 1);
  job->kernels->layer_norm_f32_f32(job->x + row * job->x_stride, job->x_stride, job->weight, job->bias,
                                   job->y + row * job->y_stride, job->y_stride, end - row, job->features, job->eps);
}

static void rms_norm_task(void *argument, int64_t task, gt_worker *worker) {
  (void)worker;
  const norm_job *job = argument;
  int64_t row = gt_split(job->rows, job->tasks, task);
  int64_t end = gt_split(job->rows, job->tasks, task + 1);
  job->kernels->rms_norm_f32_f32(job->x + row * job->x_stride, job->x_stride, job->weight, job->y + row * job->y_stride,
                                 job->y_stride, end - row, job->features, job->eps);
}

static int64_t task_count(int64_t rows, int64_t features) {
  int64_t rows_per_task = gt_max(1, ELEMENTS_PER_TASK / features);
  return gt_ceil_div(rows, rows_per_task);
}

gt_status gt_run_layer_norm(gt_context *context, const float *x, const float *weight, const float *bias, float *y,
                            int64_t rows, int64_t features, int64_t x_stride, int64_t y_stride, float eps,
                            char *message, size_t message_size) {
  norm_job job = {context->kernels,           x,  weight, bias, y, x_stride, y_stride, rows, features,
                  task_count(rows, features), eps};
  if (!gt_pool_run(context->pool, layer_norm_task, &job, job.tasks, 0)) {
    return GT_FAIL_SCRATCH("layer_norm", 0);
  }
  return GT_OK;
}

gt_status gt_run_rms_norm(gt_context *context, const float *x, const float *weight, float *y, int64_t rows,
                          int64_t features, int64_t x_stride, int64_t y_stride, float eps, char *message,
                          size_t message_size) {
  norm_job job = {context->kernels,           x,  weight, NULL, y, x_stride, y_stride, rows, features,
                  task_count(rows, features), eps};
  if (!gt_pool_run(context->pool, rms_norm_task, &job, job.tasks, 0)) {
    return GT_FAIL_SCRATCH("rms_norm", 0);
  }
  return GT_OK;
}
