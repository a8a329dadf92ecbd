/*
 * How gt_attention cuts its work. A block is some tokens of one sequence; an item is a block times the
 * query heads that share a kv head, so that they share the keys and values they read. When there are fewer items
 * than threads (decoding with few heads), each item's keys are cut as well and the parts are merged afterwards.
 */
#include <math.h>

#include "cpu/attention.h"
#include "cpu/context.h"

enum {
  ITEMS_PER_THREAD = 4, /* enough for an even load when items differ in length */
  MIN_SPLIT_KEYS = 256, /* keys worth a part of their own */
  TASKS_PER_THREAD = 8, /* of several items each, when there are more items */
  MAX_ITEMS_PER_TASK = 16,
};

typedef struct attention_plan {
  gt_attention_job job;
  const gt_attention_kernel *kernel;
  int32_t tokens_per_block;
  int32_t heads_per_item;
  int32_t items_per_kv_head; /* more than 1 when a group has more heads than the kernel takes rows */
  int64_t parts;             /* items of a block */
  bool wide;                 /* items may span kv heads */
  int64_t blocks;            /* over all sequences */
  bool heads_inside;         /* items are ordered by block, then head; otherwise by head, then block */
  int64_t splits;            /* parts of an item's keys */
  int64_t items_per_task;    /* where keys are not split */
  float *partials;           /* [item][split][tokens_per_block * heads_per_item][v_head_dim + 2], splits > 1 */
} attention_plan;

/* Sequence `sequence` owns blocks [this, this of the next). That is at least ceil(length / tokens_per_block), at most
 * one more, and needs no list of lengths. */
static int64_t first_block(const attention_plan *plan, int64_t sequence) {
  return plan->job.cu_seqlens_q[sequence] / plan->tokens_per_block + sequence;
}

