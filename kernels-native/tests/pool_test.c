/* The thread pool under many callers. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/thread_pool.h"
#include "harness.h"

typedef struct counting_job {
  atomic_int *counts;
  gt_pool *pool;
  int64_t inner; /* tasks of a nested job */
} counting_job;

static void count_task(void *argument, int64_t task, gt_worker *worker) {
  counting_job *job = argument;
  memset(worker->scratch, (int)task, worker->scratch_bytes);
  if (job->inner > 0) {
    atomic_int *inner = job->counts + 1000;
    counting_job nested = {.counts = inner, .pool = job->pool};
    CHECK(gt_pool_run(job->pool, count_task, &nested, job->inner, 64), "nested job without scratch");
  }
  unsigned char *bytes = worker->scratch;
  CHECK(worker->scratch_bytes >= 64 && bytes[0] == (unsigned char)task, "scratch of task %lld was written by another",
        (long long)task);
  atomic_fetch_add(&job->counts[task], 1);
}

/* Each task runs exactly once, whatever the number of threads, tasks, and nesting. */
static void every_task_once(void) {
  for (int32_t threads = 1; threads <= 5; threads++) {
    atomic_int_least64_t bytes = 0;
    gt_pool *pool = gt_pool_create(threads, &bytes);
    atomic_int counts[1100] = {0};
    for (int64_t tasks = 0; tasks < 40; tasks++) {
      for (int inner = 0; inner <= 3; inner += 3) {
        memset(counts, 0, sizeof counts);
        counting_job job = {.counts = counts, .pool = pool, .inner = inner};
        CHECK(gt_pool_run(pool, count_task, &job, tasks, 64 + (size_t)tasks * 8), "no scratch");
        for (int64_t t = 0; t < 41; t++) {
          CHECK(counts[t] == (t < tasks), "task %lld of %lld ran %d times", (long long)t, (long long)tasks, counts[t]);
        }
        CHECK(inner == 0 || counts[1000] == tasks, "inner task ran %d times", counts[1000]);
      }
    }
    gt_pool_destroy(pool);
    CHECK(bytes == 0, "%lld bytes remain", (long long)bytes);
  }
}

typedef struct short_job {
  atomic_bool open;
  atomic_int runs, late;
} short_job;

static void short_task(void *argument, int64_t task, gt_worker *worker) {
  (void)task, (void)worker;
  short_job *job = argument;
  atomic_fetch_add(&job->runs, 1);
  if (!atomic_load(&job->open)) {
    atomic_fetch_add(&job->late, 1);
  }
}

/* A worker that wakes late must neither touch a finished job nor a job being written. */
static void short_jobs(void) {
  enum { JOBS = 20000 };
  atomic_int_least64_t bytes = 0;
  gt_pool *pool = gt_pool_create(4, &bytes);
  short_job *jobs = calloc(JOBS, sizeof *jobs);
  for (int i = 0; i < JOBS; i++) {
    int tasks = 2 + i % 5;
    atomic_store(&jobs[i].open, true);
    CHECK(gt_pool_run(pool, short_task, &jobs[i], tasks, 0), "no scratch");
    CHECK(jobs[i].runs == tasks, "job %d: %d of %d tasks ran before the call returned", i, jobs[i].runs, tasks);
    atomic_store(&jobs[i].open, false);
  }
  gt_pool_destroy(pool);
  for (int i = 0; i < JOBS; i++) {
    CHECK(jobs[i].runs == 2 + i % 5 && jobs[i].late == 0, "job %d: %d tasks, %d late", i, jobs[i].runs, jobs[i].late);
  }
  free(jobs);
}

int main(void) {
  RUN(every_task_once);
  RUN(short_jobs);
  return finish();
}
