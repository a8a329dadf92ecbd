#include "fiber.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

namespace gt_shim {

static const size_t STACK_BYTES = 64 << 10;
static const size_t PAGE = 4096;

/* Nothing but the callee-saved registers: kernels don't change the rounding mode. */
__asm__(
    ".text\n"
    ".globl gt_shim_switch\n"
    ".hidden gt_shim_switch\n"
    ".type gt_shim_switch, @function\n"
    "gt_shim_switch:\n"
    "  push %rbp\n"
    "  push %rbx\n"
    "  push %r12\n"
    "  push %r13\n"
    "  push %r14\n"
    "  push %r15\n"
    "  mov %rsp, (%rdi)\n"
    "  mov %rsi, %rsp\n"
    "  pop %r15\n"
    "  pop %r14\n"
    "  pop %r13\n"
    "  pop %r12\n"
    "  pop %rbx\n"
    "  pop %rbp\n"
    "  ret\n"
    ".size gt_shim_switch, . - gt_shim_switch\n");

void fiber_stacks(fiber *fibers, size_t stride, size_t count) {
  size_t each = PAGE + STACK_BYTES;
  void *memory =
      mmap(nullptr, count * each, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) {
    perror("shim: stacks");
    abort();
  }
  for (size_t i = 0; i < count; i++) {
    char *guard = (char *)memory + i * each;
    if (mprotect(guard, PAGE, PROT_NONE) != 0) {
      perror("shim: guard page of a stack");
      abort();
    }
    fiber *f = (fiber *)((char *)fibers + i * stride);
    f->stack = guard + PAGE;
    f->stack_bytes = STACK_BYTES - i * 320 % PAGE / 64 * 64;
  }
}

char *fiber_emptied(fiber *owner) {
#if defined(__SANITIZE_ADDRESS__)
  ASAN_UNPOISON_MEMORY_REGION(owner->stack, owner->stack_bytes);
#endif
  return owner->stack + owner->stack_bytes;
}

void fiber_start(fiber *started, void (*entry)()) {
#if defined(__SANITIZE_ADDRESS__)
  started->fake_stack = nullptr;
#endif
  /* What gt_shim_switch pops, then `entry` as its return address, then none for entry. */
  void **top = (void **)fiber_emptied(started) - 2;
  top[0] = (void *)entry;
  top[1] = nullptr;
  for (int i = 1; i <= 6; i++) {
    top[-i] = nullptr;
  }
  started->stack_pointer = top - 6;
}

bool fiber_overflowed(const fiber *owner, const void *address) {
  return (const char *)address < owner->stack && (const char *)address >= owner->stack - PAGE;
}

}  // namespace gt_shim