static int32_t sequence_of_block(const attention_plan *plan, int64_t block) {
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

static int64_t item_count(const attention_plan *plan) {
  return plan->blocks * plan->parts;
}

/* The query heads of a block's item. */
static void heads_of_part(const attention_plan *plan, int64_t part, int32_t *head, int32_t *heads) {
  const gt_attention_params *p = plan->job.params;
  const int32_t first = (int32_t)(part % plan->items_per_kv_head * plan->heads_per_item);
  const int32_t group = plan->wide ? p->num_heads : p->num_heads / p->num_kv_heads;
  *head = (int32_t)(part / plan->items_per_kv_head * group) + first;
  *heads = (int32_t)gt_min(plan->heads_per_item, group - first);
}

/* False when there is nothing to do: one block per sequence may be empty. */
static bool make_item(const attention_plan *plan, int64_t index, gt_attention_item *item) {
  /* Short sequences: the heads of a block follow each other, as they do in memory. Long ones: the blocks of a head, to
   * find its keys in the cache. */
  int64_t block = plan->heads_inside ? index / plan->parts : index % plan->blocks;
  int64_t part = plan->heads_inside ? index % plan->parts : index / plan->blocks;
  int32_t sequence = sequence_of_block(plan, block);
  int32_t length = gt_attention_q_length(&plan->job, sequence);
  /* Last block first: with a causal mask it takes longest. */
  int64_t begin = (gt_ceil_div(length, plan->tokens_per_block) - 1 - (block - first_block(plan, sequence))) *
                  plan->tokens_per_block;
  if (begin < 0) {
    return false;
  }
  int32_t head, heads;
  heads_of_part(plan, part, &head, &heads);
  const int64_t tokens = gt_min(plan->tokens_per_block, length - begin);
  const bool windowed = plan->job.params->sliding_window > 0;
  *item = (gt_attention_item){
      .sequence = sequence,
      .head = head,
      .heads = heads,
      .token = (int32_t)begin,
      .tokens = (int32_t)tokens,
      .first_key = (int32_t)gt_attention_first_visible(&plan->job, sequence, begin),
      .end_key = windowed ? (int32_t)gt_attention_visible(&plan->job, sequence, begin + tokens - 1)
                          : gt_attention_kv_length(&plan->job, sequence),
      .partial = NULL,
  };
  return true;
}

static int64_t partial_floats(const attention_plan *plan) {
  return (int64_t)plan->tokens_per_block * plan->heads_per_item * (plan->job.params->v_head_dim + 2);
}

static void attention_task(void *argument, int64_t task, gt_worker *worker) {
  const attention_plan *plan = argument;
  gt_attention_item items[2]; /* this one and the next */
  bool made = false;
  const int64_t end = gt_min((task + 1) * plan->items_per_task, item_count(plan));
  for (int64_t i = task * plan->items_per_task; i < end; i++) {
    gt_attention_item *item = &items[i % 2], *next = &items[(i + 1) % 2];
    made = made || make_item(plan, i, item);
    bool follows = i + 1 < end && make_item(plan, i + 1, next);
    if (made) {
      plan->kernel->run(&plan->job, item, follows ? next : NULL, worker->scratch);
    }
    made = follows;
  }
}

/* Task: one of the parts that an item's keys are cut into. */
static void split_task(void *argument, int64_t task, gt_worker *worker) {
  const attention_plan *plan = argument;
  gt_attention_item item;
  if (make_item(plan, task / plan->splits, &item)) {
    int64_t split = task % plan->splits;
    const int32_t first = item.first_key, keys = item.end_key - first;
    item.first_key = first + (int32_t)gt_split(keys, plan->splits, split);
    item.end_key = first + (int32_t)gt_split(keys, plan->splits, split + 1);
    item.partial = plan->partials + task * partial_floats(plan);
    plan->kernel->run(&plan->job, &item, NULL, worker->scratch);
  }
}

/* One row from its parts, into the first of them: each brought to the greatest anchor (Dao et al., Flash-Decoding).
 * Returns the result. */
static const float *merge_row(float *partials, int64_t splits, int64_t stride, int32_t dims) {
  float greatest = -INFINITY;
  for (int64_t split = 0; split < splits; split++) {
    greatest = fmaxf(greatest, partials[split * stride]);
  }
  float sum = 0;
  float *out = partials + 2;
  for (int64_t split = 0; split < splits; split++) {
    const float *part = partials + split * stride;
    float weight = exp2f(part[0] - greatest);
    sum += weight * part[1];
    for (int32_t d = 0; d < dims; d++) {
      out[d] = (split == 0 ? 0 : out[d]) + weight * part[2 + d];
    }
  }
  for (int32_t d = 0; d < dims; d++) {
    out[d] = sum == 0 ? 0 : out[d] / sum;
  }
  return out;
}

static void merge_task(void *argument, int64_t task, gt_worker *worker) {
  (void)worker;
  const attention_plan *plan = argument;
  const gt_attention_params *p = plan->job.params;
  gt_attention_item item;
  if (!make_item(plan, task, &item)) {
    return;
  }
  float *partials = plan->partials + task * plan->splits * partial_floats(plan);
  for (int64_t row = 0; row < (int64_t)item.tokens * item.heads; row++) {
    int64_t token = plan->job.cu_seqlens_q[item.sequence] + item.token + row / item.heads;
    int64_t head = item.head + row % item.heads;
    const float *merged =
        merge_row(partials + row * (p->v_head_dim + 2), plan->splits, partial_floats(plan), p->v_head_dim);
    for (int64_t d = 0; d < p->v_head_dim; d++) {
      gt_put_element(plan->job.out, p->out_dtype, token * p->out_stride + head * p->v_head_dim + d, merged[d]);
    }
  }
}

/* The most keys that `tokens` neighbouring tokens see. */
static int64_t keys_seen(const gt_attention_params *p, int64_t tokens, int64_t longest_kv) {
  if (p->sliding_window == 0) {
    return longest_kv;
  }
  return gt_min(longest_kv, tokens + (p->causal ? 1 : 2) * (int64_t)p->sliding_window);
}

/* Only where a cache holds the keys: packed sequences give the same bits whatever else is in the batch. */
static bool may_split(const attention_plan *plan) {
  return plan->kernel->takes_parts && plan->job.block_table != NULL;
}

/* Decoding: items of several kv heads where the kernel takes them; as many as leave every thread something to do,
 * unless the keys are so many that they can be split instead. Returns false where that brings nothing. */
static bool plan_wide(attention_plan *plan, int64_t longest_q, int64_t longest_kv, int32_t threads) {
  const gt_attention_params *p = plan->job.params;
  const int64_t rows_per_kv_head = longest_q * (p->num_heads / p->num_kv_heads);
  if (rows_per_kv_head == 0 || rows_per_kv_head > plan->kernel->max_wide_rows_per_kv_head) {
    return false;
  }
  int64_t parts = threads == 1 ? 1 : gt_ceil_div(2 * (int64_t)threads, p->batch);
  if (may_split(plan) && longest_kv >= parts * MIN_SPLIT_KEYS) {
    parts = 1;
  }
  const int64_t kv_heads = gt_min(gt_ceil_div(p->num_kv_heads, parts), plan->kernel->max_wide_rows / rows_per_kv_head);
  if (kv_heads <= 1) {
    return false;
  }
  plan->wide = true;
  plan->heads_per_item = (int32_t)kv_heads * (p->num_heads / p->num_kv_heads);
  plan->items_per_kv_head = (int32_t)gt_ceil_div(p->num_heads, plan->heads_per_item);
  plan->parts = plan->items_per_kv_head;
  plan->tokens_per_block = (int32_t)longest_q;
  return true;
}

static void plan_narrow(attention_plan *plan, int32_t threads) {
  const gt_attention_params *p = plan->job.params;
  int64_t group = p->num_heads / p->num_kv_heads;
  int64_t rows = plan->kernel->max_rows(p);
  if (threads > 1) {
    int64_t share = gt_ceil_div(plan->job.cu_seqlens_q[p->batch] * p->num_heads, (int64_t)threads * ITEMS_PER_THREAD);
    rows = gt_min(rows, gt_ceil_div(share, plan->kernel->row_step) * plan->kernel->row_step);
  }
  plan->heads_per_item = (int32_t)gt_min(group, rows);
  plan->items_per_kv_head = (int32_t)gt_ceil_div(group, plan->heads_per_item);
  plan->parts = (int64_t)p->num_kv_heads * plan->items_per_kv_head;
  plan->tokens_per_block = (int32_t)(rows / plan->heads_per_item);
}

static void plan_blocks(attention_plan *plan, int32_t threads) {
  const gt_attention_params *p = plan->job.params;
  int64_t longest_q = 0;
  int64_t longest_kv = 0;
  for (int32_t sequence = 0; sequence < p->batch; sequence++) {
    longest_q = gt_max(longest_q, gt_attention_q_length(&plan->job, sequence));
    longest_kv = gt_max(longest_kv, gt_attention_kv_length(&plan->job, sequence));
  }
  if (!plan_wide(plan, longest_q, keys_seen(p, longest_q, longest_kv), threads)) {
    plan_narrow(plan, threads);
  }
  plan->blocks = plan->job.cu_seqlens_q[p->batch] / plan->tokens_per_block + p->batch;
  plan->heads_inside = longest_q <= plan->tokens_per_block;
  plan->splits = 1;
  int64_t items = item_count(plan);
  if (may_split(plan) && threads > 1 && items < 2 * (int64_t)threads) {
    int64_t wanted = gt_ceil_div((int64_t)threads * 2, items);
    int64_t keys = keys_seen(p, plan->tokens_per_block, longest_kv);
    plan->splits = gt_max(1, gt_min(wanted, keys / MIN_SPLIT_KEYS));
  }
  plan->items_per_task = gt_max(1, gt_min(MAX_ITEMS_PER_TASK, items / (threads * TASKS_PER_THREAD)));
}

gt_status gt_run_attention(gt_context *context, const void *q, const void *k, const void *v,
                           const int32_t *cu_seqlens_q, const int32_t *cu_seqlens_kv, const int32_t *block_table,
                           const float *distance_bias, void *out, const gt_attention_params *params, char *message,
                           size_t message_size) {
  const gt_attention_kernel *kernel =
      params->compute_dtype == GT_BF16 ? context->kernels->attention_bf16_f32 : context->kernels->attention_f32_f32;
  attention_plan plan = {.job = {q, k, v, cu_seqlens_q, cu_seqlens_kv, block_table, distance_bias, out, params},
                         .kernel = kernel};
  plan_blocks(&plan, gt_pool_threads(context->pool));
  size_t scratch = kernel->scratch_bytes(params);
  int64_t items = item_count(&plan);
  if (plan.splits > 1) {
    size_t bytes = (size_t)(items * plan.splits * partial_floats(&plan)) * sizeof(float);
    gt_worker *shared = gt_pool_borrow(context->pool, bytes);
    if (shared == NULL) {
      return GT_FAIL_SCRATCH("attention", bytes);
    }
    plan.partials = shared->scratch;
    bool ran = gt_pool_run(context->pool, split_task, &plan, items * plan.splits, scratch) &&
               gt_pool_run(context->pool, merge_task, &plan, items, 0);
    gt_pool_give_back(context->pool, shared);
    if (!ran) {
      return GT_FAIL_SCRATCH("attention", scratch);
    }
    return GT_OK;
  }
  int64_t tasks = gt_ceil_div(items, plan.items_per_task);
  if (!gt_pool_run(context->pool, attention_task, &plan, tasks, scratch)) {
    return GT_FAIL_SCRATCH("attention", scratch);
  }
  return GT_OK;
}
