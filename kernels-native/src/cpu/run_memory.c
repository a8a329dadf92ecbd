#include <string.h>

#include "cpu/context.h"

gt_status gt_run_allocate(gt_context *context, size_t bytes, void **memory, char *message, size_t message_size) {
  *memory = gt_memory_allocate(&context->bytes, bytes);
  if (*memory == NULL) {
    return gt_fail(GT_OUT_OF_MEMORY, message, message_size, "allocate: no memory for %zu bytes.", bytes);
  }
  return GT_OK;
}

void gt_free(gt_context *context, void *memory) {
  gt_memory_free(&context->bytes, memory);
}

gt_status gt_run_upload(gt_context *context, void *device, const void *host, size_t bytes, char *message,
                        size_t message_size) {
  (void)context, (void)message, (void)message_size;
  memcpy(device, host, bytes);
  return GT_OK;
}

gt_status gt_run_download(gt_context *context, void *host, const void *device, size_t bytes, char *message,
                          size_t message_size) {
  (void)context, (void)message, (void)message_size;
  memcpy(host, device, bytes);
  return GT_OK;
}
