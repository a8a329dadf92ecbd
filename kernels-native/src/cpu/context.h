/* What a gt_context of the CPU holds. */
#ifndef GT_CPU_CONTEXT_H
#define GT_CPU_CONTEXT_H

#include <stdatomic.h>

#include "core/arithmetic.h"
#include "core/device.h"
#include "core/memory.h"
#include "core/thread_pool.h"
#include "cpu/kernel_table.h"
#include "gatun.h"

struct gt_context {
  const gt_kernel_table *kernels;
  gt_pool *pool;
  atomic_int_least64_t bytes;
  atomic_int references; /* this one and its forks, which share everything */
};

/* No scratch could be had. */
#define GT_FAIL_SCRATCH(op, bytes)                                                                        \
  gt_fail(GT_OUT_OF_MEMORY, message, message_size, op ": no memory for %zu bytes of scratch per thread.", \
          (size_t)(bytes))

#endif
