/* Stretches of ops as CUDA graphs: the numbers of ops called alone, whatever a stretch asks of staging and scratch. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "harness.h"

enum { FEATURES = 24, VOCABULARY = 50, STEPS = 6 };

static char message[512];

static float *device_copy(gt_context *context, const void *host, size_t bytes) {
  void *memory = NULL;
  CHECK_OK(gt_allocate(context, bytes, &memory, message, sizeof message));
  CHECK_OK(gt_upload(context, memory, host, bytes, message, sizeof message));
  return memory;
}

typedef struct scene {
  gt_context *context, *fork;
  gt_linear *linear;
  float *table, *ones, *x, *y;
} scene;

static scene make(int64_t most_rows) {
  scene s = {0};
  s.context = create_context(GT_TIER_AUTO, 1);
  CHECK_OK(gt_context_fork(s.context, &s.fork, message, sizeof message));
  float weight[FEATURES * FEATURES], table[VOCABULARY * FEATURES], ones[FEATURES];
  random_fill(weight, FEATURES * FEATURES);
  random_fill(table, VOCABULARY * FEATURES);
  for (int i = 0; i < FEATURES; i++) {
    ones[i] = 1;
  }
  CHECK_OK(gt_linear_create(s.context, FEATURES, FEATURES, GT_F32, 0, &s.linear, message, sizeof message));
  CHECK_OK(gt_linear_pack(s.context, s.linear, 0, FEATURES, weight, GT_F32, GT_OUT_IN, NULL, GT_F32, message,
                          sizeof message));
  s.table = device_copy(s.context, table, sizeof table);
  s.ones = device_copy(s.context, ones, sizeof ones);
  void *memory = NULL;
  CHECK_OK(gt_allocate(s.context, (size_t)most_rows * FEATURES * sizeof(float), &memory, message, sizeof message));
  s.x = memory;
  CHECK_OK(gt_allocate(s.context, (size_t)most_rows * FEATURES * sizeof(float), &memory, message, sizeof message));
  s.y = memory;
  return s;
}

static void unmake(scene *s) {
  gt_free(s->context, s->table);
  gt_free(s->context, s->ones);
  gt_free(s->context, s->x);
  gt_free(s->context, s->y);
  gt_linear_destroy(s->context, s->linear);
  gt_context_destroy(s->fork);
  gt_context_destroy(s->context);
}

/* Some ops of a model's step: y = norm(linear(table[ids])), the ids staged anew each time. */
static void step(const scene *s, gt_context *on, const int32_t *ids, int64_t rows) {
  const gt_linear_params params = {
      .struct_size = sizeof params, .rows = rows, .x_stride = FEATURES, .y_stride = FEATURES, .scale = 1};
  CHECK_OK(gt_embed(on, s->table, GT_F32, VOCABULARY, FEATURES, FEATURES, ids, rows, 0, s->x, FEATURES, message,
                    sizeof message));
  CHECK_OK(gt_linear_forward(on, s->linear, s->x, NULL, s->y, &params, message, sizeof message));
  CHECK_OK(gt_rms_norm(on, s->y, s->ones, s->y, rows, FEATURES, FEATURES, FEATURES, 1e-6f, message, sizeof message));
}

static void download(const scene *s, float *y, int64_t rows) {
  CHECK_OK(gt_download(s->fork, y, s->y, (size_t)rows * FEATURES * sizeof(float), message, sizeof message));
}

/* Each step with ids of its own; `rows` of a step change in the middle, and with them the kernels' grids. */
static void same_numbers(void) {
  scene s = make(8);
  float alone[8 * FEATURES], gathered[8 * FEATURES];
  for (int i = 0; i < STEPS; i++) {
    const int64_t rows = i < STEPS / 2 ? 3 : 8;
    int32_t ids[8];
    for (int r = 0; r < 8; r++) {
      ids[r] = (int32_t)random_below(VOCABULARY);
    }
    step(&s, s.fork, ids, rows);
    download(&s, alone, rows);
    CHECK_OK(gt_graph_begin(s.fork, message, sizeof message));
    step(&s, s.fork, ids, rows);
    memset(ids, 0x7f, sizeof ids); /* the caller's again */
    CHECK_OK(gt_graph_end(s.fork, message, sizeof message));
    download(&s, gathered, rows);
    CHECK(memcmp(alone, gathered, (size_t)rows * FEATURES * sizeof(float)) == 0, "step %d of %lld rows differs", i,
          (long long)rows);
  }
  unmake(&s);
}

