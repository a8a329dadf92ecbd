/* gt_attention on every tier against a naive double-precision attention that writes out all scores. */
#include <float.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "attention_scene.h"

static const int32_t lengths[] = {1, 2, 3, 15, 16, 17, 31, 64, 100, 129, 300};

static void try_lengths(void) {
  for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
    for (int32_t causal = 0; causal <= 1; causal++) {
      int32_t n = lengths[i];
      try_shape(&(shape){1, {n}, {n}, 2, 2, 64, 64, causal, 0, 0, 0});
      try_shape(&(shape){1, {n}, {n + 37}, 2, 1, 32, 32, causal, 0, 0, 5});
      try_shape(&(shape){1, {n}, {(n + 1) / 2}, 1, 1, 16, 24, causal, 0, 0, 1});
      try_shape(&(shape){1, {1}, {n}, 4, 2, 64, 64, causal, 0, 0, 3});
    }
  }
}
static void lengths_of_tier(const gt_kernel_table *kernels) {
  with_contexts(kernels, try_lengths);
}
static void all_lengths(void) {
  for_each_tier(lengths_of_tier);
}

static void try_head_dims(void) {
  static const int32_t dims[] = {1, 2, 5, 7, 8, 13, 16, 33, 48, 64, 80, 96, 128, 160, 256, 511, 512};
  for (size_t i = 0; i < sizeof dims / sizeof dims[0]; i++) {
    int32_t other = dims[(i + 5) % (sizeof dims / sizeof dims[0])];
    try_shape(&(shape){2, {40, 3}, {40, 19}, 2, 1, dims[i], dims[i], 1, 0, 0, 0});
    try_shape(&(shape){2, {1, 33}, {150, 33}, 2, 2, dims[i], other, 0, 0, 0, 7});
  }
}
static void head_dims_of_tier(const gt_kernel_table *kernels) {
  with_contexts(kernels, try_head_dims);
}
static void all_head_dims(void) {
  for_each_tier(head_dims_of_tier);
}

static void try_ragged(void) {
  for (int32_t causal = 0; causal <= 1; causal++) {
    try_shape(&(shape){7, {0, 5, 0, 40, 1, 16, 0}, {3, 5, 0, 40, 100, 0, 9}, 3, 3, 24, 24, causal, 0, 0, 2});
    try_shape(&(shape){4, {129, 1, 17, 300}, {129, 1, 17, 300}, 2, 2, 64, 64, causal, 0, 0, 0});
    try_shape(&(shape){3, {0, 0, 0}, {0, 4, 0}, 2, 2, 8, 8, causal, 0, 0, 0});
    try_shape(&(shape){1, {50}, {20}, 2, 2, 16, 16, causal, 0, 0, 0}); /* 30 queries see nothing when causal */
    try_shape(&(shape){1, {200}, {20}, 2, 2, 16, 16, causal, 0, 0, 0});
  }
  try_shape(&(shape){.heads = 1, .kv_heads = 1, .dim = 4, .v_dim = 4});
}
static void ragged_of_tier(const gt_kernel_table *kernels) {
  with_contexts(kernels, try_ragged);
}
static void ragged_batches(void) {
  for_each_tier(ragged_of_tier);
}

static void try_groups(void) {
  static const int32_t ratios[] = {1, 2, 3, 8, 71, 150};
  for (size_t i = 0; i < sizeof ratios / sizeof ratios[0]; i++) {
    for (int32_t causal = 0; causal <= 1; causal++) {
      int32_t r = ratios[i];
      try_shape(&(shape){2, {21, 50}, {21, 90}, r * 2, 2, 16, 16, causal, 0, 0, 0});
      try_shape(&(shape){3, {1, 1, 2}, {300, 77, 200}, r, 1, 40, 40, causal, 0, 0, 0});
      try_shape(&(shape){2, {1, 4}, {30, 60}, r, 1, 24, 24, causal, 12, 0, 0});
    }
  }
}
static void groups_of_tier(const gt_kernel_table *kernels) {
  with_contexts(kernels, try_groups);
}
static void grouped_heads(void) {
  for_each_tier(groups_of_tier);
}

