#include "measure.h"

#include "cpu/reference/convert.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum { REPETITIONS = 15, TEAM_TRIES = 50, MAX_THREADS = 1024 };

static const double TEAM_PATIENCE = 0.02;

double seconds(int32_t threads) {
  struct timespec t;
  clock_gettime(threads == 1 ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

double quantile(double *values, int64_t count, double part) {
  qsort(values, (size_t)count, sizeof *values, ascending);
  return values[(int64_t)((double)(count - 1) * part)];
}

static double median(double *values) {
  return quantile(values, REPETITIONS, 0.5);
}

typedef struct team {
  void (*part)(void *argument, int32_t thread);
  void *argument;
  int32_t threads;
  atomic_int arrived;
  atomic_bool late;
  double begin[MAX_THREADS], end[MAX_THREADS];
} team;

/* A thread that has arrived can't take the task of another: it waits here. */
static void team_task(void *argument, int64_t task, gt_worker *worker) {
  (void)worker;
  team *t = argument;
  double patience_ends = seconds(0) + TEAM_PATIENCE;
  atomic_fetch_add(&t->arrived, 1);
  while (atomic_load(&t->arrived) < t->threads) {
    if (atomic_load(&t->late) || seconds(0) > patience_ends) {
      atomic_store(&t->late, true);
      return;
    }
    __builtin_ia32_pause();
  }
  t->begin[task] = seconds(t->threads);
  t->part(t->argument, (int32_t)task);
  t->end[task] = seconds(t->threads);
}

team_time run_team(gt_pool *pool, void (*part)(void *argument, int32_t thread), void *argument) {
  static team t;
  t = (team){.part = part, .argument = argument, .threads = gt_pool_threads(pool)};
  for (int i = 0; i < TEAM_TRIES; i++) {
    atomic_store(&t.arrived, 0);
    atomic_store(&t.late, false);
    gt_pool_run(pool, team_task, &t, t.threads, 0);
    if (atomic_load(&t.late)) {
      continue;
    }
    double begin = t.begin[0], end = t.end[0];
    team_time time = {0};
    for (int32_t thread = 0; thread < t.threads; thread++) {
      begin = t.begin[thread] < begin ? t.begin[thread] : begin;
      end = t.end[thread] > end ? t.end[thread] : end;
      time.inverse += 1 / (t.end[thread] - t.begin[thread]);
    }
    time.span = end - begin;
    return time;
  }
  fprintf(stderr, "%d threads never ran at the same time: this machine has fewer CPUs to spare.\n", t.threads);
  exit(1);
}

static void peak_part(void *argument, int32_t thread) {
  (void)thread;
  gt_peak_run(*(gt_peak_kind *)argument);
}

static double run_calls(int32_t threads, int64_t calls, void (*body)(void *argument), void *argument) {
  double start = seconds(threads);
  for (int64_t call = 0; call < calls; call++) {
    body(argument);
  }
  return seconds(threads) - start;
}

/* So many that a turn takes 3 ms. */
static int64_t warm_up(int32_t threads, void (*body)(void *argument), void *argument) {
  run_calls(threads, 1, body, argument);
  return (int64_t)(0.003 / run_calls(threads, 1, body, argument)) + 1;
}

measurement measure(gt_context *context, gt_peak_kind kind, double work, void (*body)(void *argument), void *argument) {
  int32_t threads = gt_context_threads(context);
  int64_t calls = warm_up(threads, body, argument);
  double peaks[REPETITIONS], rates[REPETITIONS], shares[REPETITIONS];
  for (int i = 0; i < REPETITIONS; i++) {
    peaks[i] = gt_peak_work(kind) * run_team(context->pool, peak_part, &kind).inverse * 1e-9;
    rates[i] = work * (double)calls / run_calls(threads, calls, body, argument) * 1e-9;
    shares[i] = rates[i] / peaks[i];
  }
  measurement m = {.rate = median(rates), .peak = median(peaks), .share = median(shares)};
  m.best = rates[REPETITIONS - 1]; /* sorted by median() */
  return m;
}

comparison compare(gt_context *context, const stream *streams, int32_t stream_count, void (*body)(void *argument),
                   void *argument) {
  int32_t threads = gt_context_threads(context);
  int64_t calls = warm_up(threads, body, argument);
  double ceilings[REPETITIONS], times[REPETITIONS], ratios[REPETITIONS];
  for (int i = 0; i < REPETITIONS; i++) {
    for (int32_t s = 0; s < stream_count; s++) {
      double time = stream_seconds(context->pool, &streams[s]);
      ceilings[i] = s == 0 || time < ceilings[i] ? time : ceilings[i];
    }
    times[i] = run_calls(threads, calls, body, argument) / (double)calls;
    ratios[i] = times[i] / ceilings[i];
  }
  return (comparison){median(times), median(ceilings), median(ratios)};
}

double compare_calls(gt_context *context, void (*body)(void *argument), void *first, void *second, double *ratio) {
  int32_t threads = gt_context_threads(context);
  int64_t calls = warm_up(threads, body, first);
  double times[REPETITIONS], ratios[REPETITIONS];
  for (int i = 0; i < REPETITIONS; i++) {
    times[i] = run_calls(threads, calls, body, first) / (double)calls;
    ratios[i] = run_calls(threads, calls, body, second) / (double)calls / times[i];
  }
  *ratio = median(ratios);
  return median(times);
}

void require(gt_status status, const char *message) {
  if (status != GT_OK) {
    fprintf(stderr, "%s\n", message);
    exit(1);
  }
}

void *allocate(gt_context *context, int64_t bytes) {
  char message[256];
  void *memory;
  require(gt_allocate(context, (size_t)bytes, &memory, message, sizeof message), message);
  return memory;
}

float *random_floats(gt_context *context, int64_t count) {
  float *x = allocate(context, count * (int64_t)sizeof(float));
  uint32_t state = 1;
  for (int64_t i = 0; i < count; i++) {
    state = state * 1664525u + 1013904223u;
    x[i] = (float)(state >> 8) * 0x1p-23f - 1.0f;
  }
  return x;
}

uint16_t *rounded_to_bf16(gt_context *context, const float *x, int64_t count) {
  uint16_t *rounded = allocate(context, count * (int64_t)sizeof *rounded);
  for (int64_t i = 0; i < count; i++) {
    rounded[i] = gt_bf16_of_float(x[i]);
  }
  return rounded;
}

gt_linear *random_linear(gt_context *context, int64_t in_features, int64_t out_features, int32_t compute_dtype,
                         const float *source) {
  char message[256];
  float *own = source == NULL ? random_floats(context, in_features * out_features) : NULL;
  const float *weight = source == NULL ? own : source;
  gt_linear *linear;
  require(gt_linear_create(context, in_features, out_features, compute_dtype, 0, &linear, message, sizeof message),
          message);
  require(gt_linear_pack(context, linear, 0, out_features, weight, GT_F32, GT_OUT_IN, weight, GT_F32, message,
                         sizeof message),
          message);
  gt_free(context, own);
  return linear;
}

/* How often another process took a CPU from a thread of this one. */
static long preemptions(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_nivcsw;
}

int bench_tiers(char **arguments, const char *usage, void (*bench)(gt_context *context)) {
  const char *name = arguments[0];
  int32_t threads = name != NULL && arguments[1] != NULL ? atoi(arguments[1]) : 0;
  bool found = false;
  for (int32_t tier = GT_TIER_AVX2; tier <= gt_best_tier(); tier++) {
    if (name == NULL || strcmp(name, gt_tier_name(tier)) == 0) {
      char message[256];
      gt_context_params params = {.struct_size = sizeof params, .threads = threads, .tier = tier};
      gt_context *context;
      require(gt_context_create(&params, &context, message, sizeof message), message);
      printf("\n%s, %d threads\n", gt_tier_name(tier), gt_context_threads(context));
      long before = preemptions();
      bench(context);
      printf("preempted %ld times: other processes lower what several threads reach\n", preemptions() - before);
      gt_context_destroy(context);
      found = true;
    }
  }
  if (!found) {
    fprintf(stderr, "usage: %s; tiers avx2 .. %s\n", usage, gt_tier_name(gt_best_tier()));
    return 2;
  }
  return 0;
}
