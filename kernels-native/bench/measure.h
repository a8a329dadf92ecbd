/*
 * What the benches share. A shared machine changes its speed from minute to minute, so a kernel and what bounds it are
 * measured in turns and compared pair by pair. One thread is measured in its own CPU time, which other processes don't
 * lengthen; more threads in elapsed time.
 */
#ifndef GT_MEASURE_H
#define GT_MEASURE_H

#include <stddef.h>
#include <stdint.h>

#include "core/arithmetic.h"
#include "core/thread_pool.h"
#include "cpu/context.h"
#include "gatun.h"
#include "peak.h"
#include "stream.h"

/* Of the calling thread when `threads` is 1, else elapsed. */
double seconds(int32_t threads);

/* The value below which `part` of them lie; sorts. quantile(v, n, 0.5) is the median. */
double quantile(double *values, int64_t count, double part);

typedef struct team_time {
  double span;    /* first begin to last end */
  double inverse; /* sum of 1 / own time: times what each thread does, it is their rate, without waiting for any */
} team_time;

/* Runs part(argument, thread) on every thread of the pool, all at the same time: they wait for each other before they
 * begin. Fork and join are outside of the times. */
team_time run_team(gt_pool *pool, void (*part)(void *argument, int32_t thread), void *argument);

typedef struct measurement {
  double rate;  /* GFLOP/s, median */
  double best;  /* GFLOP/s of the fastest turn: what is left of a machine that others use, too */
  double peak;  /* GFLOP/s, median */
  double share; /* median of the paired ratios */
} measurement;

/* Runs `body` often enough, in turns with the peak. `work` in floating point operations of one call. */
measurement measure(gt_context *context, gt_peak_kind kind, double work, void (*body)(void *argument), void *argument);

typedef struct comparison {
  double seconds; /* of one call, median */
  double ceiling; /* seconds of the fastest stream, median */
  double ratio;   /* median of the paired seconds / ceiling */
} comparison;

/* Runs `body` in turns with plain loops over memory; each time the fastest of them counts. */
comparison compare(gt_context *context, const stream *streams, int32_t stream_count, void (*body)(void *argument),
                   void *argument);

/* Runs two calls in turns: returns the median seconds of `first`, *ratio is that of the paired times second / first. */
double compare_calls(gt_context *context, void (*body)(void *argument), void *first, void *second, double *ratio);

/* Exits with the message unless the status is GT_OK. */
void require(gt_status status, const char *message);

void *allocate(gt_context *context, int64_t bytes);
/* Uniform in -1 .. 1. */
float *random_floats(gt_context *context, int64_t count);
uint16_t *rounded_to_bf16(gt_context *context, const float *x, int64_t count);
/* Filled with random weights, from `source` when it isn't NULL. */
gt_linear *random_linear(gt_context *context, int64_t in_features, int64_t out_features, int32_t compute_dtype,
                         const float *source);

/* Runs `bench` for the tiers above the reference that `arguments` name, [tier [threads]], NULL behind the last;
 * returns main's result. `usage` comes before the list of tiers. */
int bench_tiers(char **arguments, const char *usage, void (*bench)(gt_context *context));

#endif
