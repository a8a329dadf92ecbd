/* Blocks, warps and threads, and what is said of the one that failed. */
#include "shim.h"

#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "shim_races.h"
#include "shim_state.h"

uint3 threadIdx, blockIdx, blockDim, gridDim;

namespace gt_shim {

unsigned char *shared_memory;
block now;

static const size_t PAGE = 4096;
static const size_t MOST_SHARED = 256 << 10;
/* Bytes before shared memory that must stay as they are, and after it up to the guard page. */
static const size_t MARGIN = 128;

static const kernel *kernels;
static fiber scheduler;
static thread all_threads[MOST_THREADS];
static unsigned char *shared_end; /* where its guard page begins */
static void *signal_stack;
static const size_t SIGNAL_STACK_BYTES = 64 << 10;
static describe_address describe;
static pthread_t runner;
static volatile sig_atomic_t in_kernel;

/* In a warp lane `position * factor + offset` modulo 32 is run at `position`. */
static order by;
static uint64_t random_state;
static unsigned factor, offset, position;

kernel::kernel(const char *its_name, void (*its_body)(const void *), size_t its_args_bytes, unsigned its_threads)
    : name(its_name), body(its_body), args_bytes(its_args_bytes), threads(its_threads), next(kernels) {
  kernels = this;
}

const kernel *find_kernel(const char *name) {
  const kernel *k = kernels;
  while (k != nullptr && strcmp(k->name, name) != 0) {
    k = k->next;
  }
  return k;
}

void describe_addresses_by(describe_address wanted) {
  describe = wanted;
}

/* splitmix64 */
static uint64_t random_bits() {
  uint64_t z = random_state += 0x9e3779b97f4a7c15u;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return z ^ z >> 31;
}

/* ---- faults --------------------------------------------------------------------------------------------------- */

static void note(const char *who, const char *format, va_list list) {
  int length = snprintf(now.report, now.report_bytes, "kernel %s, block (%u, %u, %u), %s: ", now.running->name,
                        blockIdx.x, blockIdx.y, blockIdx.z, who);
  if (length >= 0 && (size_t)length < now.report_bytes) {
    vsnprintf(now.report + length, now.report_bytes - (size_t)length, format, list);
  }
  now.failed = true;
}

void fault(const char *format, ...) {
  char who[32];
  snprintf(who, sizeof who, "thread %u", now.current->index);
  va_list list;
  va_start(list, format);
  note(who, format, list);
  va_end(list);
  fiber_switch(&now.current->fiber, &scheduler);
  abort();
}

/* Of the block as a whole; the caller gives up. */
__attribute__((format(printf, 1, 2))) static void block_fault(const char *format, ...) {
  va_list list;
  va_start(list, format);
  note("all threads", format, list);
  va_end(list);
}

void check_shared(const char *what, const void *shared, size_t bytes) {
  const unsigned char *at = (const unsigned char *)shared;
  if (at < shared_memory || at + bytes > shared_memory + now.shared_bytes) {
    fault("%s at byte %td of %zu bytes of shared memory", what, at - shared_memory, now.shared_bytes);
  }
  if (((uintptr_t)at & (bytes - 1)) != 0) {
    fault("%s at a misaligned address, byte %td of shared memory (a multiple of %zu is needed)", what,
          at - shared_memory, bytes);
  }
}

static const char *signal_text;
static const void *signal_address;

/* On the fiber that failed, its stack begun anew. */
static void after_signal() {
  char where[160] = "";
  const unsigned char *at = (const unsigned char *)signal_address;
  if (at != nullptr && fiber_overflowed(&now.current->fiber, at)) {
    fault("its local arrays overflow the stack");
  }
  if (at >= shared_end && at < shared_end + PAGE) {
    fault("%s %td bytes past the start of %zu bytes of shared memory", signal_text, at - shared_memory,
          now.shared_bytes);
  }
  if (at != nullptr && describe != nullptr) {
    describe(at, where, sizeof where);
  }
  fault("%s %p%s%s", signal_text, at, where[0] != 0 ? ", " : "", where);
}

struct handled {
  int number;
  struct sigaction before;
};
static handled signals[] = {{SIGSEGV, {}}, {SIGBUS, {}}, {SIGILL, {}}, {SIGFPE, {}}};

static void on_signal(int number, siginfo_t *info, void *context) {
  if (in_kernel && pthread_equal(pthread_self(), runner)) {
    greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
    signal_address = number == SIGSEGV || number == SIGBUS ? info->si_addr : (void *)registers[REG_RIP];
    signal_text = number == SIGILL
                      ? "misaligned access, index outside of a local array or integer overflow, at instruction"
                  : number == SIGFPE          ? "division of an integer by zero, at instruction"
                  : signal_address == nullptr ? "NULL, misaligned or wild address"
                                              : "no memory at";
    registers[REG_RSP] = (greg_t)fiber_emptied(&now.current->fiber) - 8;
    registers[REG_RIP] = (greg_t)after_signal;
    return;
  }
  for (const handled &h : signals) {
    if (h.number == number) {
      if (h.before.sa_flags & SA_SIGINFO) {
        h.before.sa_sigaction(number, info, context);
      } else if (h.before.sa_handler != SIG_DFL && h.before.sa_handler != SIG_IGN) {
        h.before.sa_handler(number);
      } else {
        signal(number, SIG_DFL);
      }
    }
  }
}

/* ---- threads and warps ---------------------------------------------------------------------------------------- */

static const fiber *came_from;

static void go_to(fiber *from, thread *to) {
  came_from = from;
  now.current = to;
  threadIdx.x = to->index;
  fiber_switch(from, &to->fiber);
}

static const void *args_of_launch;

static void thread_main() {
  fiber_entered(came_from == &scheduler ? &scheduler : nullptr);
  now.running->body(args_of_launch);
  arrive(DONE);
  abort();
}

static thread *start_of_round(thread *warp) {
  position = 0;
  if (by == SHUFFLED) {
    uint64_t bits = random_bits();
    factor = (unsigned)bits | 1u;
    offset = (unsigned)(bits >> 32);
  }
  return &warp[offset % WARP];
}

static const char *name_of(stop s) {
  static const char *const names[] = {"running",      "at its end",     "at sync_block",        "at sync_warp",
                                      "at a shuffle", "at load_matrix", "at load_matrix_trans", "at mma_bf16",
                                      "at mma_tf32"};
  return names[s];
}

/* Threads of a warp run one after another until each has come to something; the last to come looks at what that is. */
void arrive(stop why) {
  thread *self = now.current;
  self->stop = why;
  thread *warp = self - self->index % WARP;
  if (++position < WARP) {
    thread *next = &warp[(position * factor + offset) % WARP];
    return go_to(&self->fiber, next);
  }
  for (unsigned i = 0; i < WARP; i++) {
    if (warp[i].stop != why) {
      fault("divergence: it is %s, thread %u of its warp is %s", name_of(why), warp[i].index, name_of(warp[i].stop));
    }
  }
  if (why == DONE || why == AT_BARRIER) {
    return fiber_switch(&self->fiber, &scheduler);
  }
  perform(warp);
  if (why == SYNC_WARP) {
    races_sync_warp(self->index / WARP);
  }
  /* Other warps may as well come first. */
  if (by == SHUFFLED && (random_bits() & 3) == 0) {
    for (unsigned i = 0; i < WARP; i++) {
      warp[i].stop = RUNNING;
    }
    return fiber_switch(&self->fiber, &scheduler);
  }
  thread *first = start_of_round(warp);
  if (first != self) {
    go_to(&self->fiber, first);
  }
}

void sync_block() {
  arrive(AT_BARRIER);
}

void sync_warp() {
  arrive(SYNC_WARP);
}

/* A warp that may run; NULL if all are at a barrier or done. */
static thread *next_warp(unsigned warps) {
  unsigned start = by == SHUFFLED ? (unsigned)(random_bits() % warps) : 0;
  for (unsigned i = 0; i < warps; i++) {
    unsigned at = by == REVERSE ? warps - 1 - i : (start + i) % warps;
    thread *warp = &now.threads[at * WARP];
    if (warp->stop == RUNNING) {
      return warp;
    }
  }
  return nullptr;
}

static void run_warps() {
  unsigned warps = blockDim.x / WARP;
  for (;;) {
    for (thread *warp; (warp = next_warp(warps)) != nullptr;) {
      go_to(&scheduler, start_of_round(warp));
      if (now.failed) {
        return;
      }
    }
    unsigned done = 0;
    for (unsigned i = 0; i < warps; i++) {
      done += now.threads[i * WARP].stop == DONE;
    }
    if (done == warps) {
      return;
    }
    if (done != 0) {
      return block_fault("%u warps ended while %u wait at sync_block", done, warps - done);
    }
    races_sync_block();
    for (unsigned i = 0; i < blockDim.x; i++) {
      now.threads[i].stop = RUNNING;
    }
  }
}

/* ---- blocks --------------------------------------------------------------------------------------------------- */

static void run_block() {
  races_begin_block();
  memset(shared_memory - MARGIN, 0xff, (size_t)(shared_end - shared_memory) + MARGIN);
  for (unsigned i = 0; i < blockDim.x; i++) {
    thread *t = &now.threads[i];
    t->index = i;
    t->stop = RUNNING;
    t->copies.clear();
    t->groups.clear();
    fiber_start(&t->fiber, thread_main);
  }
  run_warps();
  for (const unsigned char *at = shared_memory - MARGIN; !now.failed && at < shared_end; at++) {
    if (at == shared_memory) {
      at += now.shared_bytes;
    }
    if (at < shared_end && *at != 0xff) {
      block_fault("something was written at byte %td of %zu bytes of shared memory", at - shared_memory,
                  now.shared_bytes);
    }
  }
}

/* Every block once, in an order that jumps about: `step` has no divisor in common with `count`. */
static uint64_t step_through(uint64_t count) {
  for (;;) {
    uint64_t step = random_bits() % count + 1, a = count, b = step;
    while (b != 0) {
      uint64_t rest = a % b;
      a = b;
      b = rest;
    }
    if (a == 1) {
      return step;
    }
  }
}

static void run_blocks() {
  uint64_t count = (uint64_t)gridDim.x * gridDim.y * gridDim.z;
  uint64_t step = by == REVERSE ? count - 1 : by == SHUFFLED ? step_through(count) : 1;
  uint64_t at = by == REVERSE ? count - 1 : by == SHUFFLED ? random_bits() % count : 0;
  for (uint64_t i = 0; i < count && !now.failed; i++) {
    blockIdx = {(unsigned)(at % gridDim.x), (unsigned)(at / gridDim.x % gridDim.y),
                (unsigned)(at / gridDim.x / gridDim.y)};
    run_block();
    at = (at + step) % count;
  }
}

static void map_memory() {
  if (now.threads != nullptr) {
    return;
  }
  fiber_stacks(&all_threads[0].fiber, sizeof(thread), MOST_THREADS);
  signal_stack = malloc(SIGNAL_STACK_BYTES);
  size_t bytes = PAGE + MOST_SHARED + PAGE;
  void *memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED || signal_stack == nullptr) {
    perror("shim: shared memory");
    abort();
  }
  shared_end = (unsigned char *)memory + bytes - PAGE;
  if (mprotect(shared_end, PAGE, PROT_NONE) != 0) {
    perror("shim: guard page of shared memory");
    abort();
  }
  now.threads = all_threads;
}

