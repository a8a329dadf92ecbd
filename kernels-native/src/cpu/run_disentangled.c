/* How gt_disentangled_attention cuts its work: a task is one head of some tokens of one sequence. */

#include "cpu/context.h"
#include "cpu/disentangled.h"

typedef struct disentangled_plan {
  gt_disentangled_job job;
  const gt_disentangled_kernel *kernel;
  int64_t blocks; /* of max_tokens tokens, over all sequences */
} disentangled_plan;

/* Sequence `sequence` owns blocks [this, this of the next): enough for its tokens, at most one more. */
static int64_t first_block(const disentangled_plan *plan, int64_t sequence) {
  return plan->job.content.cu_seqlens_q[sequence] / plan->kernel->max_tokens + sequence;
}

static int32_t sequence_of_block(const disentangled_plan *plan, int64_t block) {
  int32_t low = 0;
  int32_t high = plan->job.params->batch;
  while (high - low > 1) {
    int32_t middle = low + (high - low) / 2;
    if (first_block(plan, middle) <= block) {
      low = middle;
    } else {
      high = middle;
    }
  }
  return low;
}

static void disentangled_task(void *argument, int64_t task, gt_worker *worker) {
  const disentangled_plan *plan = argument;
  const int64_t block = task / plan->job.params->num_heads;
  const int32_t sequence = sequence_of_block(plan, block);
  const int32_t length = gt_attention_q_length(&plan->job.content, sequence);
  const int64_t begin = (block - first_block(plan, sequence)) * plan->kernel->max_tokens;
  if (begin >= length) {
    return;
  }
  const gt_attention_item item = {
      .sequence = sequence,
      .head = (int32_t)(task % plan->job.params->num_heads),
      .heads = 1,
      .token = (int32_t)begin,
      .tokens = (int32_t)gt_min(plan->kernel->max_tokens, length - begin),
      .first_key = 0,
      .end_key = length,
      .partial = NULL,
  };
  plan->kernel->run(&plan->job, &item, worker->scratch);
}

gt_status gt_run_disentangled_attention(gt_context *context, const float *q, const float *k, const float *v,
                                        const int32_t *cu_seqlens, const float *position_k, const float *position_q,
                                        const int32_t *position_index, float *out, const gt_disentangled_params *params,
                                        char *message, size_t message_size) {
  const gt_attention_params content = {
      .struct_size = sizeof content,
      .batch = params->batch,
      .num_heads = params->num_heads,
      .num_kv_heads = params->num_heads,
      .head_dim = params->head_dim,
      .v_head_dim = params->head_dim,
      .scale = params->scale,
      .q_stride = params->q_stride,
      .k_stride = params->k_stride,
      .v_stride = params->v_stride,
      .out_stride = params->out_stride,
      .compute_dtype = GT_F32,
  };
  disentangled_plan plan = {
      .job = {.content = {q, k, v, cu_seqlens, cu_seqlens, NULL, NULL, out, &content},
              .position_k = position_k,
              .position_q = position_q,
              .position_index = position_index,
              .params = params},
      .kernel = context->kernels->disentangled_f32_f32,
  };
  plan.blocks = cu_seqlens[params->batch] / plan.kernel->max_tokens + params->batch;
  const size_t scratch = plan.kernel->scratch_bytes(params);
  if (!gt_pool_run(context->pool, disentangled_task, &plan, plan.blocks * params->num_heads, scratch)) {
    return GT_FAIL_SCRATCH("disentangled_attention", scratch);
  }
  return GT_OK;
}