static void try_biases(void) {
  static const int32_t distances[] = {1, 7, 20, 128, 400};
  for (size_t i = 0; i < sizeof distances / sizeof distances[0]; i++) {
    for (int32_t causal = 0; causal <= 1; causal++) {
      try_shape(&(shape){1, {170}, {170}, 2, 2, 32, 32, causal, distances[i], 0, 0});
      try_shape(&(shape){2, {40, 17}, {150, 5}, 4, 2, 16, 16, causal, distances[i], 0, 0});
      try_shape(&(shape){3, {1, 2, 3}, {300, 2, 90}, 2, 2, 32, 32, causal, distances[i], 16, 0});
    }
  }
}
static void biases_of_tier(const gt_kernel_table *kernels) {
  with_contexts(kernels, try_biases);
}
static void distance_biases(void) {
  for_each_tier(biases_of_tier);
}

static void try_blocks(void) {
  static const int32_t sizes[] = {1, 3, 16, 64, 500};
  for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
    for (int32_t causal = 0; causal <= 1; causal++) {
      try_shape(&(shape){4, {1, 40, 0, 3}, {200, 140, 5, 3}, 4, 2, 33, 20, causal, 0, sizes[i], 1});
    }
  }
}

/* The same numbers, bit for bit, wherever the keys lie. */
static void compare_blocks(void) {
  char message[256];
  shape s = {3, {1, 150, 20}, {290, 150, 77}, 4, 2, 64, 64, 1, 0, 0, 0};
  scene c = make_scene(&s);
  size_t bytes = (size_t)(c.q_tokens * c.p.out_stride) * sizeof(float);
  float *contiguous = malloc(bytes);
  CHECK_OK(run(&c, contexts[0], message, sizeof message));
  memcpy(contiguous, c.out.data, bytes);
  CHECK_OK(run(&c, contexts[1], message, sizeof message));
  CHECK(memcmp(contiguous, c.out.data, bytes) == 0, "1 and 3 threads differ with %d heads", s.heads);
  page(&c, 16);
  memset(c.out.data, 0xff, bytes);
  CHECK_OK(run(&c, contexts[0], message, sizeof message));
  CHECK(memcmp(contiguous, c.out.data, bytes) == 0, "paged and contiguous differ with blocks of %d", 16);
  free(contiguous);
  free_scene(&c);
}
static void blocks_of_tier(const gt_kernel_table *kernels) {
  with_contexts(kernels, try_blocks);
  with_contexts(kernels, compare_blocks);
}
static void paged_keys(void) {
  for_each_tier(blocks_of_tier);
}

/* Few heads, long keys: the keys are split over threads, and the result doesn't depend on who comes first. */
static void try_decode(void) {
  char message[256];
  try_shape(&(shape){1, {1}, {3000}, 1, 1, 64, 64, 1, 0, 0, 0});
  try_shape(&(shape){1, {1}, {3000}, 4, 1, 80, 80, 1, 50, 32, 0});
  try_shape(&(shape){2, {1, 1}, {2500, 7}, 1, 1, 64, 33, 1, 0, 0, 0});
  try_shape(&(shape){1, {20}, {2000}, 1, 1, 64, 64, 1, 0, 0, 0});
  try_shape(&(shape){1, {20}, {1000}, 2, 1, 64, 64, 0, 9, 16, 0});
  scene c = make_scene(&(shape){1, {1}, {3000}, 1, 1, 64, 64, 1, 0, 0, 0});
  float first[64];
  for (int i = 0; i < 50; i++) {
    CHECK_OK(run(&c, contexts[1], message, sizeof message));
    if (i == 0) {
      memcpy(first, c.out.data, sizeof first);
    }
    CHECK(memcmp(first, c.out.data, sizeof first) == 0, "run %d differs from run 0", i);
  }
  free_scene(&c);
}
static void decode_of_tier(const gt_kernel_table *kernels) {
  with_contexts(kernels, try_decode);
}
static void decoding(void) {
  for_each_tier(decode_of_tier);
}

