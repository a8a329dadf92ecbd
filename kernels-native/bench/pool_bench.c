/*
 * pool_bench [threads]: what a fork and join costs: empty jobs, a small op, and two callers at once. Elapsed time.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "measure.h"

enum { WARM_UP = 1000, BACK_TO_BACK = 20000, AFTER_GAPS = 200 };

static const double GAP = 0.005; /* long enough for idle workers to go to sleep */

static void busy_wait(double time) {
  double end = seconds(0) + time;
  while (seconds(0) < end) {
    __builtin_ia32_pause();
  }
}

/* Median and 90th percentile of one call, in microseconds, back to back and after gaps. Returns the first. */
static double print_times(const char *name, void (*body)(void *argument), void *argument) {
  static double times[BACK_TO_BACK];
  for (int i = 0; i < WARM_UP; i++) {
    body(argument);
  }
  printf("%-44s", name);
  double result = 0;
  for (int gaps = 0; gaps < 2; gaps++) {
    int count = gaps ? AFTER_GAPS : BACK_TO_BACK;
    for (int i = 0; i < count; i++) {
      if (gaps) {
        busy_wait(GAP);
      }
      double start = seconds(0);
      body(argument);
      times[i] = (seconds(0) - start) * 1e6;
    }
    double middle = quantile(times, count, 0.5);
    printf(" %8.2f %8.2f", middle, quantile(times, count, 0.9));
    result = gaps ? result : middle;
  }
  printf("\n");
  fflush(stdout);
  return result;
}

/* ---- empty jobs --------------------------------------------------------------------------------------------- */

typedef struct job {
  gt_pool *pool;
  gt_task *task;
  int64_t tasks;
  atomic_int arrived;
} job;

static void empty_task(void *argument, int64_t task, gt_worker *worker) {
  (void)argument, (void)task, (void)worker;
}

/* Until all have begun, or some 10 ms: every thread has to come, where the caller would else do it all. */
static void meeting_task(void *argument, int64_t task, gt_worker *worker) {
  (void)task, (void)worker;
  job *j = argument;
  atomic_fetch_add(&j->arrived, 1);
  for (int spin = 0; spin < 200000 && atomic_load(&j->arrived) < j->tasks; spin++) {
    __builtin_ia32_pause();
  }
}

static void run_job(void *argument) {
  job *j = argument;
  atomic_store(&j->arrived, 0);
  gt_pool_run(j->pool, j->task, j, j->tasks, 0);
}

static void bench_empty(gt_pool *pool) {
  const int32_t threads = gt_pool_threads(pool);
  print_times("empty, tasks = threads", run_job, &(job){.pool = pool, .task = empty_task, .tasks = threads});
  print_times("empty, tasks = 4 x threads", run_job, &(job){.pool = pool, .task = empty_task, .tasks = 4 * threads});
  print_times("tasks = threads that wait for each other", run_job,
              &(job){.pool = pool, .task = meeting_task, .tasks = threads});
}

/* ---- a small op --------------------------------------------------------------------------------------------- */

enum { FEATURES = 768, ROWS_PER_TASK = 21 }; /* gt_layer_norm cuts its rows into tasks of 2^14 elements */

typedef struct norm {
  gt_context *context;
  float *x, *y;
  int64_t rows;
} norm;

static void run_norm(void *argument) {
  const norm *n = argument;
  char message[256];
  require(gt_layer_norm(n->context, n->x, n->x, n->x, n->y, n->rows, FEATURES, FEATURES, FEATURES, 1e-5f, message,
                        sizeof message),
          message);
}

static gt_context *create(int32_t threads) {
  char message[256];
  gt_context_params params = {.struct_size = sizeof params, .threads = threads, .tier = GT_TIER_AUTO};
  gt_context *context;
  require(gt_context_create(&params, &context, message, sizeof message), message);
  return context;
}

