/* A thread of a kernel: a stack of its own, a guard page below it, and a switch that saves what the ABI says. */
#ifndef GT_FIBER_H
#define GT_FIBER_H

#include <stddef.h>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

namespace gt_shim {

struct fiber {
  void *stack_pointer;
  char *stack; /* the lowest usable byte; NULL: the stack of the thread that runs kernels */
  size_t stack_bytes;
#if defined(__SANITIZE_ADDRESS__)
  void *fake_stack;
#endif
};

/* Stacks of `count` fibers, staggered: tops at one distance in their pages would fight for the same cache sets. */
void fiber_stacks(fiber *fibers, size_t stride, size_t count);
/* Runs `entry` when switched to; entry must not return. */
void fiber_start(fiber *started, void (*entry)());
/* The upper end of its stack, on which nothing is any more. */
char *fiber_emptied(fiber *owner);
/* Whether an address is below the stack: in its guard page. */
bool fiber_overflowed(const fiber *owner, const void *address);

extern "C" void gt_shim_switch(void **from, void *to);

inline void fiber_switch(fiber *from, fiber *to) {
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_start_switch_fiber(&from->fake_stack, to->stack, to->stack_bytes);
  gt_shim_switch(&from->stack_pointer, to->stack_pointer);
  __sanitizer_finish_switch_fiber(from->fake_stack, nullptr, nullptr);
#else
  gt_shim_switch(&from->stack_pointer, to->stack_pointer);
#endif
}

/* First thing on a fiber; `caller` is told the bounds of the stack that it was started from. */
inline void fiber_entered([[maybe_unused]] fiber *caller) {
#if defined(__SANITIZE_ADDRESS__)
  const void *stack;
  size_t bytes;
  __sanitizer_finish_switch_fiber(nullptr, &stack, &bytes);
  if (caller != nullptr) {
    caller->stack = (char *)stack;
    caller->stack_bytes = bytes;
  }
#endif
}

}  // namespace gt_shim

#endif
