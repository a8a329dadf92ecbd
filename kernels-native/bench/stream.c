#include "stream.h"

#include <stdatomic.h>

#include "measure.h"

enum { PIECE = 1 << 18 /* floats */, MOST_CACHED = 128 << 20, TURN_BYTES = 512 << 20 };

typedef void stream_run(const stream *s, int64_t begin, int64_t count);

stream_run stream_run_avx2, stream_run_avx512;

typedef struct stream_job {
  const stream *stream;
  stream_run *run;
  int64_t units;
  int64_t passes;
  int64_t pieces;
  atomic_int_least64_t next;
} stream_job;

static void run_split(const stream_job *job, int64_t index) {
  int64_t begin = gt_split(job->units, job->pieces, index), end = gt_split(job->units, job->pieces, index + 1);
  job->run(job->stream, begin * STREAM_UNIT, (end - begin) * STREAM_UNIT);
}

static void stream_part(void *argument, int32_t thread) {
  stream_job *job = argument;
  if (job->passes > 1) {
    for (int64_t pass = 0; pass < job->passes; pass++) {
      run_split(job, thread);
    }
    return;
  }
  int64_t piece;
  while ((piece = atomic_fetch_add(&job->next, 1)) < job->pieces) {
    run_split(job, piece);
  }
}

double stream_bytes(const stream *s) {
  static const int moved[] = {
      [STREAM_READ] = 1, [STREAM_READ_4] = 1, [STREAM_COPY] = 2, [STREAM_ADD] = 3, [STREAM_SPREAD] = 3};
  return (double)(s->count / STREAM_UNIT * STREAM_UNIT) * (double)sizeof(float) * moved[s->kind];
}

double stream_seconds(gt_pool *pool, const stream *s) {
  const double bytes = stream_bytes(s);
  stream_job job = {.stream = s,
                    .run = gt_best_tier() >= GT_TIER_AVX512 ? stream_run_avx512 : stream_run_avx2,
                    .units = s->count / STREAM_UNIT,
                    .passes = bytes > MOST_CACHED ? 1 : (int64_t)(TURN_BYTES / bytes) + 1};
  job.pieces = job.passes > 1 ? gt_pool_threads(pool) : gt_ceil_div(s->count, PIECE);
  return run_team(pool, stream_part, &job).span / (double)job.passes;
}