/* Scores near the end of the range, -infinity, infinity and NaN: right where softmax is defined, never a crash. */
static void try_extremes(void) {
  char message[256];
  static const int32_t rows[] = {1, 20};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    shape s = {1, {rows[i]}, {200}, 1, 1, 8, 8, 0, 0, 0, 0};
    scene c = make_scene(&s);
    float *q = c.q.data, *k = c.k.data, *v = c.v.data, *out = c.out.data;
    for (int64_t j = 0; j < 200 * 8; j++) {
      k[j] = j % 8 == 0 ? (float)(j / 8) * 100 : 0;
    }
    for (int64_t j = 0; j < rows[i] * 8; j++) {
      q[j] = 1;
    }
    c.p.scale = 1;
    CHECK_OK(run(&c, contexts[0], message, sizeof message)); /* growing scores: the last key takes all */
    check_close("growing", out, v + 199 * 8, 8, 0, 1e-6);
    for (int64_t j = 0; j < rows[i] * 8; j++) {
      q[j] = -1;
    }
    CHECK_OK(run(&c, contexts[0], message, sizeof message));
    check_close("falling", out, v, 8, 0, 1e-6);
    for (int64_t j = 0; j < 200; j++) {
      k[j * 8] = INFINITY; /* q k = -infinity for every key */
    }
    CHECK_OK(run(&c, contexts[0], message, sizeof message));
    for (int d = 0; d < 8; d++) {
      CHECK(out[d] == 0, "-infinity everywhere gave %g at %d", (double)out[d], d);
    }
    k[40 * 8] = 1; /* the one key in sight */
    CHECK_OK(run(&c, contexts[0], message, sizeof message));
    check_close("one key", out, v + 40 * 8, 8, 0, 1e-6);
    k[40 * 8] = NAN;
    CHECK_OK(run(&c, contexts[0], message, sizeof message));
    for (int d = 0; d < 8; d++) {
      CHECK(isnan(out[d]), "a NaN score gave %g at %d", (double)out[d], d);
    }
    free_scene(&c);
  }
}
static void extremes_of_tier(const gt_kernel_table *kernels) {
  with_contexts(kernels, try_extremes);
}
static void extreme_scores(void) {
  for_each_tier(extremes_of_tier);
}

/* As accurate as fp32 can be expected to: PyTorch's SDPA on such inputs is off by some 3e-7. */
static void try_accuracy(void) {
  char message[256];
  for (int32_t causal = 0; causal <= 1; causal++) {
    scene c = make_scene(&(shape){1, {512}, {512}, 1, 1, 64, 64, causal, 0, 0, 0});
    c.p.scale = 0.125f;
    expect(&c);
    CHECK_OK(run(&c, contexts[0], message, sizeof message));
    double error = worst_error(&c, "accuracy");
    printf("  %-9s 512 tokens, d 64, causal %d: greatest error %.2e\n", gt_tier_name(gt_context_tier(contexts[0])),
           causal, error);
    CHECK(error <= 3e-7, "error %.3g", error);
    free_scene(&c);
  }
}
static void accuracy_of_tier(const gt_kernel_table *kernels) {
  with_contexts(kernels, try_accuracy);
}
static void accuracy(void) {
  for_each_tier(accuracy_of_tier);
}

