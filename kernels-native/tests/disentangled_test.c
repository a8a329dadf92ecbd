/* gt_disentangled_attention on every tier against a naive double-precision one that writes out all scores. */
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "disentangled_scene.h"

static gt_context *contexts[2]; /* of the tier under test: 1 and 3 threads */

static void try_shape(const shape *s) {
  if (skip_case()) {
    return;
  }
  char message[256];
  char what[256];
  snprintf(what, sizeof what, "lengths %d, %d.. batch %d heads %d dim %d reach %d kind %d without k %d, q %d",
           s->lengths[0], s->lengths[1], s->batch, s->heads, s->dim, s->reach, s->kind, s->no_k, s->no_q);
  scene c = make_scene(s);
  expect(&c);
  for (int i = first_context(contexts[0]); i < 2; i++) {
    clear_out(&c);
    if (kernels_of(contexts[i]) != NULL) {
      poison_scratch(contexts[i], kernels_of(contexts[i])->disentangled_f32_f32->scratch_bytes(&c.p));
    }
    gt_status status = run(&c, contexts[i], message, sizeof message);
    CHECK(status == GT_OK, "%s: status %d: %s", what, status, message);
    const double error = worst_error(&c, what);
    CHECK(error <= 2e-6, "%s: tier %s, %d threads: error %.3g", what, gt_tier_name(gt_context_tier(contexts[i])),
          gt_context_threads(contexts[i]), error);
  }
  free_scene(&c);
}

static void with_contexts(const gt_kernel_table *kernels, void (*body)(void)) {
  contexts[0] = create_context(kernels->tier, 1);
  contexts[1] = create_context(kernels->tier, 3);
  body();
  gt_context_destroy(contexts[0]);
  gt_context_destroy(contexts[1]);
}

#define ON_EVERY_TIER(name, body)                              \
  static void name##_of_tier(const gt_kernel_table *kernels) { \
    with_contexts(kernels, body);                              \
  }                                                            \
  static void name(void) {                                     \
    for_each_tier(name##_of_tier);                             \
  }

static void try_lengths(void) {
  static const int32_t lengths[] = {1, 2, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65, 100, 129, 250};
  for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
    const int32_t n = lengths[i];
    try_shape(&(shape){1, {n}, 2, 64, 300, EACH, false, false, 0});
    try_shape(&(shape){1, {n}, 1, 24, 40, EACH, false, false, 5});
    try_shape(&(shape){1, {n}, 2, 16, 400, BUCKETS, false, false, 3});
    try_shape(&(shape){1, {n}, 1, 16, 1, RANDOM, false, false, 1});
  }
}
ON_EVERY_TIER(all_lengths, try_lengths)

static void try_head_dims(void) {
  static const int32_t dims[] = {1, 2, 5, 7, 8, 13, 16, 33, 64, 80, 128, 255, 512};
  for (size_t i = 0; i < sizeof dims / sizeof dims[0]; i++) {
    try_shape(&(shape){2, {40, 3}, 2, dims[i], 60, EACH, false, false, 0});
    try_shape(&(shape){2, {1, 75}, 1, dims[i], 60, BUCKETS, false, false, 7});
  }
}
ON_EVERY_TIER(all_head_dims, try_head_dims)

static void try_kinds(void) {
  static const index_kind kinds[] = {EACH, BUCKETS, CONSTANT, RANDOM};
  for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
    for (int without = 0; without <= 3; without++) {
      const bool no_k = (without & 1) != 0, no_q = (without & 2) != 0;
      try_shape(&(shape){2, {150, 20}, 3, 20, 130, kinds[i], no_k, no_q, 2});
      try_shape(&(shape){1, {90}, 1, 40, 1, kinds[i], no_k, no_q, 0});
    }
  }
}
ON_EVERY_TIER(index_kinds, try_kinds)

static void try_ragged(void) {
  try_shape(&(shape){7, {0, 5, 0, 70, 1, 16, 0}, 3, 24, 30, EACH, false, false, 2});
  try_shape(&(shape){8, {64, 64, 1, 65, 63, 128, 0, 2}, 2, 32, 200, BUCKETS, false, false, 0});
  try_shape(&(shape){3, {0, 0, 0}, 2, 8, 5, EACH, false, false, 0});
  try_shape(&(shape){.heads = 1, .dim = 4, .reach = 3});
}
ON_EVERY_TIER(ragged_batches, try_ragged)

