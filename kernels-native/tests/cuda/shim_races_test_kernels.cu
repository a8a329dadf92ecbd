#include "shim_races_test_kernels.h"

#include "cuda/kernels/kernel.cuh"

GT_KERNEL(test_exchange) {
  GT_SHARED(smem);
  float *shared = (float *)smem, *y = args.y + 64 * blockIdx.x;
  const unsigned i = threadIdx.x;
  const auto sync_warp = [&] {
    if (args.right) {
      gt_sync_warp();
    }
  };
  shared[i] = (float)i;
  switch (args.exchange) {
    case BY_BLOCK:
      if (args.right) {
        gt_sync_block();
      } else {
        gt_sync_warp();
      }
      y[i] = shared[i ^ 32];
      break;
    case BY_WARP:
      sync_warp();
      y[i] = shared[i ^ 1];
      break;
    case BY_WARP_AND_BACK: {
      gt_sync_warp();
      const float sum = shared[i] + gt_shuffle_xor(shared[i ^ 1], 2);
      sync_warp();
      shared[i] = sum;
      y[i] = shared[i];
      break;
    }
    case BY_COPY:
      y[i] = (float)i;
      gt_copy_async_4(&shared[64 + i], &y[i], true);
      gt_copy_commit();
      gt_copy_wait<0>();
      sync_warp();
      y[i] = shared[64 + (i ^ 1)];
      break;
    case BY_MATRIX: {
      uint32_t r[4];
      sync_warp();
      gt_load_matrix_x4(r, shared + i / 32 * 32 + i % 8 * 4);
      y[i] = (float)r[0];
      break;
    }
    default:
      y[args.right || i < 63 ? i : 64] = 1;
      break;
  }
}
