/* Do pointers and strides allow loads of 16 bytes? */
#ifndef GT_CUDA_ALIGNMENT_H
#define GT_CUDA_ALIGNMENT_H

#include <stdbool.h>
#include <stdint.h>

static inline bool gt_aligned(const void *p) {
  return (uintptr_t)p % 16 == 0;
}

/* Floats in rows `stride` elements apart. */
static inline bool gt_rows_aligned(const float *p, int64_t stride) {
  return gt_aligned(p) && stride % 4 == 0;
}

#endif
