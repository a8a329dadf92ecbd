#include "core/device.h"

enum { MAX_THREADS = 1024 };

gt_status gt_context_create(const gt_context_params *params, gt_context **context, char *message, size_t message_size) {
  GT_REQUIRE_NOT_NULL("context_create", context);
  *context = NULL;
  GT_REQUIRE_PARAMS("context_create", params, gt_context_params);
  GT_REQUIRE(params->threads >= 0 && params->threads <= MAX_THREADS,
             "context_create: threads is %d; expected 0 (all CPUs this process may use) to %d.", params->threads,
             MAX_THREADS);
  GT_REQUIRE(params->tier == GT_TIER_AUTO || gt_tier_name(params->tier) != NULL,
             "context_create: tier %d is unknown; this library's best is %d (%s).", params->tier, gt_best_tier(),
             gt_tier_name(gt_best_tier()));
  GT_REQUIRE(params->device >= 0, "context_create: device is %d; the first is 0.", params->device);
  return gt_run_context_create(params, context, message, message_size);
}

gt_status gt_context_fork(gt_context *context, gt_context **fork, char *message, size_t message_size) {
  GT_REQUIRE_NOT_NULL("context_fork", fork);
  *fork = NULL;
  GT_REQUIRE_NOT_NULL("context_fork", context);
  return gt_run_context_fork(context, fork, message, message_size);
}

gt_status gt_synchronize(gt_context *context, char *message, size_t message_size) {
  GT_REQUIRE_NOT_NULL("synchronize", context);
  return gt_run_synchronize(context, message, message_size);
}

gt_status gt_graph_begin(gt_context *fork, char *message, size_t message_size) {
  GT_REQUIRE_NOT_NULL("graph_begin", fork);
  return gt_run_graph_begin(fork, message, message_size);
}

gt_status gt_graph_end(gt_context *fork, char *message, size_t message_size) {
  GT_REQUIRE_NOT_NULL("graph_end", fork);
  return gt_run_graph_end(fork, message, message_size);
}

gt_status gt_device_count(int32_t *count, char *message, size_t message_size) {
  GT_REQUIRE_NOT_NULL("device_count", count);
  *count = 0;
  return gt_run_device_count(count, message, message_size);
}

gt_status gt_device_describe(int32_t device, gt_device_info *info, char *message, size_t message_size) {
  GT_REQUIRE_PARAMS("device_describe", info, gt_device_info);
  *info = (gt_device_info){.struct_size = sizeof *info};
  GT_REQUIRE(device >= 0, "device_describe: device is %d; the first is 0.", device);
  return gt_run_device_describe(device, info, message, message_size);
}
