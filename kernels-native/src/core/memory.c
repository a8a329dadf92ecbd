#include "core/memory.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define GT_ADDRESS_SANITIZER 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#define GT_ADDRESS_SANITIZER 1
#endif

enum { HUGE = 2 << 20 };

/* Lies in the 64 bytes before the memory handed out. */
typedef struct header {
  void *base;   /* what free or munmap takes */
  size_t bytes; /* what munmap takes and the counter gets */
  bool mapped;
} header;

_Static_assert(sizeof(header) <= GT_ALIGNMENT, "the header must fit in front of aligned memory");

static header *header_of(void *memory) {
  return (header *)((char *)memory - GT_ALIGNMENT);
}

static void *finish(atomic_int_least64_t *counter, void *base, size_t bytes, void *memory, bool mapped) {
  *header_of(memory) = (header){.base = base, .bytes = bytes, .mapped = mapped};
  atomic_fetch_add_explicit(counter, (int64_t)bytes, memory_order_relaxed);
  return memory;
}

static void *allocate_small(atomic_int_least64_t *counter, size_t bytes) {
  size_t total = bytes + GT_ALIGNMENT;
  void *base = NULL;
  if (posix_memalign(&base, GT_ALIGNMENT, total) != 0) {
    return NULL;
  }
  return finish(counter, base, total, (char *)base + GT_ALIGNMENT, false);
}

#ifndef GT_ADDRESS_SANITIZER
static void *allocate_large(atomic_int_least64_t *counter, size_t bytes) {
  /* Address space for the alignment and the header; pages never touched cost nothing. */
  size_t total = bytes + 2 * (size_t)HUGE;
  char *base = mmap(NULL, total, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (base == MAP_FAILED) {
    return NULL;
  }
  uintptr_t aligned = ((uintptr_t)base + GT_ALIGNMENT + HUGE - 1) & ~(uintptr_t)(HUGE - 1);
  madvise((void *)aligned, bytes, MADV_HUGEPAGE);
  return finish(counter, base, total, (void *)aligned, true);
}
#endif

static bool too_large(size_t bytes) {
  return bytes > SIZE_MAX / 2 - 3 * (size_t)HUGE;
}

void *gt_memory_allocate(atomic_int_least64_t *counter, size_t bytes) {
  if (too_large(bytes)) {
    return NULL;
  }
#ifndef GT_ADDRESS_SANITIZER /* it can't see the ends of a mapping */
  if (bytes >= HUGE) {
    return allocate_large(counter, bytes);
  }
#endif
  return allocate_small(counter, bytes);
}

void *gt_memory_allocate_zeroed(atomic_int_least64_t *counter, size_t bytes) {
  void *memory = gt_memory_allocate(counter, bytes);
  if (memory != NULL && !header_of(memory)->mapped) {
    memset(memory, 0, bytes);
  }
  return memory;
}

void gt_memory_free(atomic_int_least64_t *counter, void *memory) {
  if (memory == NULL) {
    return;
  }
  header h = *header_of(memory);
  atomic_fetch_sub_explicit(counter, (int64_t)h.bytes, memory_order_relaxed);
  if (h.mapped) {
    munmap(h.base, h.bytes);
  } else {
    free(h.base);
  }
}
