#include "cpu/context.h"

typedef struct argmax_job {
  gt_argmax_kernel *kernel;
  const float *x;
  int32_t *indices;
  int64_t columns;
  int64_t x_stride;
} argmax_job;

static void argmax_task(void *argument, int64_t row, gt_worker *worker) {
  (void)worker;
  const argmax_job *job = argument;
  job->indices[row] = (int32_t)job->kernel(job->x + row * job->x_stride, job->columns);
}

gt_status gt_run_argmax(gt_context *context, const float *x, int64_t rows, int64_t columns, int64_t x_stride,
                        int32_t *indices, char *message, size_t message_size) {
  argmax_job job = {context->kernels->argmax_f32_i32, x, indices, columns, x_stride};
  if (!gt_pool_run(context->pool, argmax_task, &job, rows, 0)) {
    return GT_FAIL_SCRATCH("argmax", 0);
  }
  return GT_OK;
}
