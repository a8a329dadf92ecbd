/* The block that runs. */
#ifndef GT_SHIM_STATE_H
#define GT_SHIM_STATE_H

#include <vector>

#include "fiber.h"
#include "shim.h"

namespace gt_shim {

const unsigned WARP = 32;
const size_t MOST_THREADS = 1024;

/* Where a thread stopped; SHUFFLE and what follows it take a whole warp. */
enum stop { RUNNING, DONE, AT_BARRIER, SYNC_WARP, SHUFFLE, LOAD_MATRIX, LOAD_MATRIX_TRANS, MMA_BF16, MMA_TF32 };

/* copy_async under way */
struct copy {
  void *shared;
  const void *global;
  size_t bytes;
  bool valid;
};

struct thread {
  gt_shim::fiber fiber;
  unsigned index;
  gt_shim::stop stop;

  /* operands of a collective */
  uint32_t value;
  int source;
  float *d;
  uint32_t *r;
  const uint32_t *a, *b;
  unsigned char row[16];

  std::vector<copy> copies;
  std::vector<size_t> groups; /* ends of committed groups in `copies` */
};

struct block {
  const kernel *running;
  size_t shared_bytes;
  thread *threads;
  thread *current;
  bool failed;
  char *report;
  size_t report_bytes;
};

extern block now;

/* Ends the launch: notes what went wrong in the current thread and never comes back. */
[[noreturn]] __attribute__((format(printf, 1, 2))) void fault(const char *format, ...);

/* The current thread has come to `why`; returns when it may go on. */
void arrive(stop why);

/* All 32 threads of a warp are at the same collective. */
void perform(thread *warp);

/* Faults unless [shared, shared + bytes) is the block's and aligned to `bytes`. */
void check_shared(const char *what, const void *shared, size_t bytes);

}  // namespace gt_shim

#endif