/* As in attention_test.c: infinities and NaN where softmax is defined, never a crash. */
static void try_extremes(void) {
  char message[256];
  scene c = make_scene(&(shape){1, {100}, 1, 8, 50, BUCKETS, false, false, 0});
  float *q = c.q.data, *k = c.k.data, *v = c.v.data, *out = c.out.data;
  memset(c.position_k.data, 0, 50 * 8 * sizeof(float));
  memset(c.position_q.data, 0, 50 * 8 * sizeof(float));
  for (int64_t i = 0; i < 800; i++) {
    q[i] = 1;
    k[i] = i % 8 == 0 ? (float)(i / 8) * 100 : 0;
  }
  c.p.scale = 1;
  CHECK_OK(run(&c, contexts[0], message, sizeof message)); /* growing scores: the last key takes all */
  check_close("growing", out, v + 99 * 8, 8, 0, 1e-6);
  for (int64_t j = 0; j < 100; j++) {
    k[j * 8] = -INFINITY;
  }
  memset(c.position_q.data, 0, 50 * 8 * sizeof(float));
  c.position_q.data = NULL; /* 0 times infinity is no score */
  CHECK_OK(run(&c, contexts[0], message, sizeof message));
  for (int d = 0; d < 8; d++) {
    CHECK(out[d] == 0, "-infinity everywhere gave %g at %d", (double)out[d], d);
  }
  k[40 * 8] = NAN;
  CHECK_OK(run(&c, contexts[0], message, sizeof message));
  for (int d = 0; d < 8; d++) {
    CHECK(isnan(out[d]), "a NaN score gave %g at %d", (double)out[d], d);
  }
  free_scene(&c);
}
ON_EVERY_TIER(extreme_scores, try_extremes)

/* The same numbers, bit for bit, whoever computes them. */
static void try_threads(void) {
  char message[256];
  scene c = make_scene(&(shape){3, {150, 20, 64}, 4, 32, 200, BUCKETS, false, false, 0});
  const size_t bytes = (size_t)(c.cu[3] * c.p.out_stride) * sizeof(float);
  float *first = malloc(bytes);
  CHECK_OK(run(&c, contexts[0], message, sizeof message));
  memcpy(first, c.out.data, bytes);
  CHECK_OK(run(&c, contexts[1], message, sizeof message));
  CHECK(memcmp(first, c.out.data, bytes) == 0, "1 and 3 threads differ with %d heads", c.p.num_heads);
  free(first);
  free_scene(&c);
}
ON_EVERY_TIER(any_number_of_threads, try_threads)

