#include "core/thread_pool.h"

#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/arithmetic.h"
#include "core/memory.h"

enum {
  WORKER_SPINS = 2000, /* pauses before an idle worker sleeps: some 30 to 100 us, the gap between two ops */
  CALLER_SPINS = 4000, /* pauses before a caller with nothing left to do sleeps until the workers finish */
  CACHE_LINE = 64,
  MAX_RANGES = 8,
};

/* A stretch of a job's tasks. Threads begin with different ones, then help with the others. */
typedef struct task_range {
  alignas(CACHE_LINE) atomic_int_least64_t next; /* the next task to hand out */
  int64_t end;                                   /* written while the gate is closed */
} task_range;

/* `gate`: CLOSED while no job may be joined, WAITING while the caller sleeps on it, and in the low bits how many
 * workers are inside. A worker enters by adding one and looks at the job only when the gate was open. */
enum { GATE_CLOSED = 1 << 30, GATE_WAITING = 1 << 29, GATE_INSIDE = GATE_WAITING - 1 };

/* Scratch of a thread that isn't a worker, kept for the next caller. */
typedef struct caller_scratch {
  gt_worker worker;
  struct caller_scratch *next;
} caller_scratch;

struct gt_pool {
  int32_t threads;
  atomic_int_least64_t *bytes;
  pthread_t *handles;
  gt_worker *workers;
  pthread_mutex_t mutex; /* guards free_scratch */
  caller_scratch *free_scratch;
  atomic_bool stop;

  alignas(CACHE_LINE) atomic_bool busy;  /* a caller has the workers */
  alignas(CACHE_LINE) atomic_uint epoch; /* raised per job; sleeping workers wait on it */
  atomic_int sleepers;
  alignas(CACHE_LINE) atomic_int gate;
  task_range ranges[MAX_RANGES];

  /* The job; written while the gate is closed. */
  alignas(CACHE_LINE) gt_task *body;
  void *argument;
  int32_t range_count;
};

static void relax(void) {
  __builtin_ia32_pause();
}

static void futex_wait(const void *address, unsigned expected) {
  syscall(SYS_futex, address, FUTEX_WAIT_PRIVATE, expected, NULL, NULL, 0);
}

static void futex_wake(const void *address, int count) {
  syscall(SYS_futex, address, FUTEX_WAKE_PRIVATE, count, NULL, NULL, 0);
}

static bool reserve(gt_pool *pool, gt_worker *worker, size_t bytes) {
  if (worker->scratch_bytes >= bytes) {
    return true;
  }
  void *larger = gt_memory_allocate(pool->bytes, bytes);
  if (larger == NULL) {
    return false;
  }
  gt_memory_free(pool->bytes, worker->scratch);
  *worker = (gt_worker){.scratch = larger, .scratch_bytes = bytes};
  return true;
}

/* `first`: the range to begin with. */
static void run_tasks(gt_pool *pool, gt_worker *worker, int32_t first) {
  for (int32_t i = 0; i < pool->range_count; i++) {
    task_range *range = &pool->ranges[(first + i) % pool->range_count];
    while (atomic_load_explicit(&range->next, memory_order_relaxed) < range->end) {
      int64_t task = atomic_fetch_add_explicit(&range->next, 1, memory_order_relaxed);
      if (task < range->end) {
        pool->body(pool->argument, task, worker);
      }
    }
  }
}

/* Helps with the open job, if there is one. */
static void join_job(gt_pool *pool, gt_worker *worker) {
  if ((atomic_fetch_add(&pool->gate, 1) & GATE_CLOSED) == 0) {
    run_tasks(pool, worker, (int32_t)(worker - pool->workers) + 1);
  }
  int before = atomic_fetch_sub(&pool->gate, 1);
  if ((before & GATE_WAITING) != 0 && (before & GATE_INSIDE) == 1) {
    futex_wake(&pool->gate, 1);
  }
}

/* Returns the new epoch once it differs from `seen`. */
static unsigned await_epoch(gt_pool *pool, unsigned seen) {
  for (int spin = 0; spin < WORKER_SPINS; spin++) {
    unsigned now = atomic_load_explicit(&pool->epoch, memory_order_acquire);
    if (now != seen) {
      return now;
    }
    relax();
  }
  atomic_fetch_add(&pool->sleepers, 1);
  unsigned now;
  while ((now = atomic_load(&pool->epoch)) == seen) {
    futex_wait(&pool->epoch, seen);
  }
  atomic_fetch_sub(&pool->sleepers, 1);
  return now;
}

