/* The harness's tiers where tests are linked with the CUDA library: one, whose kernels no test can call by itself. */
#include "harness.h"

void for_each_tier(void (*test)(const gt_kernel_table *kernels)) {
  static const gt_kernel_table cuda = {.name = "cuda", .tier = GT_TIER_CUDA};
  test(&cuda);
}

const gt_kernel_table *kernels_of(const gt_context *context) {
  (void)context;
  return NULL;
}

void poison_scratch(gt_context *context, size_t bytes) {
  (void)context, (void)bytes;
}
