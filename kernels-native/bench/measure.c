#include "measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "peak.h"

enum { REPETITIONS = 15 };

static double seconds(clockid_t clock_id) {
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

static void peak_task(void *argument, int64_t task, gt_worker *worker) {
  (void)task, (void)worker;
  gt_peak_run(*(int32_t *)argument);
}

measurement measure(gt_pool *pool, int32_t tier, double work, void (*body)(void *argument), void *argument) {
  int32_t threads = gt_pool_threads(pool);
  clockid_t clock_id = threads == 1 ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC;
  body(argument);
  double once = seconds(clock_id);
  body(argument);
  once = seconds(clock_id) - once;
  int calls = (int)(0.003 / once) + 1;
  double peaks[REPETITIONS], rates[REPETITIONS], shares[REPETITIONS];
  for (int i = 0; i < REPETITIONS; i++) {
    double start = seconds(clock_id);
    gt_pool_run(pool, peak_task, &tier, threads, 0);
    peaks[i] = gt_peak_work(tier) * threads / (seconds(clock_id) - start) * 1e-9;
    start = seconds(clock_id);
    for (int call = 0; call < calls; call++) {
      body(argument);
    }
    rates[i] = work * calls / (seconds(clock_id) - start) * 1e-9;
    shares[i] = rates[i] / peaks[i];
  }
  measurement m = {.rate = median(rates), .peak = median(peaks), .share = median(shares)};
  m.best = rates[REPETITIONS - 1]; /* sorted by median() */
  return m;
}

void require(gt_status status, const char *message) {
  if (status != GT_OK) {
    fprintf(stderr, "%s\n", message);
    exit(1);
  }
}

float *random_floats(gt_context *context, int64_t count) {
  char message[256];
  void *memory;
  require(gt_allocate(context, (size_t)count * sizeof(float), &memory, message, sizeof message), message);
  float *x = memory;
  uint32_t state = 1;
  for (int64_t i = 0; i < count; i++) {
    state = state * 1664525u + 1013904223u;
    x[i] = (float)(state >> 8) * 0x1p-23f - 1.0f;
  }
  return x;
}