typedef struct start {
  gt_pool *pool;
  gt_worker *worker;
} start;

static void *worker_main(void *argument) {
  start s = *(start *)argument;
  free(argument);
  unsigned seen = 0;
  for (;;) {
    seen = await_epoch(s.pool, seen);
    if (atomic_load(&s.pool->stop)) {
      return NULL;
    }
    join_job(s.pool, s.worker);
  }
}

static bool start_worker(gt_pool *pool, int32_t index) {
  start *s = malloc(sizeof *s);
  if (s == NULL) {
    return false;
  }
  *s = (start){.pool = pool, .worker = &pool->workers[index]};
  if (pthread_create(&pool->handles[index], NULL, worker_main, s) != 0) {
    free(s);
    return false;
  }
  char name[32]; /* the kernel takes 15 characters; indexes stay below 1024 */
  snprintf(name, sizeof name, "gatun-%d", index + 1);
  pthread_setname_np(pool->handles[index], name);
  return true;
}

static void stop_workers(gt_pool *pool, int32_t started) {
  atomic_store(&pool->stop, true);
  atomic_fetch_add(&pool->epoch, 1);
  futex_wake(&pool->epoch, INT_MAX);
  for (int32_t i = 0; i < started; i++) {
    pthread_join(pool->handles[i], NULL);
  }
}

static void free_pool(gt_pool *pool) {
  for (int32_t i = 0; pool->workers != NULL && i < pool->threads - 1; i++) {
    gt_memory_free(pool->bytes, pool->workers[i].scratch);
  }
  for (caller_scratch *s = pool->free_scratch, *next; s != NULL; s = next) {
    next = s->next;
    gt_memory_free(pool->bytes, s->worker.scratch);
    free(s);
  }
  pthread_mutex_destroy(&pool->mutex);
  free(pool->workers);
  free(pool->handles);
  free(pool);
}

gt_pool *gt_pool_create(int32_t threads, atomic_int_least64_t *bytes) {
  gt_pool *pool = NULL;
  if (posix_memalign((void **)&pool, CACHE_LINE, sizeof *pool) != 0) {
    return NULL;
  }
  *pool = (gt_pool){.threads = threads, .bytes = bytes};
  atomic_init(&pool->gate, GATE_CLOSED);
  pthread_mutex_init(&pool->mutex, NULL);
  int32_t workers = threads - 1;
  pool->workers = calloc((size_t)gt_max(workers, 1), sizeof *pool->workers);
  pool->handles = calloc((size_t)gt_max(workers, 1), sizeof *pool->handles);
  if (pool->workers == NULL || pool->handles == NULL) {
    free_pool(pool);
    return NULL;
  }
  /* A signal for the host process (a JVM) must not be delivered to our threads. */
  sigset_t all, previous;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &previous);
  int32_t started = 0;
  while (started < workers && start_worker(pool, started)) {
    started++;
  }
  pthread_sigmask(SIG_SETMASK, &previous, NULL);
  if (started < workers) {
    stop_workers(pool, started);
    free_pool(pool);
    return NULL;
  }
  return pool;
}

void gt_pool_destroy(gt_pool *pool) {
  if (pool != NULL) {
    stop_workers(pool, pool->threads - 1);
    free_pool(pool);
  }
}

int32_t gt_pool_threads(const gt_pool *pool) {
  return pool->threads;
}

static caller_scratch *take_scratch(gt_pool *pool, size_t bytes) {
  pthread_mutex_lock(&pool->mutex);
  caller_scratch *scratch = pool->free_scratch;
  if (scratch != NULL) {
    pool->free_scratch = scratch->next;
  }
  pthread_mutex_unlock(&pool->mutex);
  if (scratch == NULL) {
    scratch = calloc(1, sizeof *scratch);
    if (scratch == NULL) {
      return NULL;
    }
  }
  /* On failure it goes back to the list as it is. */
  if (!reserve(pool, &scratch->worker, bytes)) {
    pthread_mutex_lock(&pool->mutex);
    scratch->next = pool->free_scratch;
    pool->free_scratch = scratch;
    pthread_mutex_unlock(&pool->mutex);
    return NULL;
  }
  return scratch;
}

