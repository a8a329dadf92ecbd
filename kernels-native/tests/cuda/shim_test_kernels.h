/* The kernels of shim_test. They are not the library's: some are wrong on purpose. */
#ifndef GT_SHIM_TEST_KERNELS_H
#define GT_SHIM_TEST_KERNELS_H

#include <stdint.h>

/* What is wrong with a kernel. */
enum wrong {
  NOTHING,
  NO_BARRIER,
  NO_WAIT,
  WAIT_TOO_LOOSE,
  BUFFER_STILL_READ,
  EXIT_BEFORE_BARRIER,
  WARP_EXITS_BEFORE_BARRIER,
  EXIT_BEFORE_SHUFFLE,
  DIVERGENT_SHUFFLE,
  DIVERGENT_BARRIER,
  LANE_OUTSIDE,
  PAST_SHARED,
  JUST_PAST_SHARED,
  BEFORE_SHARED,
  PAST_GLOBAL,
  PAST_GLOBAL_COPY,
  NULL_POINTER,
  MISALIGNED_COPY,
  MISALIGNED_MATRIX,
  MISALIGNED_VECTOR,
  LOCAL_INDEX,
  STACK,
  OVERFLOW,
  DIVISION
};

struct test_args {
  const void *a, *b;
  float *y;
  int64_t n;
  int32_t wrong;
};

#define GT_CUDA_KERNELS(K)              \
  K(test_places, test_args, 64)         \
  K(test_shuffles, test_args, 64)       \
  K(test_mma_bf16, test_args, 32)       \
  K(test_mma_bf16_trans, test_args, 32) \
  K(test_mma_tf32, test_args, 32)       \
  K(test_numbers, test_args, 32)        \
  K(test_reduce, test_args, 128)        \
  K(test_transpose, test_args, 256)     \
  K(test_pipeline, test_args, 64)       \
  K(test_wrong, test_args, 64)

#endif