/* More index arrays in one stretch than the ring holds, and one that is larger than it. */
static void more_than_is_staged(void) {
  enum { ROWS = 1 << 15, CALLS = 20 };
  scene s = make(ROWS);
  int32_t *ids = malloc(ROWS * sizeof *ids);
  float *y = malloc((size_t)ROWS * FEATURES * sizeof *y);
  float table[VOCABULARY * FEATURES];
  CHECK_OK(gt_download(s.context, table, s.table, sizeof table, message, sizeof message));
  CHECK_OK(gt_graph_begin(s.fork, message, sizeof message));
  for (int call = 0; call < CALLS; call++) {
    const int64_t rows = call == CALLS - 1 ? ROWS : ROWS / 4;
    for (int64_t r = 0; r < rows; r++) {
      ids[r] = (int32_t)random_below(VOCABULARY);
    }
    CHECK_OK(gt_embed(s.fork, s.table, GT_F32, VOCABULARY, FEATURES, FEATURES, ids, rows, 0, s.y, FEATURES, message,
                      sizeof message));
  }
  CHECK_OK(gt_graph_end(s.fork, message, sizeof message));
  download(&s, y, ROWS);
  int64_t wrong = 0;
  for (int64_t r = 0; r < ROWS; r++) {
    wrong += memcmp(y + r * FEATURES, table + ids[r] * FEATURES, FEATURES * sizeof *y) != 0;
  }
  CHECK(wrong == 0, "%lld of %d rows differ", (long long)wrong, ROWS);
  free(ids);
  free(y);
  unmake(&s);
}

/* More scratch is asked for while what is queued still uses what there is; in a stretch too. */
static void scratch_that_grows(void) {
  enum { FEW = 200, MANY = 2000 };
  scene s = make(MANY);
  gt_linear *linear = NULL;
  const float weight[FEATURES] = {1};
  CHECK_OK(gt_linear_create(s.context, FEATURES, 1, GT_BF16, 0, &linear, message, sizeof message));
  CHECK_OK(gt_linear_pack(s.context, linear, 0, 1, weight, GT_F32, GT_OUT_IN, NULL, GT_F32, message, sizeof message));
  float *x = calloc(MANY * FEATURES, sizeof *x), y[MANY];
  for (int r = 0; r < MANY; r++) {
    x[r * FEATURES] = (float)(r % 100);
  }
  CHECK_OK(gt_upload(s.context, s.x, x, MANY * FEATURES * sizeof *x, message, sizeof message));
  CHECK_OK(gt_graph_begin(s.fork, message, sizeof message));
  for (int64_t rows = FEW; rows <= MANY; rows += MANY - FEW) {
    const gt_linear_params params = {
        .struct_size = sizeof params, .rows = rows, .x_stride = FEATURES, .y_stride = 1, .scale = 1};
    CHECK_OK(gt_linear_forward(s.fork, linear, s.x, NULL, s.y, &params, message, sizeof message));
  }
  CHECK_OK(gt_graph_end(s.fork, message, sizeof message));
  CHECK_OK(gt_download(s.fork, y, s.y, sizeof y, message, sizeof message));
  for (int r = 0; r < MANY; r++) {
    CHECK(y[r] == (float)(r % 100), "row %d is %g", r, (double)y[r]);
  }
  free(x);
  gt_linear_destroy(s.context, linear);
  unmake(&s);
}

static void refusals(void) {
  scene s = make(8);
  float y[FEATURES];
  int32_t ids[1] = {7}, indices[1];
  CHECK_FAILS(GT_INVALID_ARGUMENT, "only a fork", gt_graph_begin(s.context, message, sizeof message));
  CHECK_OK(gt_graph_begin(s.fork, message, sizeof message));
  CHECK_FAILS(GT_INVALID_ARGUMENT, "not ended", gt_graph_begin(s.fork, message, sizeof message));
  step(&s, s.fork, ids, 1);
  CHECK_FAILS(GT_INVALID_ARGUMENT, "gt_graph_begin", gt_download(s.fork, y, s.y, sizeof y, message, sizeof message));
  CHECK_FAILS(GT_INVALID_ARGUMENT, "gt_graph_begin",
              gt_argmax(s.fork, s.y, 1, FEATURES, FEATURES, indices, message, sizeof message));
  CHECK_FAILS(GT_INVALID_ARGUMENT, "gt_graph_begin", gt_synchronize(s.fork, message, sizeof message));
  CHECK_OK(gt_graph_end(s.fork, message, sizeof message));
  CHECK_OK(gt_graph_end(s.fork, message, sizeof message)); /* nothing to end: nothing done */
  download(&s, y, 1);
  CHECK(isfinite(y[0]), "the stretch gave %g", (double)y[0]);
  /* An empty one, and a fork that goes in the middle of one. */
  CHECK_OK(gt_graph_begin(s.fork, message, sizeof message));
  CHECK_OK(gt_graph_end(s.fork, message, sizeof message));
  CHECK_OK(gt_graph_begin(s.fork, message, sizeof message));
  step(&s, s.fork, ids, 1);
  unmake(&s);
}

int main(void) {
  RUN(same_numbers);
  RUN(more_than_is_staged);
  RUN(scratch_that_grows);
  RUN(refusals);
  return finish();
}
