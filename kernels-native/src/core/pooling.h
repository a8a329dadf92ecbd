/* What sums of tokens are divided by: sentence-transformers clamps at 1e-9, so that the mean of nothing is 0. */
#ifndef GT_POOLING_H
#define GT_POOLING_H

#include <math.h>

#include "gatun.h"

/* Of tokens [from, length) of a sequence. */
static inline double gt_pool_divisor(int32_t pooling, int64_t from, int64_t length) {
  const double l = (double)length, f = (double)from;
  const double weights = pooling == GT_POOL_WEIGHTED_MEAN ? (l * (l + 1) - f * (f + 1)) / 2 : l - f;
  const double clamped = fmax(weights, 1e-9);
  return pooling == GT_POOL_MEAN_SQRT ? sqrt(clamped) : clamped;
}

#endif
