#include <stdio.h>

#include "harness.h"

static char message[256];

static void create_and_destroy(void) {
  for (int32_t tier = GT_TIER_AUTO; tier <= gt_best_tier(); tier++) {
    gt_context *context = create_context(tier, 2);
    CHECK(gt_context_threads(context) == 2, "threads %d", gt_context_threads(context));
    CHECK(gt_context_tier(context) == (tier == GT_TIER_AUTO ? gt_best_tier() : tier), "tier %d",
          gt_context_tier(context));
    gt_context_destroy(context);
  }
  gt_context_destroy(NULL);
}

static void wrong_arguments(void) {
  gt_context *context = NULL;
  gt_context_params params = {.struct_size = sizeof params, .threads = -1, .tier = GT_TIER_AUTO};
  CHECK_FAILS(GT_INVALID_ARGUMENT, "threads is -1", gt_context_create(&params, &context, message, sizeof message));
  params.threads = 1;
  params.tier = 77;
  CHECK_FAILS(GT_INVALID_ARGUMENT, "tier 77", gt_context_create(&params, &context, message, sizeof message));
  params.struct_size = 4;
  CHECK_FAILS(GT_INVALID_ARGUMENT, "struct_size 4", gt_context_create(&params, &context, message, sizeof message));
  CHECK_FAILS(GT_INVALID_ARGUMENT, "params is NULL", gt_context_create(NULL, &context, message, sizeof message));
  CHECK(gt_context_create(NULL, &context, NULL, 0) == GT_INVALID_ARGUMENT, "without a message buffer");
  CHECK(context == NULL, "context is written");
}

int main(void) {
  RUN(create_and_destroy);
  RUN(wrong_arguments);
  return finish();
}
