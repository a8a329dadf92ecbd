#include <inttypes.h>
#include <stdlib.h>

#include "cpu/context.h"

/* Below this many multiply-adds a fork costs more than a second thread brings. */
enum {
  SERIAL_WORK = 1 << 16,
  TASKS_PER_THREAD = 4,       /* at least: how long a thread may wait for another is one task */
  MOST_TASKS_PER_THREAD = 16, /* each task begins with x and weights that are not in the near cache */
};

struct gt_linear {
  gt_linear_shape shape;
  const gt_linear_kernel *kernel; /* whose panel width and words the panels have */
  int64_t panels;
  int64_t words; /* of in_features */
  float *weight; /* [panels][words][panel_width] */
  float *bias;   /* [panels * panel_width] */
};

gt_status gt_run_linear_create(gt_context *context, const gt_linear_shape *shape, gt_linear **linear, char *message,
                               size_t message_size) {
  const gt_linear_kernel *kernel =
      shape->compute_dtype == GT_BF16 ? context->kernels->linear_f32_bf16_f32 : context->kernels->linear_f32_f32_f32;
  gt_linear *created = calloc(1, sizeof *created);
  if (created == NULL) {
    return gt_fail(GT_OUT_OF_MEMORY, message, message_size, "linear_create: no memory for a linear layer.");
  }
  const int64_t parts = shape->gated ? 2 : 1; /* that share a panel */
  int64_t panels = gt_ceil_div(shape->out_features / parts, kernel->panel_width / parts);
  *created = (gt_linear){.shape = *shape,
                         .kernel = kernel,
                         .panels = panels,
                         .words = gt_ceil_div(shape->in_features, kernel->word_features)};
  size_t padded = (size_t)(panels * kernel->panel_width);
  created->weight = gt_memory_allocate_zeroed(&context->bytes, padded * (size_t)created->words * sizeof(float));
  if (created->weight != NULL) {
    created->bias = gt_memory_allocate_zeroed(&context->bytes, padded * sizeof(float));
  }
  if (created->weight == NULL || created->bias == NULL) {
    gt_linear_destroy(context, created);
    return gt_fail(GT_OUT_OF_MEMORY, message, message_size,
                   "linear_create: no memory to pack a weight [%" PRId64 ", %" PRId64 "].", shape->out_features,
                   shape->in_features);
  }
  *linear = created;
  return GT_OK;
}

void gt_linear_destroy(gt_context *context, gt_linear *linear) {
  if (linear != NULL) {
    gt_memory_free(&context->bytes, linear->weight);
    gt_memory_free(&context->bytes, linear->bias);
    free(linear);
  }
}

typedef struct pack_job {
  gt_linear *linear;
  gt_linear_source source;
  gt_widen_kernel *widen;
  const void *bias; /* or NULL */
  int32_t bias_dtype;
  int64_t first; /* row of the packed matrix that the source's first row becomes */
  int64_t first_panel;
} pack_job;

/* Packs what the source has of rows [begin, end) into the columns of `panel` from `column` on. */
static void pack_columns(const pack_job *job, int64_t panel, int64_t column, int64_t begin, int64_t end) {
  const gt_linear *linear = job->linear;
  const int64_t from = gt_max(begin, job->first), to = gt_min(end, job->first + job->source.count);
  if (from >= to) {
    return;
  }
  const int64_t width = linear->kernel->panel_width, row = from - job->first;
  column += from - begin;
  linear->kernel->pack(&job->source, row, to - from, linear->weight + panel * linear->words * width + column);
  if (job->bias != NULL) {
    const char *bias = (const char *)job->bias + row * (int64_t)gt_dtype_size(job->bias_dtype);
    job->widen(bias, job->bias_dtype, linear->bias + panel * width + column, to - from);
  }
}

static void pack_task(void *argument, int64_t task, gt_worker *worker) {
  (void)worker;
  const pack_job *job = argument;
  const gt_linear *linear = job->linear;
  const int64_t panel = job->first_panel + task, width = linear->kernel->panel_width;
  if (!linear->shape.gated) {
    pack_columns(job, panel, 0, panel * width, (panel + 1) * width);
    return;
  }
  const int64_t half = linear->shape.out_features / 2, columns = width / 2;
  const int64_t begin = panel * columns, end = gt_min(begin + columns, half);
  pack_columns(job, panel, 0, begin, end);
  pack_columns(job, panel, columns, half + begin, half + end);
}