static void give_scratch(gt_pool *pool, caller_scratch *scratch) {
  pthread_mutex_lock(&pool->mutex);
  scratch->next = pool->free_scratch;
  pool->free_scratch = scratch;
  pthread_mutex_unlock(&pool->mutex);
}

/* Sleeps, after a short spin, until no worker is inside the closed gate. */
static void await_empty_gate(gt_pool *pool) {
  for (int spin = 0; spin < CALLER_SPINS; spin++) {
    if (atomic_load_explicit(&pool->gate, memory_order_acquire) == GATE_CLOSED) {
      return;
    }
    relax();
  }
  int gate = atomic_fetch_or(&pool->gate, GATE_WAITING) | GATE_WAITING;
  while ((gate & GATE_INSIDE) != 0) {
    futex_wait(&pool->gate, (unsigned)gate);
    gate = atomic_load(&pool->gate);
  }
  atomic_fetch_and(&pool->gate, ~GATE_WAITING);
}

static void run_with_workers(gt_pool *pool, gt_worker *caller, gt_task *body, void *argument, int64_t tasks,
                             int64_t ranges) {
  pool->body = body;
  pool->argument = argument;
  pool->range_count = (int32_t)gt_min(ranges, tasks);
  for (int32_t i = 0; i < pool->range_count; i++) {
    atomic_store_explicit(&pool->ranges[i].next, gt_split(tasks, pool->range_count, i), memory_order_relaxed);
    pool->ranges[i].end = gt_split(tasks, pool->range_count, i + 1);
  }
  atomic_fetch_and(&pool->gate, ~GATE_CLOSED);
  atomic_fetch_add(&pool->epoch, 1);
  int sleepers = atomic_load(&pool->sleepers);
  if (sleepers > 0) {
    futex_wake(&pool->epoch, (int)gt_min(sleepers, tasks - 1));
  }
  run_tasks(pool, caller, 0);
  atomic_fetch_or(&pool->gate, GATE_CLOSED);
  await_empty_gate(pool);
}

static bool reserve_workers(gt_pool *pool, size_t bytes) {
  for (int32_t i = 0; i < pool->threads - 1; i++) {
    if (!reserve(pool, &pool->workers[i], bytes)) {
      return false;
    }
  }
  return true;
}

static bool run(gt_pool *pool, gt_task *body, void *argument, int64_t tasks, int64_t ranges, size_t scratch_bytes) {
  caller_scratch *scratch = take_scratch(pool, scratch_bytes);
  if (scratch == NULL) {
    return false;
  }
  bool ok = true;
  if (tasks > 1 && pool->threads > 1 && !atomic_exchange_explicit(&pool->busy, true, memory_order_acquire)) {
    ok = reserve_workers(pool, scratch_bytes);
    if (ok) {
      run_with_workers(pool, &scratch->worker, body, argument, tasks, ranges);
    }
    atomic_store_explicit(&pool->busy, false, memory_order_release);
  } else {
    for (int64_t task = 0; task < tasks; task++) {
      body(argument, task, &scratch->worker);
    }
  }
  give_scratch(pool, scratch);
  return ok;
}

bool gt_pool_run(gt_pool *pool, gt_task *body, void *argument, int64_t tasks, size_t scratch_bytes) {
  return run(pool, body, argument, tasks, 1, scratch_bytes);
}

bool gt_pool_run_in_stretches(gt_pool *pool, gt_task *body, void *argument, int64_t tasks, size_t scratch_bytes) {
  return run(pool, body, argument, tasks, gt_min(pool->threads, MAX_RANGES), scratch_bytes);
}

gt_worker *gt_pool_borrow(gt_pool *pool, size_t bytes) {
  caller_scratch *scratch = take_scratch(pool, bytes);
  return scratch == NULL ? NULL : &scratch->worker;
}

void gt_pool_give_back(gt_pool *pool, gt_worker *borrowed) {
  give_scratch(pool, (caller_scratch *)borrowed); /* its first member */
}
