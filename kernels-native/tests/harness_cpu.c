/* The harness's tiers: every one of the CPU's. */
#include <stdio.h>

#include "cpu/context.h"
#include "harness.h"

void for_each_tier(void (*test)(const gt_kernel_table *kernels)) {
  for (int32_t tier = GT_TIER_REFERENCE; gt_kernel_table_of(tier) != NULL; tier++) {
    if (gt_tier_supported(tier)) {
      test(gt_kernel_table_of(tier));
    } else {
      printf("  tier %s skipped: this CPU can't run it\n", gt_tier_name(tier));
    }
  }
}

const gt_kernel_table *kernels_of(const gt_context *context) {
  return context->kernels;
}

static void poison_task(void *argument, int64_t task, gt_worker *worker) {
  (void)argument, (void)task;
  if (worker->scratch_bytes > 0) {
    memset(worker->scratch, 0xff, worker->scratch_bytes);
  }
}

void poison_scratch(gt_context *context, size_t bytes) {
  CHECK(gt_pool_run(context->pool, poison_task, NULL, 16, bytes), "no scratch of %zu bytes", bytes);
}
