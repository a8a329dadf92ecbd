/* gt_attention with a sliding window on every tier against the naive attention of attention_scene.h. */
#include <math.h>
#include <stdlib.h>

#include "attention_scene.h"

static const int32_t windows[] = {1, 2, 7, 16, 33, 64, 129, 199, 200, INT32_MAX};
enum { WINDOWS = sizeof windows / sizeof windows[0] };

static void try_windows(void) {
  for (int i = 0; i < WINDOWS; i++) {
    for (int32_t causal = 0; causal <= 1; causal++) {
      try_windowed(&(shape){1, {200}, {200}, 2, 2, 32, 32, causal, 0, 0, 0}, windows[i]);
      try_windowed(&(shape){4, {129, 1, 17, 70}, {129, 1, 17, 70}, 2, 1, 16, 24, causal, 0, 0, 3}, windows[i]);
      try_windowed(&(shape){5, {0, 40, 1, 50, 33}, {5, 140, 200, 20, 34}, 2, 2, 16, 16, causal, 0, 0, 1}, windows[i]);
    }
  }
}
static void windows_of_tier(const gt_kernel_table *kernels) {
  with_contexts(kernels, try_windows);
}
static void all_windows(void) {
  for_each_tier(windows_of_tier);
}

/* Few queries: the other algorithm, its tiles and its split keys. */
static void try_decode(void) {
  for (int i = 0; i < WINDOWS; i++) {
    for (int32_t causal = 0; causal <= 1; causal++) {
      try_windowed(&(shape){3, {1, 2, 8}, {200, 77, 150}, 4, 2, 40, 40, causal, 0, 0, 0}, windows[i]);
      try_windowed(&(shape){1, {1}, {700}, 1, 1, 64, 64, causal, 0, 0, 0}, windows[i]);
    }
  }
  static const int32_t long_windows[] = {300, 1100, 2999, 3000};
  for (int i = 0; i < 4; i++) {
    try_windowed(&(shape){1, {1}, {3000}, 1, 1, 64, 64, 1, 0, 0, 0}, long_windows[i]);
    try_windowed(&(shape){1, {20}, {2500}, 2, 1, 64, 64, i % 2, 9, 16, 0}, long_windows[i]);
  }
}
static void decode_of_tier(const gt_kernel_table *kernels) {
  with_contexts(kernels, try_decode);
}
static void decoding(void) {
  for_each_tier(decode_of_tier);
}

static void try_blocks(void) {
  static const int32_t sizes[] = {1, 3, 16, 64};
  for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
    for (int32_t causal = 0; causal <= 1; causal++) {
      for (int w = 0; w < WINDOWS; w += 3) {
        try_windowed(&(shape){4, {1, 90, 0, 3}, {200, 170, 5, 3}, 4, 2, 33, 20, causal, 0, sizes[i], 1}, windows[w]);
      }
    }
  }
}
static void blocks_of_tier(const gt_kernel_table *kernels) {
  with_contexts(kernels, try_blocks);
}
static void paged_keys(void) {
  for_each_tier(blocks_of_tier);
}

static void try_biases_and_groups(void) {
  for (int i = 0; i < WINDOWS; i += 2) {
    for (int32_t causal = 0; causal <= 1; causal++) {
      try_windowed(&(shape){2, {110, 40}, {110, 90}, 2, 2, 16, 16, causal, 20, 0, 0}, windows[i]);
      try_windowed(&(shape){2, {71, 50}, {71, 90}, 6, 2, 16, 16, causal, 20, 0, 0}, windows[i]);
      try_windowed(&(shape){2, {21, 1}, {150, 90}, 71, 1, 16, 16, causal, 0, 0, 0}, windows[i]);
    }
  }
}
static void biases_of_tier(const gt_kernel_table *kernels) {
  with_contexts(kernels, try_biases_and_groups);
}
static void biases_and_groups(void) {
  for_each_tier(biases_of_tier);
}

/* NaN in keys and values that no query sees changes nothing: their tiles are skipped. */
static void try_unread(void) {
  char message[256];
  enum { TOKENS = 1000, WINDOW = 10, DIM = 16 };
  scene c = make_scene(&(shape){1, {1}, {TOKENS}, 1, 1, DIM, DIM, 1, 0, 0, 0});
  c.p.sliding_window = WINDOW;
  expect(&c);
  for (int64_t i = 0; i < (TOKENS - WINDOW) * DIM; i++) {
    ((float *)c.k.data)[i] = NAN;
    ((float *)c.v.data)[i] = NAN;
  }
  for (int i = 0; i < 2; i++) {
    CHECK_OK(run(&c, contexts[i], message, sizeof message));
    double error = worst_error(&c, "unread");
    CHECK(error <= 2e-6, "error %.3g", error);
  }
  free_scene(&c);
}
static void unread_of_tier(const gt_kernel_table *kernels) {
  with_contexts(kernels, try_unread);
}
static void keys_outside_are_not_read(void) {
  for_each_tier(unread_of_tier);
}

/* A window that hides nothing gives the same numbers, bit for bit, as none. */
static void try_wide(void) {
  char message[256];
  for (int32_t causal = 0; causal <= 1; causal++) {
    scene c = make_scene(&(shape){3, {300, 1, 40}, {300, 290, 77}, 4, 2, 64, 64, causal, 0, 0, 0});
    size_t bytes = (size_t)(c.q_tokens * c.p.out_stride) * sizeof(float);
    float *without = malloc(bytes);
    CHECK_OK(run(&c, contexts[0], message, sizeof message));
    memcpy(without, c.out.data, bytes);
    c.p.sliding_window = 300;
    CHECK_OK(run(&c, contexts[0], message, sizeof message));
    CHECK(memcmp(without, c.out.data, bytes) == 0, "a window of %d differs from none, causal %d", 300, causal);
    free(without);
    free_scene(&c);
  }
}
static void wide_of_tier(const gt_kernel_table *kernels) {
  with_contexts(kernels, try_wide);
}
static void windows_that_hide_nothing(void) {
  for_each_tier(wide_of_tier);
}

int main(void) {
  RUN(all_windows);
  RUN(decoding);
  RUN(paged_keys);
  RUN(biases_and_groups);
  RUN(keys_outside_are_not_read);
  RUN(windows_that_hide_nothing);
  return finish();
}