static void bench_norm(gt_context *context, gt_context *alone) {
  const int32_t threads = gt_context_threads(context);
  norm n = {.context = context, .rows = (int64_t)ROWS_PER_TASK * threads};
  n.x = random_floats(context, n.rows * FEATURES);
  n.y = random_floats(context, n.rows * FEATURES);
  char name[64];
  snprintf(name, sizeof name, "layer_norm %lld x %d, tasks = threads", (long long)n.rows, FEATURES);
  double forked = print_times(name, run_norm, &n);
  n.context = alone;
  double serial = print_times("the same, one thread", run_norm, &n);
  printf("%-44s %8.2f\n", "forked, less its part of one thread's time", forked - serial / threads);
  gt_free(context, n.x);
  gt_free(context, n.y);
}

/* ---- two callers -------------------------------------------------------------------------------------------- */

enum { CALLERS = 2, WORK_ROUNDS = 10000 };

static const double CALLING_TIME = 0.3;

typedef struct crowd {
  gt_pool *pool;
  pthread_barrier_t start;
  atomic_int at_work;
  atomic_int most_at_work;
  atomic_llong jobs[CALLERS];
} crowd;

typedef struct caller {
  crowd *crowd;
  int index;
} caller;

static void working_task(void *argument, int64_t task, gt_worker *worker) {
  (void)worker;
  crowd *c = argument;
  int now = atomic_fetch_add(&c->at_work, 1) + 1;
  int most = atomic_load(&c->most_at_work);
  while (now > most && !atomic_compare_exchange_weak(&c->most_at_work, &most, now)) {
  }
  uint64_t state = (uint64_t)task;
  for (int i = 0; i < WORK_ROUNDS; i++) {
    state = state * 6364136223846793005u + 1;
    __asm__ volatile("" : "+r"(state));
  }
  atomic_fetch_sub(&c->at_work, 1);
}

static void *call(void *argument) {
  const caller *self = argument;
  crowd *c = self->crowd;
  pthread_barrier_wait(&c->start);
  double end = seconds(0) + CALLING_TIME;
  while (seconds(0) < end) {
    gt_pool_run(c->pool, working_task, c, 4 * (int64_t)gt_pool_threads(c->pool), 0);
    atomic_fetch_add(&c->jobs[self->index], 1);
  }
  return NULL;
}

static void bench_callers(gt_pool *pool, int callers) {
  crowd c = {.pool = pool};
  pthread_barrier_init(&c.start, NULL, (unsigned)callers);
  pthread_t handles[CALLERS];
  caller selves[CALLERS];
  for (int i = 0; i < callers; i++) {
    selves[i] = (caller){&c, i};
    if (i > 0 && pthread_create(&handles[i], NULL, call, &selves[i]) != 0) {
      fprintf(stderr, "no thread for a second caller\n");
      exit(1);
    }
  }
  call(&selves[0]);
  for (int i = 1; i < callers; i++) {
    pthread_join(handles[i], NULL);
  }
  pthread_barrier_destroy(&c.start);
  double first = (double)atomic_load(&c.jobs[0]) / CALLING_TIME;
  double second = (double)atomic_load(&c.jobs[1]) / CALLING_TIME;
  int most = atomic_load(&c.most_at_work), limit = callers + gt_pool_threads(pool) - 1;
  printf("%-44d %8.0f %8.0f %8.0f %14d %6d%s\n", callers, first + second, first, second, most, limit,
         most > limit ? "  TOO MANY" : "");
}

int main(int argc, char **argv) {
  if (argc > 2 || (argc == 2 && atoi(argv[1]) < 1)) {
    fprintf(stderr, "usage: pool_bench [threads]\n");
    return 2;
  }
  gt_context *context = create(argc > 1 ? atoi(argv[1]) : 0);
  gt_context *alone = create(1);
  printf("%d threads\n%-44s %17s %17s\n", gt_context_threads(context), "", "back to back", "after 5 ms");
  printf("%-44s %8s %8s %8s %8s\n", "us per call", "median", "p90", "median", "p90");
  bench_empty(context->pool);
  bench_norm(context, alone);
  printf("\n%-44s %8s %8s %8s %14s %6s\n", "callers at once, jobs of 4 x threads tasks", "jobs/s", "first", "second",
         "most at work", "limit");
  for (int callers = 1; callers <= CALLERS; callers++) {
    bench_callers(context->pool, callers);
  }
  gt_context_destroy(alone);
  gt_context_destroy(context);
  return 0;
}
