#include <math.h>

#include "cuda/kernels/activation.cuh"
#include "cuda/kernels/rows.cuh"

GT_KERNEL(activate) {
  const int64_t row = blockIdx.x / args.pieces, piece = blockIdx.x % args.pieces;
  const int64_t i = piece * GT_PIECE + 4 * (int64_t)threadIdx.x, count = args.features - i;
  float v[4];
  gt_load_4(v, args.x + row * args.x_stride + i, count, args.vector);
  GT_UNROLL
  for (int c = 0; c < 4; c++) {
    v[c] = gt_activation_of(args.activation, v[c]);
  }
  gt_store_4(args.y + row * args.y_stride + i, v, count, args.vector);
}
