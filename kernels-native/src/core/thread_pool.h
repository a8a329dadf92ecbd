/* Fork and join of one op over the context's threads. */
#ifndef GT_THREAD_POOL_H
#define GT_THREAD_POOL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct gt_pool gt_pool;

/* One thread's private scratch while it runs tasks: 64-byte aligned, at least as large as asked for, contents
 * undefined at the start of each task. */
typedef struct gt_worker {
  void *scratch;
  size_t scratch_bytes;
} gt_worker;

/* Runs task `task` of a job. */
typedef void gt_task(void *argument, int64_t task, gt_worker *worker);

/* `threads` >= 1 counts the caller: threads - 1 are started. NULL when a thread or memory can't be had. Scratch is
 * counted in `*bytes`. */
gt_pool *gt_pool_create(int32_t threads, atomic_int_least64_t *bytes);
/* No job may be running. NULL is allowed. */
void gt_pool_destroy(gt_pool *pool);
int32_t gt_pool_threads(const gt_pool *pool);

/* Runs tasks 0 .. tasks - 1, each once, in any order, on the caller and on as many workers as come; returns when all
 * are done. When another caller (or an enclosing task) has the workers, the caller runs all tasks itself, so callers
 * never wait for each other. Returns false, having run nothing, when scratch can't be had; memory is only taken
 * when a caller asks for more scratch than the pool has seen before. */
bool gt_pool_run(gt_pool *pool, gt_task *body, void *argument, int64_t tasks, size_t scratch_bytes);

/* The same; but a thread goes from one task to the next as far as it can, instead of to the next that nobody has: for
 * tasks that fetch what their successor reads. */
bool gt_pool_run_in_stretches(gt_pool *pool, gt_task *body, void *argument, int64_t tasks, size_t scratch_bytes);

/* Memory that all tasks of a caller's jobs share, at least `bytes`, kept by the pool for the next borrower; NULL when
 * it can't be had. */
gt_worker *gt_pool_borrow(gt_pool *pool, size_t bytes);
void gt_pool_give_back(gt_pool *pool, gt_worker *borrowed);

#endif
