/* Plain vectorised loops over memory, on all threads of a pool: what kernels that move data are compared with. */
#ifndef GT_STREAM_H
#define GT_STREAM_H

#include <stdint.h>

#include "core/thread_pool.h"

/* Floats: kernels take multiples of it. */
enum { STREAM_UNIT = 64 };

typedef enum stream_kind {
  STREAM_READ,   /* a */
  STREAM_READ_4, /* the same, at four places at once per thread */
  STREAM_COPY,   /* y = a; y may be a */
  STREAM_ADD,    /* y = a + b: reads twice what it writes; y may be a */
  STREAM_SPREAD, /* y = a, a: writes twice what it reads */
} stream_kind;

typedef struct stream {
  stream_kind kind;
  int64_t count; /* floats of a; whole 256 bytes are counted and moved */
  const float *a;
  const float *b;
  float *y;
} stream;

/* Bytes read and written. */
double stream_bytes(const stream *s);

/* Seconds of one pass, from the first thread's begin to the last one's end. Sets that caches may hold are passed over
 * many times by the same threads; larger ones are dealt out by the piece, so that no thread waits for another. */
double stream_seconds(gt_pool *pool, const stream *s);

#endif
