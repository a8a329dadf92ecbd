/* What a gt_context holds; shared by the entry points. */
#ifndef GT_CONTEXT_H
#define GT_CONTEXT_H

#include <stdatomic.h>

#include "core/memory.h"
#include "core/message.h"
#include "core/thread_pool.h"
#include "cpu/kernel_table.h"
#include "gatun.h"

struct gt_context {
  const gt_kernel_table *kernels;
  gt_pool *pool;
  atomic_int_least64_t bytes;
};

/* For entry points: no scratch could be had. */
#define GT_FAIL_SCRATCH(op, bytes)                                                                        \
  gt_fail(GT_OUT_OF_MEMORY, message, message_size, op ": no memory for %zu bytes of scratch per thread.", \
          (size_t)(bytes))

/* "f32", "bf16", ...; NULL for an unknown value. */
const char *gt_dtype_name(int32_t dtype);
/* Bytes of one element, 0 for an unknown value. */
size_t gt_dtype_size(int32_t dtype);

#endif
