/* One vector of a sequence's tokens: a thread has one feature of one sequence, so a warp reads 128 bytes of each token.
 */
#include "cuda/kernels/kernel.cuh"
#include "gatun.h"

GT_KERNEL(pool_sequences) {
  const int64_t b = blockIdx.x / args.pieces;
  const int64_t feature = (int64_t)(blockIdx.x % args.pieces) * GT_POOL_THREADS + threadIdx.x;
  if (feature >= args.features) {
    return;
  }
  const gt_pool_span span = args.spans[b];
  const float *x = args.x + feature;
  float result = 0;
  if (args.pooling == GT_POOL_CLS || args.pooling == GT_POOL_LAST) {
    result = span.count > 0 ? x[span.first * args.x_stride] : 0.0f;
  } else if (args.pooling == GT_POOL_MAX) {
    result = -INFINITY;
    for (int64_t t = 0; t < span.count; t++) {
      const float value = x[(span.first + t) * args.x_stride];
      result = value > result || value != value ? value : result;
    }
  } else {
    const bool by_position = args.pooling == GT_POOL_WEIGHTED_MEAN;
    double sum = 0;
    for (int64_t t = 0; t < span.count; t++) {
      const double value = x[(span.first + t) * args.x_stride];
      sum += by_position ? (span.weight + (double)t) * value : value;
    }
    result = (float)(sum / span.divisor);
  }
  args.y[b * args.y_stride + feature] = result;
}
