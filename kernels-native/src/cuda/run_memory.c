#include "cuda/context.h"

void *gt_cuda_allocate(gt_cuda_call *call, size_t bytes) {
  if (call->status != GT_OK) {
    return NULL;
  }
  gt_cuda_device *device = call->context->device;
  CUdeviceptr memory = 0, base = 0;
  CUresult result = device->driver.memory_allocate(&memory, bytes == 0 ? 1 : bytes);
  if (result == CUDA_ERROR_OUT_OF_MEMORY) {
    size_t free = 0, total = 0;
    device->driver.memory_info(&free, &total);
    gt_cuda_fail(call, GT_OUT_OF_MEMORY, "no memory for %zu bytes: cuda:%d has %zu of %zu free", bytes, device->index,
                 free, total);
    return NULL;
  }
  size_t taken = 0;
  if (gt_cuda_check(call, result, "allocating memory") &&
      gt_cuda_check(call, device->driver.memory_range(&base, &taken, memory), "asking for the size of memory")) {
    atomic_fetch_add_explicit(&device->bytes, (int64_t)taken, memory_order_relaxed);
    return (void *)memory;
  }
  return NULL;
}

void gt_cuda_free(gt_context *context, void *memory) {
  gt_cuda_device *device = context->device;
  CUcontext popped;
  CUdeviceptr base = 0;
  size_t taken = 0;
  if (memory == NULL || device->driver.context_push(device->context) != CUDA_SUCCESS) {
    return;
  }
  /* Waits for every stream that may still use it. A lost device keeps what it had. */
  if (device->driver.memory_range(&base, &taken, (CUdeviceptr)memory) == CUDA_SUCCESS &&
      device->driver.memory_free((CUdeviceptr)memory) == CUDA_SUCCESS) {
    atomic_fetch_sub_explicit(&device->bytes, (int64_t)taken, memory_order_relaxed);
  }
  device->driver.context_pop(&popped);
}

gt_status gt_run_allocate(gt_context *context, size_t bytes, void **memory, char *message, size_t message_size) {
  gt_cuda_call call = gt_cuda_begin(context, "allocate", message, message_size);
  *memory = gt_cuda_allocate(&call, bytes);
  return gt_cuda_end(&call);
}

void gt_free(gt_context *context, void *memory) {
  gt_cuda_free(context, memory);
}

gt_status gt_run_upload(gt_context *context, void *device, const void *host, size_t bytes, char *message,
                        size_t message_size) {
  gt_cuda_call call = gt_cuda_begin(context, "upload", message, message_size);
  gt_cuda_copy_in(&call, device, host, bytes);
  if (!context->fork) { /* what others will read */
    gt_cuda_wait(&call);
  }
  return gt_cuda_end(&call);
}

gt_status gt_run_download(gt_context *context, void *host, const void *device, size_t bytes, char *message,
                          size_t message_size) {
  gt_cuda_call call = gt_cuda_begin(context, "download", message, message_size);
  gt_cuda_copy_out(&call, host, device, bytes);
  return gt_cuda_end(&call);
}