static void refuses_bad_arguments(void) {
  char message[256];
  gt_context *context = create_context(GT_TIER_AUTO, 1);
  scene c = make_scene(&(shape){2, {3, 4}, 4, 8, 5, EACH, false, false, 0});
  clear_out(&c);
  const gt_disentangled_params good = c.p;
#define REFUSED(part, change)                                                          \
  do {                                                                                 \
    c.p = good;                                                                        \
    change;                                                                            \
    CHECK_FAILS(GT_INVALID_ARGUMENT, part, run(&c, context, message, sizeof message)); \
  } while (0)
  REFUSED("struct_size", c.p.struct_size = 8);
  REFUSED("batch is -1", c.p.batch = -1);
  REFUSED("num_heads is 0", c.p.num_heads = 0);
  REFUSED("head_dim is 0", c.p.head_dim = 0);
  REFUSED("head_dim is 513", c.p.head_dim = 513);
  REFUSED("scale is nan", c.p.scale = NAN);
  REFUSED("max_distance is 0", c.p.max_distance = 0);
  REFUSED("compute_dtype is 1", c.p.compute_dtype = GT_F16);
  REFUSED("q_stride 31", c.p.q_stride = 31);
  REFUSED("k_stride 0", c.p.k_stride = 0);
  REFUSED("v_stride -9", c.p.v_stride = -9);
  REFUSED("out_stride 31", c.p.out_stride = 31);
  REFUSED("position_k_stride 31", c.p.position_k_stride = 31);
  REFUSED("position_q_stride 31", c.p.position_q_stride = 31);
  REFUSED("distance 5 is 10; there are 10 positions", c.p.positions = 10);
  ((int32_t *)c.index.data)[1] = -1;
  REFUSED("distance -4 is -1", (void)0);
  ((int32_t *)c.index.data)[1] = 1;
  REFUSED("cu_seqlens[0] is 1", c.cu[0] = 1);
  c.cu[0] = 0;
  REFUSED("cu_seqlens falls from 3 to 2", c.cu[2] = 2);
  c.cu[2] = 7;
  c.p = good;
  const scene whole = c;
  REFUSED("q is NULL", c.q.data = NULL);
  c = whole;
  REFUSED("k is NULL", c.k.data = NULL);
  c = whole;
  REFUSED("v is NULL", c.v.data = NULL);
  c = whole;
  REFUSED("position_index is NULL", c.index.data = NULL);
  c = whole;
  REFUSED("out is NULL", c.out.data = NULL);
  c = whole;
  const float *out = c.out.data;
  for (int64_t i = 0; i < 7 * good.out_stride; i++) {
    CHECK(isnan(out[i]), "a refused call wrote %g at %lld", (double)out[i], (long long)i);
  }
  free_scene(&c);
  gt_context_destroy(context);
}

static gt_context *shared_context;
static void *call_often(void *argument) {
  char message[256];
  scene *c = argument;
  for (int i = 0; i < 10; i++) {
    clear_out(c);
    CHECK_OK(run(c, shared_context, message, sizeof message));
    const double error = worst_error(c, "concurrent");
    CHECK(error <= 2e-6, "error %.3g in call %d", error, i);
  }
  return NULL;
}

static void concurrent_callers(void) {
  static const shape shapes[] = {
      {2, {70, 3}, 2, 64, 100, EACH, false, false, 0},
      {1, {200}, 3, 16, 100, BUCKETS, false, true, 0},
      {3, {1, 80, 20}, 8, 32, 9, RANDOM, true, false, 0},
  };
  enum { CALLERS = sizeof shapes / sizeof shapes[0] };
  scene scenes[CALLERS];
  pthread_t callers[CALLERS];
  shared_context = create_context(GT_TIER_AUTO, 3);
  for (int i = 0; i < CALLERS; i++) {
    scenes[i] = make_scene(&shapes[i]);
    expect(&scenes[i]);
  }
  for (int i = 0; i < CALLERS; i++) {
    pthread_create(&callers[i], NULL, call_often, &scenes[i]);
  }
  for (int i = 0; i < CALLERS; i++) {
    pthread_join(callers[i], NULL);
    free_scene(&scenes[i]);
  }
  gt_context_destroy(shared_context);
}

/* Scratch depends on the head size, not on the length. */
static void memory_does_not_grow(void) {
  char message[256];
  int64_t before = 0;
  for (int32_t n = 64; n <= 4096; n *= 8) {
    if (n > 64 && skip_case()) {
      break;
    }
    gt_context *context = create_context(GT_TIER_AUTO, 1);
    scene c = make_scene(&(shape){1, {n}, 1, 64, 500, BUCKETS, false, false, 0});
    CHECK_OK(run(&c, context, message, sizeof message));
    const int64_t bytes = gt_context_bytes(context);
    CHECK(n == 64 || bytes == before, "%d tokens take %lld bytes, an eighth of them %lld", n, (long long)bytes,
          (long long)before);
    before = bytes;
    free_scene(&c);
    gt_context_destroy(context);
  }
}

int main(void) {
  RUN(all_lengths);
  RUN(all_head_dims);
  RUN(index_kinds);
  RUN(ragged_batches);
  RUN(extreme_scores);
  RUN(any_number_of_threads);
  RUN(refuses_bad_arguments);
  RUN(concurrent_callers);
  RUN(memory_does_not_grow);
  return finish();
}