bool run(const launch &wanted, char *report, size_t report_bytes) {
  static_assert(offsetof(thread, fiber) == 0, "fibers are found by the stride of threads");
  map_memory();
  now.running = wanted.what;
  now.shared_bytes = (wanted.shared_bytes + 15) / 16 * 16;
  now.failed = false;
  now.report = report;
  now.report_bytes = report_bytes;
  gridDim = wanted.grid;
  blockDim = {wanted.what->threads, 1, 1};
  blockIdx = {0, 0, 0};
  if (blockDim.x == 0 || blockDim.x % WARP != 0 || blockDim.x > MOST_THREADS || now.shared_bytes > MOST_SHARED) {
    block_fault("%u threads and %zu bytes of shared memory", blockDim.x, now.shared_bytes);
    return false;
  }
  shared_memory = shared_end - (now.shared_bytes + MARGIN - 1) / MARGIN * MARGIN;
  args_of_launch = wanted.args;
  by = wanted.by;
  random_state = wanted.seed;
  factor = by == REVERSE ? 31 : 1;
  offset = by == REVERSE ? 31 : 0;

  stack_t before, own = {};
  own.ss_sp = signal_stack;
  own.ss_size = SIGNAL_STACK_BYTES;
  sigaltstack(&own, &before);
  struct sigaction action = {};
  action.sa_sigaction = on_signal;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  for (handled &h : signals) {
    sigaction(h.number, &action, &h.before);
  }
  runner = pthread_self();
  races_begin_launch();
  in_kernel = 1;
  run_blocks();
  in_kernel = 0;
  for (const handled &h : signals) {
    sigaction(h.number, &h.before, nullptr);
  }
  sigaltstack(&before, nullptr);
  return !now.failed;
}

}  // namespace gt_shim
