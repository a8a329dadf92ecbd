/* Memory between guard pages; a page of freed memory is never given out again soon. */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include <algorithm>

#include "fake_driver.h"

namespace {

const size_t PAGE = 4096;
const unsigned char POISON = 0xff; /* NaN as fp32 and bf16, -1 as an index */
const size_t MOST_FREED = 512;

struct allocation {
  CUcontext context; /* NULL: pinned host memory */
  unsigned char *mapped;
  size_t mapped_bytes; /* with a guard page at each end */
  unsigned char *memory;
  size_t bytes;
  bool hidden; /* from the host */
};

std::map<uintptr_t, allocation> live; /* by address */
std::deque<allocation> freed;
int open_count;

size_t round_up(size_t value, size_t unit) {
  return (value + unit - 1) / unit * unit;
}

unsigned char *usable(const allocation &a) {
  return a.mapped + PAGE;
}

size_t usable_bytes(const allocation &a) {
  return a.mapped_bytes - 2 * PAGE;
}

/* NULL memory: the machine has no more. */
allocation map_memory(CUcontext context, size_t bytes, size_t alignment) {
  bool hidden = context != nullptr && bytes <= (size_t)config.protect;
  allocation a = {context, nullptr, round_up(bytes, PAGE) + 2 * PAGE, nullptr, bytes, hidden};
  void *mapped = mmap(nullptr, a.mapped_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapped == MAP_FAILED) {
    return a;
  }
  a.mapped = (unsigned char *)mapped;
  if (mprotect(usable(a), usable_bytes(a), PROT_READ | PROT_WRITE) != 0) {
    munmap(mapped, a.mapped_bytes);
    return a;
  }
  memset(usable(a), POISON, usable_bytes(a));
  a.memory = usable(a) + usable_bytes(a) - round_up(bytes, alignment);
  live[(uintptr_t)a.memory] = a;
  return a;
}

void protect(const allocation &a, int protection) {
  if (a.hidden && mprotect(usable(a), usable_bytes(a), protection) != 0) {
    perror("fake driver: mprotect");
    abort();
  }
}

bool is_clean(const unsigned char *from, const unsigned char *to) {
  return std::all_of(from, to, [](unsigned char byte) { return byte == POISON; });
}

/* What was written to the rest of the first page and of the last few bytes. */
void check_margins(const allocation &a) {
  const unsigned char *end = a.memory + a.bytes;
  if (a.context->error == CUDA_SUCCESS && !is_clean(usable(a), a.memory)) {
    lose(a.context, "something was written before an allocation of %zu bytes", a.bytes);
  }
  if (a.context->error == CUDA_SUCCESS && !is_clean(end, usable(a) + usable_bytes(a))) {
    lose(a.context, "something was written past the end of an allocation of %zu bytes", a.bytes);
  }
}

/* Unreadable from now on. */
void release(const allocation &a) {
  void *again =
      mmap(a.mapped, a.mapped_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
  if (again == MAP_FAILED) {
    perror("fake driver: mmap");
    abort();
  }
  freed.push_back(a);
  if (freed.size() > MOST_FREED) {
    munmap(freed.front().mapped, freed.front().mapped_bytes);
    freed.pop_front();
  }
}

/* The allocation that has all of these bytes, or NULL. */
const allocation *find(const void *memory, size_t bytes) {
  auto next = live.upper_bound((uintptr_t)memory);
  if (next == live.begin()) {
    return nullptr;
  }
  const allocation &a = std::prev(next)->second;
  size_t offset = (size_t)((const unsigned char *)memory - a.memory);
  return offset <= a.bytes && bytes <= a.bytes - offset ? &a : nullptr;
}

bool describe(const allocation &a, const char *kind, const unsigned char *at, char *text, size_t text_bytes) {
  if (at < a.mapped || at >= a.mapped + a.mapped_bytes) {
    return false;
  }
  ptrdiff_t offset = at - a.memory;
  if (offset < 0) {
    snprintf(text, text_bytes, "%td bytes before %s of %zu bytes", -offset, kind, a.bytes);
  } else if ((size_t)offset >= a.bytes) {
    snprintf(text, text_bytes, "%zu bytes past the end of %s of %zu bytes", (size_t)offset - a.bytes, kind, a.bytes);
  } else {
    snprintf(text, text_bytes, "byte %td of %s of %zu bytes", offset, kind, a.bytes);
  }
  return true;
}

}  // namespace

void describe_memory(const void *address, char *text, size_t text_bytes) {
  const unsigned char *at = (const unsigned char *)address;
  for (const auto &entry : live) {
    if (describe(entry.second, entry.second.context ? "an allocation" : "pinned memory", at, text, text_bytes)) {
      return;
    }
  }
  for (const allocation &a : freed) {
    if (describe(a, "freed memory", at, text, text_bytes)) {
      return;
    }
  }
}

bool is_device_memory(CUcontext context, const void *memory, size_t bytes) {
  const allocation *a = find(memory, bytes);
  return a != nullptr && a->context == context;
}

bool is_pinned_memory(const void *memory, size_t bytes) {
  const allocation *a = find(memory, bytes);
  return a != nullptr && a->context == nullptr;
}

void open_memory() {
  if (open_count++ > 0) {
    return;
  }
  for (const auto &entry : live) {
    protect(entry.second, PROT_READ | PROT_WRITE);
  }
}

void close_memory(CUcontext context) {
  if (--open_count > 0) {
    return;
  }
  for (const auto &entry : live) {
    if (entry.second.context == context) {
      check_margins(entry.second);
    }
    protect(entry.second, PROT_NONE);
  }
}

void free_all_memory(CUcontext context) {
  for (auto at = live.begin(); at != live.end();) {
    if (at->second.context == context) {
      release(at->second);
      at = live.erase(at);
    } else {
      ++at;
    }
  }
  context->memory_used = 0;
}

/* The context itself has taken some. */
static size_t memory_left(CUcontext context) {
  size_t allowed = (size_t)config.memory / 16 * 15;
  return allowed - std::min(allowed, context->memory_used);
}

CUresult cuMemGetInfo_v2(size_t *free_bytes, size_t *total_bytes) {
  ENTER
  *total_bytes = (size_t)config.memory;
  *free_bytes = memory_left(call.context);
  return CUDA_SUCCESS;
}

CUresult cuMemAlloc_v2(CUdeviceptr *pointer, size_t bytes) {
  ENTER_UNCAPTURED
  if (bytes == 0) {
    return call.refuse(CUDA_ERROR_INVALID_VALUE, "0 bytes");
  }
  allocation a =
      bytes > memory_left(call.context) ? allocation() : map_memory(call.context, bytes, (size_t)config.alignment);
  if (a.memory == nullptr) {
    return CUDA_ERROR_OUT_OF_MEMORY;
  }
  protect(a, PROT_NONE);
  call.context->memory_used += bytes;
  *pointer = (CUdeviceptr)a.memory;
  return CUDA_SUCCESS;
}

/* Doesn't wait, though a driver may: work that still uses it fails. */
CUresult cuMemFree_v2(CUdeviceptr pointer) {
  ENTER_UNCAPTURED
  if (pointer == 0) {
    return CUDA_SUCCESS;
  }
  auto found = live.find((uintptr_t)pointer);
  if (found == live.end() || found->second.context != call.context) {
    return call.refuse(CUDA_ERROR_INVALID_VALUE, "%#llx isn't device memory", pointer);
  }
  call.context->memory_used -= found->second.bytes;
  release(found->second);
  live.erase(found);
  return call.context->error;
}

CUresult cuMemGetAddressRange_v2(CUdeviceptr *base, size_t *bytes, CUdeviceptr pointer) {
  ENTER
  const allocation *a = find((void *)pointer, 1);
  if (a == nullptr || a->context == nullptr) {
    return CUDA_ERROR_NOT_FOUND;
  }
  if (base != nullptr) {
    *base = (CUdeviceptr)a->memory;
  }
  if (bytes != nullptr) {
    *bytes = a->bytes;
  }
  return CUDA_SUCCESS;
}

CUresult cuMemHostAlloc(void **pointer, size_t bytes, unsigned flags) {
  ENTER_UNCAPTURED
  if (bytes == 0 || flags > 7) {
    return call.refuse(CUDA_ERROR_INVALID_VALUE, "%zu bytes, flags %u", bytes, flags);
  }
  *pointer = map_memory(nullptr, bytes, 64).memory;
  return *pointer == nullptr ? CUDA_ERROR_OUT_OF_MEMORY : CUDA_SUCCESS;
}

/* Doesn't wait: work that still uses it fails. */
CUresult cuMemFreeHost(void *pointer) {
  ENTER_UNCAPTURED
  auto found = live.find((uintptr_t)pointer);
  if (found == live.end() || found->second.context != nullptr) {
    return call.refuse(CUDA_ERROR_INVALID_VALUE, "%p isn't pinned memory", pointer);
  }
  release(found->second);
  live.erase(found);
  return CUDA_SUCCESS;
}

/* ---- copies --------------------------------------------------------------------------------------------------- */

static operation copy(operation_kind kind, void *to, const void *from, size_t bytes) {
  operation what(kind);
  what.to = to;
  what.from = from;
  what.bytes = bytes;
  return what;
}

static CUresult refuse_device(const fake_call &call, const void *memory, size_t bytes) {
  char where[160] = "nowhere";
  describe_memory((const char *)memory + (bytes > 0 ? bytes - 1 : 0), where, sizeof where);
  return call.refuse(CUDA_ERROR_INVALID_VALUE, "%zu bytes at %p aren't device memory of this context: they end at %s",
                     bytes, memory, where);
}

/* Copies to and from memory that isn't pinned are done on return. */
static CUresult copy_host(const fake_call &call, CUstream stream, operation &&what, const void *host, size_t bytes) {
  bool pinned = is_pinned_memory(host, bytes);
  if (!pinned && find(host, 1) != nullptr) {
    return call.refuse(CUDA_ERROR_INVALID_VALUE, "%zu bytes at %p aren't host memory", bytes, host);
  }
  if (!pinned && stream != nullptr && stream->capture != nullptr) {
    stream->capture->invalid = true;
    return call.refuse(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, "of memory that isn't pinned");
  }
  CUresult status = submit(call, stream, std::move(what));
  if (status == CUDA_SUCCESS && !pinned) {
    drain(stream, stream->last_ticket());
    status = call.context->error;
  }
  return status;
}

CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr to, const void *from, size_t bytes, CUstream stream) {
  ENTER
  if (!is_device_memory(call.context, (void *)to, bytes)) {
    return refuse_device(call, (void *)to, bytes);
  }
  return copy_host(call, stream, copy(COPY_IN, (void *)to, from, bytes), from, bytes);
}

