/*
 * gatun_bench [tier [threads]]: peak of the multiply-add units, then linear layers as a share of it.
 *
 * A shared machine changes its speed from minute to minute. So peak and kernel are measured in turns, a few
 * milliseconds each, and the share is the median of the paired ratios; the GFLOP/s are medians, too. One thread is
 * measured in its own CPU time, which other processes don't lengthen; more threads in elapsed time.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/thread_pool.h"
#include "gatun.h"
#include "peak.h"

enum { REPETITIONS = 15 };

static clockid_t clock_id = CLOCK_MONOTONIC;

static double seconds(void) {
  struct timespec t;
  clock_gettime(clock_id, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double median(double *values) {
  qsort(values, REPETITIONS, sizeof *values, ascending);
  return values[REPETITIONS / 2];
}

static void check(gt_status status, const char *message) {
  if (status != GT_OK) {
    fprintf(stderr, "gatun_bench: %s\n", message);
    exit(1);
  }
}

static void peak_task(void *argument, int64_t task, gt_worker *worker) {
  (void)task, (void)worker;
  gt_peak_run(*(int32_t *)argument);
}

/* GFLOP/s of all threads together. */
static double measure_peak(gt_pool *pool, int32_t tier) {
  double start = seconds();
  gt_pool_run(pool, peak_task, &tier, gt_pool_threads(pool), 0);
  return gt_peak_work(tier) * gt_pool_threads(pool) / (seconds() - start) * 1e-9;
}

typedef struct layer {
  int64_t rows, in, out;
  int32_t activation;
} layer;

static float *filled(gt_context *context, int64_t count) {
  char message[256];
  void *memory;
  check(gt_allocate(context, (size_t)count * sizeof(float), &memory, message, sizeof message), message);
  float *x = memory;
  uint32_t state = 1;
  for (int64_t i = 0; i < count; i++) {
    state = state * 1664525u + 1013904223u;
    x[i] = (float)(state >> 8) * 0x1p-23f - 1.0f;
  }
  return x;
}

static void bench_linear(gt_context *context, gt_pool *pool, layer l) {
  char message[256];
  float *x = filled(context, l.rows * l.in);
  float *weight = filled(context, l.out * l.in);
  float *y = filled(context, l.rows * l.out);
  gt_linear *linear;
  check(gt_linear_create(context, l.in, l.out, &linear, message, sizeof message), message);
  double pack_start = seconds();
  check(gt_linear_pack(context, linear, 0, l.out, weight, GT_F32, GT_OUT_IN, weight, GT_F32, message, sizeof message),
        message);
  double pack_seconds = seconds() - pack_start;
  gt_linear_params params = {.struct_size = sizeof params,
                             .activation = l.activation,
                             .rows = l.rows,
                             .x_stride = l.in,
                             .y_stride = l.out,
                             .scale = 1};
  double work = 2.0 * (double)l.rows * (double)l.in * (double)l.out;
  double once = seconds();
  check(gt_linear_forward(context, linear, x, NULL, y, &params, message, sizeof message), message);
  once = seconds() - once;
  int calls = (int)(0.003 / once) + 1;
  double peaks[REPETITIONS], rates[REPETITIONS], shares[REPETITIONS];
  for (int i = 0; i < REPETITIONS; i++) {
    peaks[i] = measure_peak(pool, gt_context_tier(context));
    double start = seconds();
    for (int c = 0; c < calls; c++) {
      gt_linear_forward(context, linear, x, NULL, y, &params, NULL, 0);
    }
    rates[i] = work * calls / (seconds() - start) * 1e-9;
    shares[i] = rates[i] / peaks[i];
  }
  double rate = median(rates);
  printf("%6lld x %5lld x %6lld %-9s %8.1f %8.1f %6.0f%% %8.1f %10.1f %8.1f\n", (long long)l.rows, (long long)l.in,
         (long long)l.out, l.activation == GT_ACT_IDENTITY ? "" : "gelu_erf", rate, median(peaks), 100 * median(shares),
         rates[REPETITIONS - 1], work / rate * 1e-3, (double)(l.in * l.out) * sizeof(float) / pack_seconds * 1e-9);
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
  check(gt_context_create(&params, &context, message, sizeof message), message);
  clock_id = gt_context_threads(context) == 1 ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC;
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
