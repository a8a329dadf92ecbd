#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/context.h"

gt_status gt_allocate(gt_context *context, size_t bytes, void **memory, char *message, size_t message_size) {
  GT_REQUIRE_NOT_NULL("allocate", context);
  GT_REQUIRE_NOT_NULL("allocate", memory);
  *memory = gt_memory_allocate(&context->bytes, bytes);
  if (*memory == NULL) {
    return gt_fail(GT_OUT_OF_MEMORY, message, message_size, "allocate: no memory for %zu bytes.", bytes);
  }
  return GT_OK;
}

void gt_free(gt_context *context, void *memory) {
  gt_memory_free(&context->bytes, memory);
}

gt_status gt_upload(gt_context *context, void *device, const void *host, size_t bytes, char *message,
                    size_t message_size) {
  GT_REQUIRE_NOT_NULL("upload", context);
  GT_REQUIRE(bytes == 0 || (device != NULL && host != NULL), "upload: %s is NULL for %zu bytes.",
             device == NULL ? "device" : "host", bytes);
  if (bytes > 0) {
    memcpy(device, host, bytes);
  }
  return GT_OK;
}

gt_status gt_download(gt_context *context, void *host, const void *device, size_t bytes, char *message,
                      size_t message_size) {
  GT_REQUIRE_NOT_NULL("download", context);
  GT_REQUIRE(bytes == 0 || (device != NULL && host != NULL), "download: %s is NULL for %zu bytes.",
             device == NULL ? "device" : "host", bytes);
  if (bytes > 0) {
    memcpy(host, device, bytes);
  }
  return GT_OK;
}

void gt_release_pages(const void *memory, size_t bytes) {
  const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
  uintptr_t begin = ((uintptr_t)memory + page - 1) & ~(page - 1);
  uintptr_t end = ((uintptr_t)memory + bytes) & ~(page - 1);
  if (memory != NULL && begin < end) {
    madvise((void *)begin, end - begin, MADV_DONTNEED);
  }
}
