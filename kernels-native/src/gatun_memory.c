#include <sys/mman.h>
#include <unistd.h>

#include "core/device.h"

gt_status gt_allocate(gt_context *context, size_t bytes, void **memory, char *message, size_t message_size) {
  GT_REQUIRE_NOT_NULL("allocate", context);
  GT_REQUIRE_NOT_NULL("allocate", memory);
  *memory = NULL;
  return gt_run_allocate(context, bytes, memory, message, message_size);
}

gt_status gt_upload(gt_context *context, void *device, const void *host, size_t bytes, char *message,
                    size_t message_size) {
  GT_REQUIRE_NOT_NULL("upload", context);
  GT_REQUIRE(bytes == 0 || (device != NULL && host != NULL), "upload: %s is NULL for %zu bytes.",
             device == NULL ? "device" : "host", bytes);
  return bytes == 0 ? GT_OK : gt_run_upload(context, device, host, bytes, message, message_size);
}

gt_status gt_download(gt_context *context, void *host, const void *device, size_t bytes, char *message,
                      size_t message_size) {
  GT_REQUIRE_NOT_NULL("download", context);
  GT_REQUIRE(bytes == 0 || (device != NULL && host != NULL), "download: %s is NULL for %zu bytes.",
             device == NULL ? "device" : "host", bytes);
  return bytes == 0 ? GT_OK : gt_run_download(context, host, device, bytes, message, message_size);
}

void gt_release_pages(const void *memory, size_t bytes) {
  const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
  uintptr_t begin = ((uintptr_t)memory + page - 1) & ~(page - 1);
  uintptr_t end = ((uintptr_t)memory + bytes) & ~(page - 1);
  if (memory != NULL && begin < end) {
    madvise((void *)begin, end - begin, MADV_DONTNEED);
  }
}