static void refuses_bad_arguments(void) {
  char message[256];
  gt_context *context = create_context(GT_TIER_AUTO, 1);
  scene c = make_scene(&(shape){2, {3, 4}, {3, 4}, 4, 2, 8, 8, 0, 0, 0, 0});
  gt_attention_params good = c.p;
#define REFUSED(expected, part, change)                                     \
  do {                                                                      \
    c.p = good;                                                             \
    change;                                                                 \
    CHECK_FAILS(expected, part, run(&c, context, message, sizeof message)); \
  } while (0)
  REFUSED(GT_INVALID_ARGUMENT, "struct_size", c.p.struct_size = 8);
  REFUSED(GT_INVALID_ARGUMENT, "batch is -1", c.p.batch = -1);
  REFUSED(GT_INVALID_ARGUMENT, "num_kv_heads 3", c.p.num_kv_heads = 3);
  REFUSED(GT_INVALID_ARGUMENT, "num_kv_heads 0", c.p.num_kv_heads = 0);
  REFUSED(GT_INVALID_ARGUMENT, "head_dim is 0", c.p.head_dim = 0);
  REFUSED(GT_INVALID_ARGUMENT, "head_dim is 513", c.p.head_dim = 513);
  REFUSED(GT_INVALID_ARGUMENT, "v_head_dim is 0", c.p.v_head_dim = 0);
  REFUSED(GT_INVALID_ARGUMENT, "causal is 2", c.p.causal = 2);
  REFUSED(GT_INVALID_ARGUMENT, "scale is nan", c.p.scale = NAN);
  REFUSED(GT_INVALID_ARGUMENT, "q_stride 31", c.p.q_stride = 31);
  REFUSED(GT_INVALID_ARGUMENT, "k_stride 15", c.p.k_stride = 15);
  REFUSED(GT_INVALID_ARGUMENT, "v_stride 15", c.p.v_stride = 15);
  REFUSED(GT_INVALID_ARGUMENT, "out_stride 0", c.p.out_stride = 0);
  REFUSED(GT_INVALID_ARGUMENT, "bias_distance is 5", c.p.bias_distance = 5);
  REFUSED(GT_INVALID_ARGUMENT, "block_size is 16", c.p.block_size = 16);
  REFUSED(GT_INVALID_ARGUMENT, "sliding_window is -1", c.p.sliding_window = -1);
  REFUSED(GT_UNSUPPORTED, "softcap is 30", c.p.softcap = 30);
  REFUSED(GT_INVALID_ARGUMENT, "cu_seqlens_q[0] is 1", c.cu_q[0] = 1);
  c.cu_q[0] = 0;
  REFUSED(GT_INVALID_ARGUMENT, "cu_seqlens_kv falls from 3 to 2", c.cu_kv[2] = 2);
  c.cu_kv[2] = 7;
  c.p = good;
  CHECK_FAILS(GT_INVALID_ARGUMENT, "k is NULL",
              gt_attention(context, c.q.data, NULL, c.v.data, c.cu_q, c.cu_kv, NULL, NULL, c.out.data, &c.p, message,
                           sizeof message));
  CHECK_FAILS(GT_INVALID_ARGUMENT, "cu_seqlens_q is NULL",
              gt_attention(context, c.q.data, c.k.data, c.v.data, NULL, c.cu_kv, NULL, NULL, c.out.data, &c.p, message,
                           sizeof message));
  page(&c, 2);
  good = c.p;
  REFUSED(GT_INVALID_ARGUMENT, "2 blocks of 2; block_table has 1", c.p.blocks_per_sequence = 1);
  ((int32_t *)c.table.data)[1] = -7;
  REFUSED(GT_INVALID_ARGUMENT, "block 1 of sequence 0 is -7", (void)0);
  const float *out = c.out.data;
  for (int64_t i = 0; i < c.q_tokens * good.out_stride; i++) {
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
    double error = worst_error(c, "concurrent");
    CHECK(error <= 2e-6, "error %.3g in call %d", error, i);
  }
  return NULL;
}

static void concurrent_callers(void) {
  static const shape shapes[] = {
      {2, {70, 3}, {70, 30}, 2, 2, 64, 64, 1, 0, 0, 0},
      {1, {1}, {2000}, 1, 1, 64, 64, 1, 0, 0, 0},
      {1, {150}, {150}, 1, 1, 128, 128, 0, 30, 0, 0},
      {3, {1, 1, 1}, {5, 600, 40}, 8, 1, 32, 32, 1, 0, 16, 0},
  };
  enum { CALLERS = sizeof shapes / sizeof shapes[0] };
  scene scenes[CALLERS];
  pthread_t callers[CALLERS];
  shared_context = create_context(GT_TIER_AUTO, 3);
  for (int i = 0; i < CALLERS; i++) {
    scenes[i] = make_scene(&shapes[i]);
    expect(&scenes[i]);
    if (shapes[i].block_size > 0) {
      page(&scenes[i], shapes[i].block_size);
    }
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
  for (int32_t n = 64; n <= 1024; n *= 4) {
    gt_context *context = create_context(GT_TIER_AUTO, 1);
    scene c = make_scene(&(shape){1, {n}, {n}, 1, 1, 64, 64, 0, 0, 0, 0});
    CHECK_OK(run(&c, context, message, sizeof message));
    int64_t bytes = gt_context_bytes(context);
    CHECK(n == 64 || bytes == before, "%d tokens take %lld bytes, a quarter of them %lld", n, (long long)bytes,
          (long long)before);
    before = bytes;
    free_scene(&c);
    gt_context_destroy(context);
  }
}

int main(void) {
  RUN(all_lengths);
  RUN(all_head_dims);
  RUN(ragged_batches);
  RUN(grouped_heads);
  RUN(distance_biases);
  RUN(paged_keys);
  RUN(decoding);
  RUN(extreme_scores);
  RUN(accuracy);
  RUN(refuses_bad_arguments);
  RUN(concurrent_callers);
  RUN(memory_does_not_grow);
  return finish();
}
