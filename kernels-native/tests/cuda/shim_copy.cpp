/* copy_async and its groups, which are each thread's own. */
#include "shim_races.h"
#include "shim_state.h"

namespace gt_shim {

/* The source is read at once to fail here if it isn't there; nothing of it arrives before the wait. */
void copy_async(void *shared, const void *global, size_t bytes, bool valid) {
  check_shared("copy_async", shared, bytes);
  if (((uintptr_t)global & (bytes - 1)) != 0) {
    fault("copy_async of %zu bytes from a misaligned address, %p", bytes, global);
  }
  if (valid) {
    (void)*(const volatile char *)global;
    (void)*((const volatile char *)global + bytes - 1);
    races_access(global, bytes, false);
  }
  races_access(shared, bytes, true);
  memset(shared, 0xff, bytes);
  now.current->copies.push_back({shared, global, bytes, valid});
}

void copy_commit() {
  now.current->groups.push_back(now.current->copies.size());
}

void copy_wait(size_t under_way) {
  thread *self = now.current;
  if (self->groups.size() <= under_way) {
    return;
  }
  size_t groups = self->groups.size() - under_way;
  size_t end = self->groups[groups - 1];
  for (size_t i = 0; i < end; i++) {
    const copy &c = self->copies[i];
    races_access(c.shared, c.bytes, true);
    if (c.valid) {
      memcpy(c.shared, c.global, c.bytes);
    } else {
      memset(c.shared, 0, c.bytes);
    }
  }
  self->copies.erase(self->copies.begin(), self->copies.begin() + (ptrdiff_t)end);
  self->groups.erase(self->groups.begin(), self->groups.begin() + (ptrdiff_t)groups);
  for (size_t &group : self->groups) {
    group -= end;
  }
}

}  // namespace gt_shim
