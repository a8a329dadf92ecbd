/* The kernels of shim_races_test: whatever is asked of them, or that with what it takes left out. */
#ifndef GT_SHIM_RACES_TEST_KERNELS_H
#define GT_SHIM_RACES_TEST_KERNELS_H

#include <stdint.h>

enum exchange {
  BY_BLOCK,         /* threads read what those of another warp wrote */
  BY_WARP,          /* what their neighbours wrote */
  BY_WARP_AND_BACK, /* which then write again */
  BY_COPY,          /* what their neighbours copied */
  BY_MATRIX,        /* what their warp wrote, as a matrix */
  BY_LAUNCH         /* blocks write elements of their own; wrong: one that is another's too */
};

struct race_args {
  float *y; /* [blocks][64] */
  int32_t exchange;
  int32_t right;
};

#define GT_CUDA_KERNELS(K) K(test_exchange, race_args, 64)

#endif