CUresult cuMemcpyDtoHAsync_v2(void *to, CUdeviceptr from, size_t bytes, CUstream stream) {
  ENTER
  if (!is_device_memory(call.context, (void *)from, bytes)) {
    return refuse_device(call, (void *)from, bytes);
  }
  return copy_host(call, stream, copy(COPY_OUT, to, (void *)from, bytes), to, bytes);
}

CUresult cuMemcpyDtoDAsync_v2(CUdeviceptr to, CUdeviceptr from, size_t bytes, CUstream stream) {
  ENTER
  if (!is_device_memory(call.context, (void *)to, bytes)) {
    return refuse_device(call, (void *)to, bytes);
  }
  if (!is_device_memory(call.context, (void *)from, bytes)) {
    return refuse_device(call, (void *)from, bytes);
  }
  return submit(call, stream, copy(COPY_INSIDE, (void *)to, (void *)from, bytes));
}

CUresult cuMemsetD8Async(CUdeviceptr to, unsigned char value, size_t bytes, CUstream stream) {
  ENTER
  if (!is_device_memory(call.context, (void *)to, bytes)) {
    return refuse_device(call, (void *)to, bytes);
  }
  operation fill = copy(FILL, (void *)to, nullptr, bytes);
  fill.value = value;
  return submit(call, stream, std::move(fill));
}
