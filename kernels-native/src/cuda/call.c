/* gt_cuda_begin to gt_cuda_end: locking, failures, launches, scratch. */
#include <stdarg.h>
#include <stdio.h>

#include "cuda/context.h"

enum { DEFAULT_SHARED_BYTES = 48 << 10 };

static const struct {
  unsigned threads;
} kernel_rows[] = {
#define GT_CUDA_ROW(name, args, threads) {threads},
    GT_CUDA_KERNELS(GT_CUDA_ROW)
#undef GT_CUDA_ROW
};

gt_cuda_call gt_cuda_begin(gt_context *context, const char *op, char *message, size_t message_size) {
  gt_cuda_call call = {.context = context, .op = op, .message = message, .message_size = message_size};
  gt_cuda_device *device = context->device;
  pthread_mutex_lock(&context->lock);
  context->ring.turns = 0;
  if (atomic_load_explicit(&device->lost, memory_order_relaxed)) {
    gt_cuda_fail(&call, GT_DEVICE_LOST,
                 "cuda:%d failed in an earlier call; load the model again, in a new process if the driver asks for it",
                 device->index);
  } else {
    call.entered = gt_cuda_check(&call, device->driver.context_push(device->context), "entering its context");
  }
  return call;
}

gt_status gt_cuda_end(gt_cuda_call *call) {
  if (call->entered) {
    gt_cuda_free_retired(call);
    CUcontext popped;
    call->context->device->driver.context_pop(&popped);
  }
  pthread_mutex_unlock(&call->context->lock);
  return call->status;
}

bool gt_cuda_fail(gt_cuda_call *call, gt_status status, const char *format, ...) {
  if (call->status == GT_OK) {
    char text[384];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    call->status = gt_fail(status, call->message, call->message_size, "%s: %s.", call->op, text);
  }
  return false;
}

bool gt_cuda_check(gt_cuda_call *call, CUresult result, const char *doing) {
  if (result == CUDA_SUCCESS || call->status != GT_OK) {
    return call->status == GT_OK;
  }
  gt_cuda_device *device = call->context->device;
  char text[160];
  gt_cuda_error_text(&device->driver, result, text, sizeof text);
  if (gt_cuda_is_fatal(result)) {
    atomic_store(&device->lost, true);
    return gt_cuda_fail(call, GT_DEVICE_LOST, "cuda:%d was lost: %s failed with %s; load the model again",
                        device->index, doing, text);
  }
  return gt_cuda_fail(call, result == CUDA_ERROR_OUT_OF_MEMORY ? GT_OUT_OF_MEMORY : GT_INTERNAL,
                      "%s on cuda:%d failed: %s", doing, device->index, text);
}

/* More dynamic shared memory than the default is asked for once, kernel by kernel. */
static bool allow_shared(gt_cuda_call *call, gt_cuda_kernel kernel, size_t bytes) {
  gt_cuda_device *device = call->context->device;
  if (bytes > device->shared_limit) {
    return gt_cuda_fail(call, GT_UNSUPPORTED, "takes %zu bytes of shared memory; a block of cuda:%d has %zu", bytes,
                        device->index, device->shared_limit);
  }
  size_t allowed = atomic_load(&device->shared_bytes[kernel]);
  while (bytes > DEFAULT_SHARED_BYTES && bytes > allowed) {
    /* All that the device has: kernels of one name are launched with several sizes. */
    const int most = (int)device->shared_limit;
    if (!gt_cuda_check(call,
                       device->driver.function_set(device->functions[kernel],
                                                   CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, most),
                       "asking for shared memory")) {
      return false;
    }
    atomic_store(&device->shared_bytes[kernel], device->shared_limit);
    allowed = device->shared_limit;
  }
  return true;
}

void gt_cuda_launch(gt_cuda_call *call, gt_cuda_kernel kernel, gt_cuda_grid grid, size_t shared_bytes,
                    const void *args) {
  if (call->status != GT_OK || grid.x == 0 || grid.y == 0 || grid.z == 0) {
    return;
  }
  if (grid.x < 0 || grid.x > INT32_MAX || grid.y < 0 || grid.y > UINT16_MAX || grid.z < 0 || grid.z > UINT16_MAX) {
    gt_cuda_fail(call, GT_UNSUPPORTED, "takes %lld x %lld x %lld blocks; a GPU runs 2147483647 x 65535 x 65535",
                 (long long)grid.x, (long long)grid.y, (long long)grid.z);
    return;
  }
  if (!allow_shared(call, kernel, shared_bytes)) {
    return;
  }
  gt_cuda_device *device = call->context->device;
  void *params[] = {(void *)(uintptr_t)args};
  gt_cuda_check(call,
                device->driver.launch(device->functions[kernel], (unsigned)grid.x, (unsigned)grid.y, (unsigned)grid.z,
                                      kernel_rows[kernel].threads, 1, 1, (unsigned)shared_bytes, call->context->stream,
                                      params, NULL),
                "a launch");
}

void *gt_cuda_scratch(gt_cuda_call *call, size_t bytes) {
  gt_context *context = call->context;
  if (call->status != GT_OK) {
    return NULL;
  }
  if (bytes <= context->scratch_bytes) {
    return (void *)context->scratch;
  }
  gt_cuda_end_capture(call); /* what it has gathered uses the old one */
  const size_t wanted = bytes > 2 * context->scratch_bytes ? bytes : 2 * context->scratch_bytes;
  void *larger = gt_cuda_allocate(call, wanted);
  if (larger == NULL) {
    return NULL;
  }
  if (context->scratch != 0) {
    gt_cuda_wait(call); /* cuMemFree may wait for the device, and may not */
    gt_cuda_free(context, (void *)context->scratch);
  }
  context->scratch = (CUdeviceptr)larger;
  context->scratch_bytes = wanted;
  return larger;
}

bool gt_cuda_may_wait(gt_cuda_call *call) {
  if (call->status == GT_OK && call->context->capturing) {
    gt_cuda_fail(call, GT_INVALID_ARGUMENT,
                 "waits for the device, which gt_graph_begin to gt_graph_end does not allow");
  }
  return call->status == GT_OK;
}

void gt_cuda_wait(gt_cuda_call *call) {
  if (gt_cuda_may_wait(call)) {
    gt_cuda_check(call, call->context->device->driver.stream_synchronize(call->context->stream),
                  "waiting for the device");
  }
}
