/* Compiled per tier: STREAM_RUN is the name. */
#include "cpu/simd/vec.h"
#include "stream.h"

void STREAM_RUN(const stream *s, int64_t begin, int64_t count);

/* Without it a loop becomes a call of memcpy, which bypasses the cache, or nothing at all. */
GT_INLINE vf keep(vf value) {
  __asm__ volatile("" : "+x"(value));
  return value;
}

GT_INLINE void read_at(const float *a, int64_t count, const int places) {
  const int64_t apart = count / places;
  const int vectors = STREAM_UNIT / GT_VL / places;
  for (int64_t i = 0; i < apart; i += vectors * GT_VL) {
    GT_UNROLL
    for (int p = 0; p < places; p++) {
      GT_UNROLL
      for (int v = 0; v < vectors; v++) {
        keep(vf_load(a + p * apart + i + v * GT_VL));
      }
    }
  }
}

static void copy(const float *a, float *y, int64_t count) {
  for (int64_t i = 0; i < count; i += STREAM_UNIT) {
    GT_UNROLL
    for (int v = 0; v < STREAM_UNIT; v += GT_VL) {
      vf_store(y + i + v, keep(vf_load(a + i + v)));
    }
  }
}

static void add(const float *a, const float *b, float *y, int64_t count) {
  for (int64_t i = 0; i < count; i += STREAM_UNIT) {
    GT_UNROLL
    for (int v = 0; v < STREAM_UNIT; v += GT_VL) {
      vf_store(y + i + v, vf_load(a + i + v) + vf_load(b + i + v));
    }
  }
}

static void spread(const float *a, float *y, int64_t count) {
  for (int64_t i = 0; i < count; i += STREAM_UNIT) {
    GT_UNROLL
    for (int v = 0; v < STREAM_UNIT; v += GT_VL) {
      vf value = keep(vf_load(a + i + v));
      vf_store(y + 2 * (i + v), value);
      vf_store(y + 2 * (i + v) + GT_VL, value);
    }
  }
}

void STREAM_RUN(const stream *s, int64_t begin, int64_t count) {
  switch (s->kind) {
    case STREAM_READ:
      read_at(s->a + begin, count, 1);
      return;
    case STREAM_READ_4:
      read_at(s->a + begin, count, 4);
      return;
    case STREAM_COPY:
      copy(s->a + begin, s->y + begin, count);
      return;
    case STREAM_ADD:
      add(s->a + begin, s->b + begin, s->y + begin, count);
      return;
    case STREAM_SPREAD:
      spread(s->a + begin, s->y + 2 * begin, count);
      return;
  }
}
