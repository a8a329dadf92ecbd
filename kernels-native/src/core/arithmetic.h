/* Whole numbers that sizes are reckoned with. */
#ifndef GT_ARITHMETIC_H
#define GT_ARITHMETIC_H

#include <stdint.h>

/* Part `index` of [0, count) cut into `parts` nearly equal pieces begins here (index = parts: count). */
static inline int64_t gt_split(int64_t count, int64_t parts, int64_t index) {
  int64_t size = count / parts;
  int64_t rest = count % parts;
  return index * size + (index < rest ? index : rest);
}

static inline int64_t gt_ceil_div(int64_t a, int64_t b) {
  return (a + b - 1) / b;
}

static inline int64_t gt_min(int64_t a, int64_t b) {
  return a < b ? a : b;
}

static inline int64_t gt_max(int64_t a, int64_t b) {
  return a > b ? a : b;
}

#endif
