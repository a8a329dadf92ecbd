/*
 * gatun_bench [tier [threads]]: peak of the multiply-add units, then linear layers as a share of it.
 *
 * A shared machine changes its speed from minute to minute, so peak and kernel are measured in turns: measure.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/thread_pool.h"
#include "gatun.h"
#include "measure.h"

static double seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

typedef struct layer {
  int64_t rows, in, out;
  int32_t activation;
} layer;

typedef struct forward {
  gt_context *context;
  const gt_linear *linear;
  const float *x;
  float *y;
  gt_linear_params params;
} forward;

static void run_forward(void *argument) {
  const forward *f = argument;
  char message[256];
  require(gt_linear_forward(f->context, f->linear, f->x, NULL, f->y, &f->params, message, sizeof message), message);
}

static void bench_linear(gt_context *context, gt_pool *pool, layer l) {
  char message[256];
  float *x = random_floats(context, l.rows * l.in);
  float *weight = random_floats(context, l.out * l.in);
  float *y = random_floats(context, l.rows * l.out);
  gt_linear *linear;
  require(gt_linear_create(context, l.in, l.out, &linear, message, sizeof message), message);
  double pack_start = seconds();
  require(gt_linear_pack(context, linear, 0, l.out, weight, GT_F32, GT_OUT_IN, weight, GT_F32, message, sizeof message),
          message);
  double pack_seconds = seconds() - pack_start;
  forward f = {.context = context,
               .linear = linear,
               .x = x,
               .y = y,
               .params = {.struct_size = sizeof f.params,
                          .activation = l.activation,
                          .rows = l.rows,
                          .x_stride = l.in,
                          .y_stride = l.out,
                          .scale = 1}};
  double work = 2.0 * (double)l.rows * (double)l.in * (double)l.out;
  measurement m = measure(pool, gt_context_tier(context), work, run_forward, &f);
  printf("%6lld x %5lld x %6lld %-9s %8.1f %8.1f %6.0f%% %8.1f %10.1f %8.1f\n", (long long)l.rows, (long long)l.in,
         (long long)l.out, l.activation == GT_ACT_IDENTITY ? "" : "gelu_erf", m.rate, m.peak, 100 * m.share, m.best,
         work / m.rate * 1e-3, (double)(l.in * l.out) * sizeof(float) / pack_seconds * 1e-9);
  fflush(stdout);
  gt_linear_destroy(context, linear);
  gt_free(context, x);
  gt_free(context, weight);
  gt_free(context, y);
}

static void bench_tier(int32_t tier, int32_t threads) {
  char message[256];
  gt_context_params params = {.struct_size = sizeof params, .threads = threads, .tier = tier};
  gt_context *context;
  require(gt_context_create(&params, &context, message, sizeof message), message);
  atomic_int_least64_t bytes = 0;
  gt_pool *pool = gt_pool_create(gt_context_threads(context), &bytes);
  printf("\n%s, %d threads\n%-33s %8s %8s %7s %8s %10s %8s\n", gt_tier_name(tier), gt_context_threads(context),
         "rows x in x out", "GFLOP/s", "peak", "share", "best", "us/call", "pack GB/s");
  static const int64_t shapes[][2] = {{768, 768}, {768, 2304}, {768, 3072}, {3072, 768}, {384, 1536}};
  static const int64_t rows[] = {1, 2, 4, 8, 16, 32, 128, 512, 1024};
  for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; s++) {
    for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
      bench_linear(context, pool, (layer){rows[r], shapes[s][0], shapes[s][1], GT_ACT_IDENTITY});
    }
  }
  bench_linear(context, pool, (layer){128, 768, 3072, GT_ACT_GELU_ERF});
  bench_linear(context, pool, (layer){1024, 768, 3072, GT_ACT_GELU_ERF});
  bench_linear(context, pool, (layer){1, 768, 50257, GT_ACT_IDENTITY});
  bench_linear(context, pool, (layer){8, 768, 50257, GT_ACT_IDENTITY});
  gt_pool_destroy(pool);
  gt_context_destroy(context);
}

int main(int argc, char **argv) {
  int32_t threads = argc > 2 ? atoi(argv[2]) : 0;
  bool found = false;
  for (int32_t tier = GT_TIER_AVX2; tier <= gt_best_tier(); tier++) {
    if (argc < 2 || strcmp(argv[1], gt_tier_name(tier)) == 0) {
      bench_tier(tier, threads);
      found = true;
    }
  }
  if (!found) {
    fprintf(stderr, "usage: gatun_bench [tier [threads]], tiers avx2 .. %s\n", gt_tier_name(gt_best_tier()));
    return 2;
  }
  return 0;
}
