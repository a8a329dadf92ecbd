#include "cpu/context.h"

enum { ELEMENTS_PER_TASK = 1 << 14 };

typedef struct embed_job {
  gt_embed_kernel *kernel;
  const void *table;
  const int32_t *ids;
  float *y;
  int64_t table_stride;
  int64_t y_stride;
  int64_t features;
  int64_t tokens;
  int64_t tasks;
  int32_t table_dtype;
  bool accumulate;
} embed_job;

static void embed_task(void *argument, int64_t task, gt_worker *worker) {
  (void)worker;
  const embed_job *job = argument;
  int64_t token = gt_split(job->tokens, job->tasks, task);
  int64_t end = gt_split(job->tokens, job->tasks, task + 1);
  job->kernel(job->table, job->table_dtype, job->table_stride, job->features, job->ids + token, end - token,
              job->accumulate, job->y + token * job->y_stride, job->y_stride);
}

gt_status gt_run_embed(gt_context *context, const void *table, int32_t table_dtype, int64_t table_rows,
                       int64_t features, int64_t table_stride, const int32_t *ids, int64_t tokens, int32_t accumulate,
                       float *y, int64_t y_stride, char *message, size_t message_size) {
  (void)table_rows;
  int64_t tokens_per_task = gt_max(1, ELEMENTS_PER_TASK / features);
  embed_job job = {.kernel = context->kernels->embed_any_f32,
                   .table = table,
                   .ids = ids,
                   .y = y,
                   .table_stride = table_stride,
                   .y_stride = y_stride,
                   .features = features,
                   .tokens = tokens,
                   .tasks = gt_ceil_div(tokens, tokens_per_task),
                   .table_dtype = table_dtype,
                   .accumulate = accumulate == 1};
  if (!gt_pool_run(context->pool, embed_task, &job, job.tasks, 0)) {
    return GT_FAIL_SCRATCH("embed", 0);
  }
  return GT_OK;
}
