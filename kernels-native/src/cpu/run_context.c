#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cpu/context.h"

enum { MOST_CPUS = 1024 };

static int32_t usable_cpus(void) {
  /* A fixed cpu_set_t holds 1024 CPUs; a larger machine makes the call fail, and 1024 is what we'd use anyway. */
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) != 0) {
    return MOST_CPUS;
  }
  return CPU_COUNT(&set);
}

gt_status gt_run_context_create(const gt_context_params *params, gt_context **context, char *message,
                                size_t message_size) {
  int32_t tier = params->tier == GT_TIER_AUTO ? gt_best_tier() : params->tier;
  if (!gt_tier_supported(tier)) {
    return gt_fail(GT_UNSUPPORTED, message, message_size,
                   "context_create: this CPU or operating system can't run tier %s; the best it runs is %s.",
                   gt_tier_name(tier), gt_tier_name(gt_best_tier()));
  }
  if (params->device != 0) {
    return gt_fail(GT_NO_DEVICE, message, message_size, "context_create: there is one CPU device, 0, and no %d.",
                   params->device);
  }
  gt_context *created = calloc(1, sizeof *created);
  if (created == NULL) {
    return gt_fail(GT_OUT_OF_MEMORY, message, message_size, "context_create: no memory for a context.");
  }
  int32_t threads = params->threads == 0 ? usable_cpus() : params->threads;
  atomic_init(&created->references, 1);
  created->kernels = gt_kernel_table_of(tier);
  created->pool = gt_pool_create(threads, &created->bytes);
  if (created->pool == NULL) {
    free(created);
    return gt_fail(GT_OUT_OF_MEMORY, message, message_size,
                   "context_create: %d threads can't be started; ask for fewer or raise the process's limits.",
                   threads);
  }
  *context = created;
  return GT_OK;
}

gt_status gt_run_context_fork(gt_context *context, gt_context **fork, char *message, size_t message_size) {
  (void)message, (void)message_size;
  atomic_fetch_add(&context->references, 1);
  *fork = context;
  return GT_OK;
}

void gt_context_destroy(gt_context *context) {
  if (context != NULL && atomic_fetch_sub(&context->references, 1) == 1) {
    gt_pool_destroy(context->pool);
    free(context);
  }
}

/* Ops are done when they return. */
gt_status gt_run_synchronize(gt_context *context, char *message, size_t message_size) {
  (void)context, (void)message, (void)message_size;
  return GT_OK;
}

gt_status gt_run_graph_begin(gt_context *fork, char *message, size_t message_size) {
  return gt_run_synchronize(fork, message, message_size);
}

gt_status gt_run_graph_end(gt_context *fork, char *message, size_t message_size) {
  return gt_run_synchronize(fork, message, message_size);
}

int32_t gt_context_tier(const gt_context *context) {
  return context->kernels->tier;
}

int32_t gt_context_threads(const gt_context *context) {
  return gt_pool_threads(context->pool);
}

int64_t gt_context_bytes(const gt_context *context) {
  return atomic_load_explicit(&context->bytes, memory_order_relaxed);
}

gt_status gt_run_device_count(int32_t *count, char *message, size_t message_size) {
  (void)message, (void)message_size;
  *count = 1;
  return GT_OK;
}

gt_status gt_run_device_describe(int32_t device, gt_device_info *info, char *message, size_t message_size) {
  if (device != 0) {
    return gt_fail(GT_NO_DEVICE, message, message_size, "device_describe: there is one CPU device, 0, and no %d.",
                   device);
  }
  const int64_t page = sysconf(_SC_PAGESIZE);
  info->usable = 1;
  info->processors = usable_cpus();
  info->total_bytes = sysconf(_SC_PHYS_PAGES) * page;
  info->free_bytes = sysconf(_SC_AVPHYS_PAGES) * page;
  snprintf(info->name, sizeof info->name, "CPU (%s)", gt_tier_name(gt_best_tier()));
  return GT_OK;
}
