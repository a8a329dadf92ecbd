#include <sched.h>
#include <stdlib.h>

#include "core/context.h"

enum { MAX_THREADS = 1024 };

const char *gt_dtype_name(int32_t dtype) {
  static const char *const names[] = {[GT_F32] = "f32", [GT_F16] = "f16", [GT_BF16] = "bf16", [GT_F64] = "f64"};
  return dtype >= GT_F32 && dtype <= GT_F64 ? names[dtype] : NULL;
}

size_t gt_dtype_size(int32_t dtype) {
  static const size_t sizes[] = {[GT_F32] = 4, [GT_F16] = 2, [GT_BF16] = 2, [GT_F64] = 8};
  return dtype >= GT_F32 && dtype <= GT_F64 ? sizes[dtype] : 0;
}

static int32_t usable_cpus(void) {
  /* A fixed cpu_set_t holds 1024 CPUs; a larger machine makes the call fail, and 1024 is what we'd use anyway. */
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) != 0) {
    return MAX_THREADS;
  }
  return CPU_COUNT(&set);
}

gt_status gt_context_create(const gt_context_params *params, gt_context **context, char *message, size_t message_size) {
  GT_REQUIRE_NOT_NULL("context_create", context);
  *context = NULL;
  GT_REQUIRE_PARAMS("context_create", params, gt_context_params);
  GT_REQUIRE(params->threads >= 0 && params->threads <= MAX_THREADS,
             "context_create: threads is %d; expected 0 (all CPUs this process may use) to %d.", params->threads,
             MAX_THREADS);
  int32_t tier = params->tier == GT_TIER_AUTO ? gt_best_tier() : params->tier;
  GT_REQUIRE(gt_kernel_table_of(tier) != NULL, "context_create: tier %d is unknown; this library has tiers up to %d.",
             tier, GT_TIER_AVX512_BF16);
  if (!gt_tier_supported(tier)) {
    return gt_fail(GT_UNSUPPORTED, message, message_size,
                   "context_create: this CPU or operating system can't run tier %s; the best it runs is %s.",
                   gt_tier_name(tier), gt_tier_name(gt_best_tier()));
  }
  gt_context *created = calloc(1, sizeof *created);
  if (created == NULL) {
    return gt_fail(GT_OUT_OF_MEMORY, message, message_size, "context_create: no memory for a context.");
  }
  int32_t threads = params->threads == 0 ? usable_cpus() : params->threads;
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

void gt_context_destroy(gt_context *context) {
  if (context != NULL) {
    gt_pool_destroy(context->pool);
    free(context);
  }
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
