/* Runs kernels, one block after another: what the fake driver and the shim's test call. One launch at a time. */
#ifndef GT_SHIM_H
#define GT_SHIM_H

#include <stddef.h>
#include <stdint.h>

#include "kernel_shim.h"

namespace gt_shim {

/* In which blocks, warps between barriers, and lanes between collectives are run. A kernel is right in all of them. */
enum order { FORWARD, REVERSE, SHUFFLED };

struct launch {
  const kernel *what;
  uint3 grid;
  size_t shared_bytes;
  const void *args;
  order by;
  uint64_t seed; /* of SHUFFLED */
};

/* NULL if there is none of that name. */
const kernel *find_kernel(const char *name);

/* False: the kernel did what a GPU would punish; `report` says what, where, and which thread did. */
bool run(const launch &wanted, char *report, size_t report_bytes);

/* What is known of an address at which a kernel failed ("4 bytes past ..."). */
typedef void (*describe_address)(const void *address, char *text, size_t text_bytes);
void describe_addresses_by(describe_address describe);

}  // namespace gt_shim

#endif
