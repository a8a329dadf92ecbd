#include <inttypes.h>

#include "core/context.h"

enum { ELEMENTS_PER_TASK = 1 << 13 };

typedef struct activate_job {
  const gt_kernel_table *kernels;
  const float *x;
  float *y;
  int64_t rows; /* gated: rows; plain: elements, with features 1 */
  int64_t features;
  int64_t tasks;
  int32_t activation;
} activate_job;

static void activate_task(void *argument, int64_t task, gt_worker *worker) {
  (void)worker;
  const activate_job *job = argument;
  int64_t begin = gt_split(job->rows, job->tasks, task);
  int64_t end = gt_split(job->rows, job->tasks, task + 1);
  job->kernels->activate_f32_f32(job->x + begin, job->y + begin, end - begin, job->activation);
}

static void gated_activate_task(void *argument, int64_t task, gt_worker *worker) {
  (void)worker;
  const activate_job *job = argument;
  int64_t row = gt_split(job->rows, job->tasks, task);
  int64_t end = gt_split(job->rows, job->tasks, task + 1);
  job->kernels->gated_activate_f32_f32(job->x + row * 2 * job->features, job->y + row * job->features, end - row,
                                       job->features, job->activation);
}

gt_status gt_activate(gt_context *context, const float *x, float *y, int64_t count, int32_t activation, char *message,
                      size_t message_size) {
  GT_REQUIRE_NOT_NULL("activate", context);
  GT_REQUIRE(count >= 0, "activate: count is %" PRId64 ".", count);
  GT_REQUIRE(activation >= GT_ACT_IDENTITY && activation <= GT_ACT_LEAKY_RELU, "activate: activation %d is unknown.",
             activation);
  if (count == 0) {
    return GT_OK;
  }
  GT_REQUIRE_NOT_NULL("activate", x);
  GT_REQUIRE_NOT_NULL("activate", y);
  activate_job job = {context->kernels, x, y, count, 1, gt_ceil_div(count, ELEMENTS_PER_TASK), activation};
  if (!gt_pool_run(context->pool, activate_task, &job, job.tasks, 0)) {
    return GT_FAIL_SCRATCH("activate", 0);
  }
  return GT_OK;
}

gt_status gt_gated_activate(gt_context *context, const float *x, float *y, int64_t rows, int64_t features,
                            int32_t activation, char *message, size_t message_size) {
  GT_REQUIRE_NOT_NULL("gated_activate", context);
  GT_REQUIRE(rows >= 0 && features >= 1, "gated_activate: y is [%" PRId64 ", %" PRId64 "].", rows, features);
  GT_REQUIRE(activation >= GT_ACT_IDENTITY && activation <= GT_ACT_LEAKY_RELU,
             "gated_activate: activation %d is unknown.", activation);
  if (rows == 0) {
    return GT_OK;
  }
  GT_REQUIRE_NOT_NULL("gated_activate", x);
  GT_REQUIRE_NOT_NULL("gated_activate", y);
  int64_t rows_per_task = gt_max(1, ELEMENTS_PER_TASK / features);
  activate_job job = {context->kernels, x, y, rows, features, gt_ceil_div(rows, rows_per_task), activation};
  if (!gt_pool_run(context->pool, gated_activate_task, &job, job.tasks, 0)) {
    return GT_FAIL_SCRATCH("gated_activate", 0);
  }
  return GT_OK;
}
