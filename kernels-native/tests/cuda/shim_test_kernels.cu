#include "shim_test_kernels.h"

#include "cuda/kernels/kernel.cuh"

/* Every thread of every block says where it is. */
GT_KERNEL(test_places) {
  int64_t block = ((int64_t)blockIdx.z * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x;
  args.y[block * blockDim.x + threadIdx.x] += (float)(block * blockDim.x + threadIdx.x);
}

GT_KERNEL(test_shuffles) {
  const float *x = (const float *)args.a;
  float v = x[threadIdx.x];
  int lane = (int)(threadIdx.x & 31);
  float *y = args.y + 5 * threadIdx.x;
  y[0] = gt_shuffle_xor(v, 5);
  y[1] = gt_shuffle(v, 31 - lane);
  y[2] = (float)gt_shuffle_xor((int32_t)-lane, 16);
  y[3] = (float)gt_shuffle((uint32_t)threadIdx.x, 7);
  GT_UNROLL
  for (int mask = 16; mask > 0; mask /= 2) {
    v += gt_shuffle_xor(v, mask);
  }
  y[4] = v;
}

GT_DEVICE void store_tile(float *y, const float d[4]) {
  int g = (int)threadIdx.x / 4, t = (int)threadIdx.x % 4;
  *(float2 *)&y[g * 8 + 2 * t] = make_float2(d[0], d[1]);
  *(float2 *)&y[(g + 8) * 8 + 2 * t] = make_float2(d[2], d[3]);
}

/* y[16, 8] = a[16, 16] b[8, 16]^T, bf16: both by rows of 16, so load_matrix gives fragments of both. */
GT_KERNEL(test_mma_bf16) {
  GT_SHARED(smem);
  int lane = (int)threadIdx.x;
  const uint4 *a = (const uint4 *)args.a, *b = (const uint4 *)args.b;
  ((uint4 *)smem)[lane] = a[lane];
  if (lane < 16) {
    ((uint4 *)smem)[32 + lane] = b[lane];
  }
  if (args.wrong != NO_BARRIER) {
    gt_sync_warp();
  }
  uint32_t fa[4], fb[4];
  float d[4] = {0, 0, 0, 0};
  /* Rows 0 to 7, rows 8 to 15, then their second halves. */
  gt_load_matrix_x4(fa, smem + lane % 16 * 32 + lane / 16 * 16);
  gt_load_matrix_x4(fb, smem + 512 + lane % 8 * 32 + lane / 8 % 2 * 16);
  gt_mma_bf16(d, fa, fb);
  store_tile(args.y, d);
}

/* y[16, 8] = a[16, 16] b[16, 8], bf16: b by rows of 8, transposed by load_matrix. */
GT_KERNEL(test_mma_bf16_trans) {
  GT_SHARED(smem);
  int lane = (int)threadIdx.x;
  gt_copy_async_16(smem + lane * 16, (const uint4 *)args.a + lane, true);
  gt_copy_async_16(smem + 512 + lane * 16, lane < 16 ? (const uint4 *)args.b + lane : (const uint4 *)args.b, lane < 16);
  gt_copy_commit();
  gt_copy_wait<0>();
  gt_sync_warp();
  uint32_t fa[4], fb[4];
  float d[4] = {0, 0, 0, 0};
  gt_load_matrix_x4(fa, smem + lane % 16 * 32 + lane / 16 * 16);
  gt_load_matrix_x4_trans(fb, smem + 512 + lane * 16);
  gt_mma_bf16(d, fa, fb);
  gt_mma_bf16(d, fa, fb + 2); /* zeros */
  store_tile(args.y, d);
}

/* y[16, 8] = a[16, 8] b[8, 8], fp32 rounded to tf32. */
GT_KERNEL(test_mma_tf32) {
  const float *a = (const float *)args.a, *b = (const float *)args.b;
  int g = (int)threadIdx.x / 4, t = (int)threadIdx.x % 4;
  uint32_t fa[4], fb[2];
  float d[4] = {0, 0, 0, 0};
  fa[0] = gt_tf32(a[g * 8 + t]);
  fa[1] = gt_tf32(a[(g + 8) * 8 + t]);
  fa[2] = gt_tf32(a[g * 8 + t + 4]);
  fa[3] = gt_tf32(a[(g + 8) * 8 + t + 4]);
  fb[0] = gt_tf32(b[t * 8 + g]);
  fb[1] = gt_tf32(b[(t + 4) * 8 + g]);
  gt_mma_tf32(d, fa, fb);
  store_tile(args.y, d);
}

/* Conversions, as bits. */
GT_KERNEL(test_numbers) {
  const float *x = (const float *)args.a;
  const uint16_t *h = (const uint16_t *)args.b;
  uint32_t *y = (uint32_t *)args.y;
  for (int64_t i = threadIdx.x; i < args.n; i += blockDim.x) {
    y[4 * i] = gt_tf32(x[i]);
    y[4 * i + 1] = gt_bf16x2(x[i], -x[i]);
    y[4 * i + 2] = gt_bits_of(gt_float_of_bf16(h[i]));
    y[4 * i + 3] = gt_bits_of(gt_float_of_f16(h[i]));
  }
}

/* y[block] = sum of n numbers. */
GT_KERNEL(test_reduce) {
  GT_SHARED(smem);
  float *sums = (float *)smem;
  const float *x = (const float *)args.a + blockIdx.x * args.n;
  float sum = 0;
  for (int64_t i = threadIdx.x; i < args.n; i += blockDim.x) {
    sum += x[i];
  }
  GT_UNROLL
  for (int mask = 16; mask > 0; mask /= 2) {
    sum += gt_shuffle_xor(sum, mask);
  }
  sums[threadIdx.x / 32] = sum;
  if (args.wrong != NO_BARRIER) {
    gt_sync_block();
  }
  if (threadIdx.x == 0) {
    args.y[blockIdx.x] = (sums[0] + sums[1]) + (sums[2] + sums[3]);
  }
}

/* y[column, row] = a[row, column] of n by n, in tiles of 16 by 16. */
GT_KERNEL(test_transpose) {
  GT_SHARED(smem);
  float *tile = (float *)smem;
  const float *x = (const float *)args.a;
  int64_t row = threadIdx.x / 16, column = threadIdx.x % 16;
  tile[row * 17 + column] = x[(blockIdx.y * 16 + row) * args.n + blockIdx.x * 16 + column];
  if (args.wrong != NO_BARRIER) {
    gt_sync_block();
  }
  args.y[(blockIdx.x * 16 + row) * args.n + blockIdx.y * 16 + column] = tile[column * 17 + row];
}

/* y[thread] = sum over n stages of a[stage, 63 - thread]: a ring of three buffers, two copies under way. */
GT_KERNEL(test_pipeline) {
  GT_SHARED(smem);
  float *ring = (float *)smem;
  const float *x = (const float *)args.a;
  float sum = 0;
  for (int stage = 0; stage < 2; stage++) {
    gt_copy_async_4(ring + stage * 64 + threadIdx.x, x + stage * 64 + threadIdx.x, stage < args.n);
    gt_copy_commit();
  }
  for (int stage = 0; stage < args.n; stage++) {
    if (args.wrong == WAIT_TOO_LOOSE) {
      gt_copy_wait<2>();
    } else if (args.wrong != NO_WAIT) {
      gt_copy_wait<1>();
    }
    gt_sync_block();
    int next = stage + (args.wrong == BUFFER_STILL_READ ? 3 : 2);
    gt_copy_async_4(ring + next % 3 * 64 + threadIdx.x, next < args.n ? x + next * 64 + threadIdx.x : x, next < args.n);
    gt_copy_commit();
    sum += ring[stage % 3 * 64 + 63 - threadIdx.x];
  }
  args.y[threadIdx.x] = sum;
}

GT_DEVICE int64_t plus(int64_t a, int64_t b) {
  return a + b;
}

static __attribute__((noinline)) float too_large(float v) {
  volatile float large[1 << 14];
  for (int i = 1 << 14; i-- > 0;) {
    large[i] = v;
  }
  return large[threadIdx.x];
}

/* 1024 bytes of shared memory, n numbers in a and y. */
GT_KERNEL(test_wrong) {
  GT_SHARED(smem);
  float *shared = (float *)smem;
  const float *x = (const float *)args.a;
  int thread = (int)threadIdx.x;
  uint32_t r[4] = {0, 0, 0, 0};
  float v = x[thread];
  shared[thread] = v;
  switch (args.wrong) {
    case EXIT_BEFORE_BARRIER:
      if (thread == 40) {
        return;
      }
      break;
    case WARP_EXITS_BEFORE_BARRIER:
      if (thread >= 32) {
        return;
      }
      break;
    case EXIT_BEFORE_SHUFFLE:
      if (thread == 3) {
        return;
      }
      v = gt_shuffle(v, 0);
      break;
    case DIVERGENT_SHUFFLE:
      if (thread % 32 < 16) {
        v = gt_shuffle(v, 0);
      }
      break;
    case DIVERGENT_BARRIER:
      if (thread != 5) {
        gt_sync_block();
      } else {
        gt_sync_warp();
      }
      break;
    case LANE_OUTSIDE:
      v = gt_shuffle(v, thread + 1);
      break;
    case PAST_SHARED:
      v = shared[256 + thread];
      break;
    case JUST_PAST_SHARED: /* between the end and the guard page, launched with 1040 bytes */
      shared[260] = v;
      break;
    case BEFORE_SHARED:
      shared[-1] = v;
      break;
    case PAST_GLOBAL:
      v = x[plus(thread, args.n)];
      break;
    case PAST_GLOBAL_COPY:
      gt_copy_async_16(smem + 16 * thread, x + args.n, true);
      break;
    case NULL_POINTER:
      v = ((const float *)args.b)[thread];
      break;
    case MISALIGNED_COPY:
      gt_copy_async_16(smem + 16 * thread, x + 1, true);
      break;
    case MISALIGNED_MATRIX:
      gt_load_matrix_x4(r, smem + 8 * thread);
      break;
    case MISALIGNED_VECTOR:
      v = ((const float4 *)(x + thread % 2))->y;
      break;
    case LOCAL_INDEX:
      r[plus(thread, args.n) % 8] = 1;
      break;
    case STACK:
      v = too_large(v);
      break;
    case OVERFLOW:
      r[0] = (uint32_t)((int)args.n * (1 << 25));
      break;
    case DIVISION:
      v = (float)(7 / (int)(args.n - 64));
      break;
    default:
      break;
  }
  gt_sync_block();
  args.y[thread] = v + (float)r[thread % 4];
}
