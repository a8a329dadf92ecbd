#include "cpu/context.h"

enum { ELEMENTS_PER_TASK = 1 << 14 };

typedef struct rope_job {
  gt_rope_kernel *kernel;
  float *x;
  const int32_t *positions;
  const float *cosines;
  const float *sines;
  const gt_rope_params *params;
  int64_t tasks;
} rope_job;

static void rope_task(void *argument, int64_t task, gt_worker *worker) {
  (void)worker;
  const rope_job *job = argument;
  int64_t token = gt_split(job->params->tokens, job->tasks, task);
  int64_t end = gt_split(job->params->tokens, job->tasks, task + 1);
  job->kernel(job->x + token * job->params->x_stride, job->positions + token, end - token, job->cosines, job->sines,
              job->params);
}

gt_status gt_run_rope(gt_context *context, float *x, const int32_t *positions, const float *cosines, const float *sines,
                      const gt_rope_params *params, char *message, size_t message_size) {
  const int64_t features = (int64_t)params->num_heads * params->head_dim;
  rope_job job = {.kernel = context->kernels->rope_f32_f32,
                  .x = x,
                  .positions = positions,
                  .cosines = cosines,
                  .sines = sines,
                  .params = params,
                  .tasks = gt_ceil_div(params->tokens, gt_max(1, ELEMENTS_PER_TASK / features))};
  if (!gt_pool_run(context->pool, rope_task, &job, job.tasks, 0)) {
    return GT_FAIL_SCRATCH("rope", 0);
  }
  return GT_OK;
}
