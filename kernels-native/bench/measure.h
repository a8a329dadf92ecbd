/* Paired measurement of a kernel and the peak of the multiply-add units. */
#ifndef GT_MEASURE_H
#define GT_MEASURE_H

#include <stddef.h>
#include <stdint.h>

#include "core/thread_pool.h"
#include "gatun.h"

typedef struct measurement {
  double rate;  /* GFLOP/s, median */
  double best;  /* GFLOP/s of the fastest turn: what is left of a machine that others use, too */
  double peak;  /* GFLOP/s, median */
  double share; /* median of the paired ratios */
} measurement;

/* Runs `body` often enough, in turns with the peak. `work` in floating point operations of one call. One thread is
 * measured in its own CPU time, which other processes don't lengthen; more threads in elapsed time. */
measurement measure(gt_pool *pool, int32_t tier, double work, void (*body)(void *argument), void *argument);

/* Exits with the message unless the status is GT_OK. */
void require(gt_status status, const char *message);

/* Uniform in -1 .. 1. */
float *random_floats(gt_context *context, int64_t count);

#endif
