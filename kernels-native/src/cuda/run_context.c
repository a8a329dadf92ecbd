/* Contexts: a device, and a stream with what it needs to be fed. */
#include <stdlib.h>

#include "cuda/context.h"

enum {
  ROOT_HALF_BYTES = 4 << 20, /* weights pass through it */
  FORK_HALF_BYTES = 256 << 10,
};

const char *gt_tier_name(int32_t tier) {
  return tier == GT_TIER_CUDA ? "cuda" : NULL;
}

int32_t gt_best_tier(void) {
  return GT_TIER_CUDA;
}

static gt_status create(gt_cuda_device *device, bool fork, gt_context **context, const char *op, char *message,
                        size_t message_size) {
  gt_context *created = calloc(1, sizeof *created);
  if (created == NULL) {
    return gt_fail(GT_OUT_OF_MEMORY, message, message_size, "%s: no memory for a context.", op);
  }
  created->device = device;
  created->fork = fork;
  pthread_mutex_init(&created->lock, NULL);
  gt_cuda_call call = gt_cuda_begin(created, op, message, message_size);
  if (call.status == GT_OK) {
    gt_cuda_check(&call, device->driver.stream_create(&created->stream, CU_STREAM_NON_BLOCKING), "making a stream");
    gt_cuda_ring_create(&call, fork ? FORK_HALF_BYTES : ROOT_HALF_BYTES);
  }
  const gt_status status = gt_cuda_end(&call);
  if (status != GT_OK) {
    gt_context_destroy(created);
    return status;
  }
  *context = created;
  return GT_OK;
}

gt_status gt_run_context_create(const gt_context_params *params, gt_context **context, char *message,
                                size_t message_size) {
  gt_cuda_device *device;
  gt_status status = gt_cuda_device_open(params->device, &device, message, message_size);
  return status == GT_OK ? create(device, false, context, "context_create", message, message_size) : status;
}

gt_status gt_run_context_fork(gt_context *context, gt_context **fork, char *message, size_t message_size) {
  atomic_fetch_add(&context->device->references, 1);
  return create(context->device, true, fork, "context_fork", message, message_size);
}

void gt_context_destroy(gt_context *context) {
  if (context == NULL) {
    return;
  }
  const gt_cuda_driver *driver = &context->device->driver;
  CUcontext popped;
  if (driver->context_push(context->device->context) == CUDA_SUCCESS) {
    gt_cuda_drop_capture(context);
    if (context->stream != NULL) {
      driver->stream_synchronize(context->stream);
    }
    gt_cuda_free_buffers(context);
    if (context->stream != NULL) {
      driver->stream_destroy(context->stream);
    }
    driver->context_pop(&popped);
  }
  pthread_mutex_destroy(&context->lock);
  gt_cuda_device_release(context->device);
  free(context);
}

gt_status gt_run_synchronize(gt_context *context, char *message, size_t message_size) {
  gt_cuda_call call = gt_cuda_begin(context, "synchronize", message, message_size);
  gt_cuda_wait(&call);
  return gt_cuda_end(&call);
}

int32_t gt_context_tier(const gt_context *context) {
  (void)context;
  return GT_TIER_CUDA;
}

/* Of the CPU: the caller queues, the device works. */
int32_t gt_context_threads(const gt_context *context) {
  (void)context;
  return 1;
}

int64_t gt_context_bytes(const gt_context *context) {
  return atomic_load_explicit(&context->device->bytes, memory_order_relaxed);
}

int32_t gt_cuda_processors(const gt_context *context) {
  return context->device->processors;
}

size_t gt_cuda_shared_limit(const gt_context *context) {
  return context->device->shared_limit;
}

gt_cublaslt *gt_cuda_blas(const gt_context *context) {
  return context->device->blas;
}

void *gt_cuda_stream(const gt_context *context) {
  return context->stream;
}
