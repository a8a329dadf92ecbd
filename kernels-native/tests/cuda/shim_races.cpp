/*
 * Who has read and written what since when. Kernels are compiled with -fsanitize=thread, and this is what that calls
 * instead of the thread sanitizer, which knows no fibers of ours. Two accesses of one place, a write among them, are a
 * race unless one thread makes both, or a barrier of both threads is between them: sync_block of a block, sync_warp of
 * a warp. Shuffles, load_matrix and mma order no memory (compute-sanitizer's racecheck sees it so), and nothing orders
 * the blocks of a launch. A write of what is there already counts too.
 */
#include "shim_races.h"

#include <stdint.h>

#include <unordered_map>
#include <vector>

#include "shim_state.h"

namespace gt_shim {

struct access {
  uint64_t block; /* 0: none */
  unsigned thread;
  unsigned block_barriers, warp_barriers; /* so many were before it */
};

/* Of two bytes: bf16 is the smallest that kernels access. */
struct place {
  access write;
  access reads[2]; /* the last one, and the last by another thread */
};

static const size_t PLACE = 2;

static uint64_t block_number;
static unsigned block_barriers, warp_barriers[MOST_THREADS / WARP];
static std::vector<place> shared_places;
static std::unordered_map<uintptr_t, place> global_places;

void races_begin_launch() {
  shared_places.assign(now.shared_bytes / PLACE, place());
  global_places.clear();
  block_number = 0;
}

void races_begin_block() {
  block_number++;
}

void races_sync_block() {
  block_barriers++;
}

void races_sync_warp(unsigned warp) {
  warp_barriers[warp]++;
}

static bool is_race(const access &before, const access &later, bool shared) {
  if (before.block == 0 || (before.block != later.block && shared)) {
    return false;
  }
  return before.block != later.block ||
         (before.thread != later.thread && before.block_barriers == later.block_barriers &&
          (before.thread / WARP != later.thread / WARP || before.warp_barriers == later.warp_barriers));
}

static void check(const access &before, const char *done, const access &later, const char *doing, const void *memory,
                  bool shared) {
  if (!is_race(before, later, shared)) {
    return;
  }
  if (shared) {
    fault("race: %s byte %td of shared memory, which thread %u %s with no barrier between them", doing,
          (const unsigned char *)memory - shared_memory, before.thread, done);
  }
  fault("race: %s memory at %p, which thread %u of the launch's block %llu %s with no barrier between them", doing,
        memory, before.thread, (unsigned long long)before.block, done);
}

static void note(place &p, const access &a, bool writes, const void *memory, bool shared) {
  check(p.write, "wrote", a, writes ? "writes" : "reads", memory, shared);
  if (writes) {
    check(p.reads[0], "read", a, "writes", memory, shared);
    check(p.reads[1], "read", a, "writes", memory, shared);
    p.write = a;
    return;
  }
  if (p.reads[0].thread != a.thread || p.reads[0].block != a.block) {
    p.reads[1] = p.reads[0];
  }
  p.reads[0] = a;
}

void races_access(const void *memory, size_t bytes, bool writes) {
  const unsigned char *at = (const unsigned char *)memory;
  const fiber &own = now.current->fiber;
  if ((const char *)at >= own.stack && (const char *)at < own.stack + own.stack_bytes) {
    return; /* the thread's local memory */
  }
  const bool shared = at >= shared_memory && at < shared_memory + now.shared_bytes;
  const unsigned thread = now.current->index;
  const access a = {block_number, thread, block_barriers, warp_barriers[thread / WARP]};
  const uintptr_t origin = shared ? (uintptr_t)shared_memory : 0;
  for (uintptr_t i = ((uintptr_t)at - origin) / PLACE; i * PLACE < (uintptr_t)at - origin + bytes; i++) {
    note(shared ? shared_places[i] : global_places[i], a, writes, memory, shared);
  }
}

}  // namespace gt_shim

/* What gcc calls of a kernel. */
#define GT_RACES_ACCESS(bytes)                       \
  void __tsan_read##bytes(void *memory) {            \
    gt_shim::races_access(memory, bytes, false);     \
  }                                                  \
  void __tsan_write##bytes(void *memory) {           \
    gt_shim::races_access(memory, bytes, true);      \
  }                                                  \
  void __tsan_unaligned_read##bytes(void *memory) {  \
    gt_shim::races_access(memory, bytes, false);     \
  }                                                  \
  void __tsan_unaligned_write##bytes(void *memory) { \
    gt_shim::races_access(memory, bytes, true);      \
  }

extern "C" {
GT_RACES_ACCESS(1)
GT_RACES_ACCESS(2)
GT_RACES_ACCESS(4)
GT_RACES_ACCESS(8)
GT_RACES_ACCESS(16)
void __tsan_read_range(void *memory, size_t bytes) {
  gt_shim::races_access(memory, bytes, false);
}
void __tsan_write_range(void *memory, size_t bytes) {
  gt_shim::races_access(memory, bytes, true);
}
void __tsan_init() {}
void __tsan_func_entry(void *) {}
void __tsan_func_exit() {}
}