gt_status gt_run_linear_pack(gt_context *context, gt_linear *linear, int64_t first_row, int64_t rows,
                             const void *weight, int32_t weight_dtype, int32_t layout, const void *bias,
                             int32_t bias_dtype, char *message, size_t message_size) {
  int64_t width = linear->kernel->panel_width;
  pack_job job = {.linear = linear,
                  .source = {.weight = weight,
                             .dtype = weight_dtype,
                             .layout = layout,
                             .in_features = linear->shape.in_features,
                             .count = rows},
                  .widen = context->kernels->widen_any_f32,
                  .bias = bias,
                  .bias_dtype = bias_dtype,
                  .first = first_row,
                  .first_panel = linear->shape.gated ? 0 : first_row / width};
  int64_t end_panel = linear->shape.gated ? linear->panels : gt_ceil_div(first_row + rows, width);
  if (!gt_pool_run(context->pool, pack_task, &job, end_panel - job.first_panel, 0)) {
    return GT_FAIL_SCRATCH("linear_pack", 0);
  }
  return GT_OK;
}

/* Grid of tasks: row blocks times panel chunks. */
typedef struct forward_job {
  gt_linear_job linear;
  const gt_linear_kernel *kernel;
  int64_t rows;
  int64_t panels;
  int64_t row_blocks;
  int64_t panel_chunks;
} forward_job;

static void forward_task(void *argument, int64_t task, gt_worker *worker) {
  const forward_job *job = argument;
  int64_t block = task / job->panel_chunks;
  int64_t chunk = task % job->panel_chunks;
  int64_t row = gt_split(job->rows, job->row_blocks, block);
  int64_t row_end = gt_split(job->rows, job->row_blocks, block + 1);
  int64_t panel = gt_split(job->panels, job->panel_chunks, chunk);
  int64_t panel_end = gt_split(job->panels, job->panel_chunks, chunk + 1);
  job->kernel->run(&job->linear, row, row_end - row, panel, panel_end - panel, worker->scratch);
}

/* Do so many equal tasks leave threads idle at the end, for more than 1/32 of the time? */
static bool uneven(int64_t tasks, int32_t threads) {
  int64_t turns = gt_ceil_div(tasks, threads);
  return 32 * (turns * threads - tasks) > turns * threads;
}

/* As few row blocks as the kernel allows (each streams all its panels once) and as few panel chunks (each reads its
 * rows of x once) as keep the threads busy to the end; smaller row blocks only when there are more threads than panels
 * to share. */
static void choose_grid(forward_job *job, int64_t words, int32_t threads) {
  const gt_linear_kernel *kernel = job->kernel;
  job->row_blocks = gt_ceil_div(job->rows, kernel->max_rows);
  job->panel_chunks = words > kernel->block_words ? gt_ceil_div(job->panels, kernel->max_panels) : 1;
  double work = (double)job->rows * (double)job->linear.in_features * (double)job->linear.y_features;
  if (threads == 1 || work < SERIAL_WORK) {
    return;
  }
  int64_t wanted = (int64_t)threads * TASKS_PER_THREAD;
  job->panel_chunks = gt_max(job->panel_chunks, gt_min(gt_ceil_div(wanted, job->row_blocks), job->panels));
  int64_t most_blocks = gt_ceil_div(job->rows, kernel->tile_rows);
  job->row_blocks = gt_max(job->row_blocks, gt_min(wanted / job->panel_chunks, most_blocks));
  int64_t most_chunks = gt_min(job->panels, threads * MOST_TASKS_PER_THREAD / job->row_blocks);
  for (int64_t chunks = job->panel_chunks; chunks <= most_chunks; chunks++) {
    if (!uneven(job->row_blocks * chunks, threads)) {
      job->panel_chunks = chunks;
      break;
    }
  }
}

gt_status gt_run_linear_forward(gt_context *context, const gt_linear *linear, const void *x, const float *residual,
                                void *y, const gt_linear_params *params, char *message, size_t message_size) {
  const gt_linear_shape *shape = &linear->shape;
  forward_job job = {.linear = {.x = x,
                                .residual = residual,
                                .y = y,
                                .panels = linear->weight,
                                .bias = linear->bias,
                                .x_stride = params->x_stride,
                                .residual_stride = params->residual_stride,
                                .y_stride = params->y_stride,
                                .in_features = shape->in_features,
                                .y_features = shape->out_features / (shape->gated ? 2 : 1),
                                .scale = params->scale,
                                .activation = params->activation,
                                .x_dtype = params->x_dtype,
                                .y_dtype = params->y_dtype,
                                .gated = shape->gated},
                     .kernel = linear->kernel,
                     .rows = params->rows,
                     .panels = linear->panels};
  choose_grid(&job, linear->words, gt_pool_threads(context->pool));
  size_t scratch = linear->kernel->scratch_bytes;
  const int64_t tasks = job.row_blocks * job.panel_chunks;
  /* With one block of rows the weights are a stream, of which the end of a task has asked for what follows. */
  bool ran = job.row_blocks == 1 ? gt_pool_run_in_stretches(context->pool, forward_task, &job, tasks, scratch)
                                 : gt_pool_run(context->pool, forward_task, &job, tasks, scratch);
  if (!ran) {
    return GT_FAIL_SCRATCH("linear_forward", scratch);
  }
  return GT_OK;
}
