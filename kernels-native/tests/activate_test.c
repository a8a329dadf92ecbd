/* gt_activate on every tier against the formulas in double. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "harness.h"

static double exact(int32_t activation, double x) {
  switch (activation) {
    case GT_ACT_GELU_ERF:
      return 0.5 * x * erfc(-x * M_SQRT1_2);
    case GT_ACT_GELU_10:
      return fmin(fmax(0.5 * x * erfc(-x * M_SQRT1_2), -10), 10);
    case GT_ACT_GELU_TANH:
      return x / (1 + exp(-2 * sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
    case GT_ACT_QUICK_GELU:
      return x / (1 + exp(-1.702 * x));
    case GT_ACT_RELU:
      return fmax(x, 0);
    case GT_ACT_SILU:
      return x / (1 + exp(-x));
    case GT_ACT_TANH:
      return tanh(x);
    case GT_ACT_SIGMOID:
      return 1 / (1 + exp(-x));
    case GT_ACT_RELU2:
      return fmax(x, 0) * fmax(x, 0);
    case GT_ACT_RELU6:
      return fmin(fmax(x, 0), 6);
    case GT_ACT_MISH:
      return x * tanh(log1p(exp(x)));
    case GT_ACT_HARDSWISH:
      return x * fmin(fmax(x + 3, 0), 6) / 6;
    case GT_ACT_LEAKY_RELU:
      return x < 0 ? 0.01 * x : x;
    default:
      return x;
  }
}

static gt_context *contexts[2]; /* of the tier under test: 1 and 3 threads */

static void with_contexts(const gt_kernel_table *kernels, void (*body)(void)) {
  contexts[0] = create_context(kernels->tier, 1);
  contexts[1] = create_context(kernels->tier, 3);
  body();
  gt_context_destroy(contexts[0]);
  gt_context_destroy(contexts[1]);
}

static const char *tier_name(void) {
  return gt_tier_name(gt_context_tier(contexts[0]));
}

/* transformers' own values: hf-compatibility C0. */
static void try_known_values(void) {
  static const float x[6] = {-3, -1, -0.1f, 0.5f, 1, 3};
  static const struct {
    int32_t activation;
    float y[6];
  } known[] = {
      {GT_ACT_GELU_ERF, {-.004049694f, -.158655254f, -.046017216f, .345731231f, .841344746f, 2.995950306f}},
      {GT_ACT_GELU_TANH, {-.003637392f, -.158808009f, -.046017249f, .345714010f, .841191991f, 2.996362608f}},
      {GT_ACT_QUICK_GELU, {-.018071310f, -.154204234f, -.045755242f, .350388437f, .845795766f, 2.981928690f}},
      {GT_ACT_SILU, {-.142277620f, -.268941421f, -.047502081f, .311229666f, .731058579f, 2.857722380f}},
      {GT_ACT_RELU2, {0, 0, 0, .25f, 1, 9}},
      {GT_ACT_HARDSWISH, {0, -.333333333f, -.048333333f, .291666667f, .666666667f, 3}},
      {GT_ACT_LEAKY_RELU, {-.03f, -.01f, -.001f, .5f, 1, 3}},
  };
  char message[256];
  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
    float y[6];
    CHECK_OK(gt_activate(contexts[0], x, y, 1, 6, 6, 6, known[i].activation, message, sizeof message));
    check_close("known values", y, known[i].y, 6, 1e-8, 2.5e-7);
  }
}
static void known_values_of_tier(const gt_kernel_table *kernels) {
  with_contexts(kernels, try_known_values);
}
static void known_values(void) {
  for_each_tier(known_values_of_tier);
}

/* |x| <= 40 finely, then up to the ends of the range. */
static void try_accuracy(void) {
  enum { COUNT = 160003 };
  static float x[COUNT], y[COUNT];
  char message[256];
  for (int i = 0; i < COUNT; i++) {
    x[i] = i < 160000 ? (float)(i - 80000) * 0.0005f + 1e-5f : i == 160000 ? 1e30f : i == 160001 ? -1e30f : 0;
  }
  for (int32_t activation = GT_ACT_IDENTITY; activation <= GT_ACT_LEAKY_RELU; activation++) {
    memset(y, 0xff, sizeof y);
    CHECK_OK(gt_activate(contexts[1], x, y, 1, COUNT, COUNT, COUNT, activation, message, sizeof message));
    double worst = 0, worst_scaled = 0;
    float at = 0;
    for (int i = 0; i < COUNT; i++) {
      double expected = exact(activation, x[i]);
      double error = isinf(y[i]) && isinf((float)expected) ? 0 : fabs(y[i] - expected);
      double scaled = error / (5e-8 + 2.5e-7 * fabs(expected));
      if (!(scaled <= worst_scaled)) {
        worst_scaled = isnan(scaled) ? INFINITY : scaled;
        at = x[i];
      }
      worst = fmax(worst, fabs(x[i]) <= 40 && x[i] <= 4 ? error : 0);
    }
    CHECK(worst_scaled <= 1, "tier %s, activation %d: %.3g times the tolerance at %.9g", tier_name(), activation,
          worst_scaled, (double)at);
    if (activation == GT_ACT_GELU_ERF || activation == GT_ACT_GELU_TANH) {
      printf("  %-9s activation %d: greatest error %.2e for -40 <= x <= 4\n", tier_name(), activation, worst);
      /* No cancellation left of 0: far below the 1e-7 |x| of x/2 (1 + erf). */
      for (int i = 0; i < 80000; i++) {
        double expected = exact(activation, x[i]);
        CHECK(x[i] < -5 || fabs(y[i] - expected) <= 2e-5 * fabs(expected), "activation %d of %.9g is %.9g, not %.9g",
              activation, (double)x[i], (double)y[i], expected);
      }
    }
  }
}
static void accuracy_of_tier(const gt_kernel_table *kernels) {
  with_contexts(kernels, try_accuracy);
}
static void accuracy(void) {
  for_each_tier(accuracy_of_tier);
}

/* Every length up to four vectors, at both ends of a page, in place, and a length that all threads share. */
static void try_lengths(void) {
  char message[256];
  for (int64_t count = 0; count <= 64; count++) {
    for (int end = 0; end <= 1; end++) {
      guarded x = guarded_allocate((size_t)count * sizeof(float), end);
      guarded y = guarded_allocate((size_t)count * sizeof(float), end);
      random_fill(x.data, (size_t)count);
      int32_t activation = (int32_t)(count % (GT_ACT_LEAKY_RELU + 1));
      CHECK_OK(gt_activate(contexts[0], x.data, y.data, 1, count, count, count, activation, message, sizeof message));
      float expected[64];
      for (int64_t i = 0; i < count; i++) {
        expected[i] = (float)exact(activation, ((float *)x.data)[i]);
      }
      check_close("lengths", y.data, expected, (size_t)count, 5e-8, 3e-7);
      CHECK_OK(gt_activate(contexts[0], x.data, x.data, 1, count, count, count, activation, message, sizeof message));
      CHECK(memcmp(x.data, y.data, (size_t)count * sizeof(float)) == 0, "in place differs for %lld", (long long)count);
      guarded_free(&x);
      guarded_free(&y);
    }
  }
}
static void lengths_of_tier(const gt_kernel_table *kernels) {
  with_contexts(kernels, try_lengths);
}
static void lengths(void) {
  for_each_tier(lengths_of_tier);
}

/* Rows with gaps, which nothing may write to. */
static void try_rows(void) {
  char message[256];
  static const int64_t shapes[][4] = {
      {3, 5, 5, 5}, {3, 5, 7, 5}, {3, 5, 5, 9}, {4, 33, 40, 50}, {2, 20000, 20016, 20001}, {0, 8, 8, 8}, {8, 0, 4, 4}};
  for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; s++) {
    const int64_t rows = shapes[s][0], features = shapes[s][1], x_stride = shapes[s][2], y_stride = shapes[s][3];
    const size_t x_count = rows == 0 ? 0 : (size_t)((rows - 1) * x_stride + features);
    const size_t y_count = rows == 0 ? 0 : (size_t)((rows - 1) * y_stride + features);
    guarded x = guarded_allocate(x_count * sizeof(float), true);
    guarded y = guarded_allocate(y_count * sizeof(float), true);
    float *expected = malloc((y_count + 1) * sizeof(float));
    random_fill(x.data, x_count);
    for (int i = 0; i < 2; i++) {
      random_fill(y.data, y_count);
      memcpy(expected, y.data, y_count * sizeof(float));
      for (int64_t row = 0; row < rows; row++) {
        for (int64_t j = 0; j < features; j++) {
          expected[row * y_stride + j] = (float)exact(GT_ACT_SILU, ((float *)x.data)[row * x_stride + j]);
        }
      }
      CHECK_OK(gt_activate(contexts[i], x.data, y.data, rows, features, x_stride, y_stride, GT_ACT_SILU, message,
                           sizeof message));
      check_close("rows", y.data, expected, y_count, 5e-8, 3e-7);
    }
    free(expected);
    guarded_free(&x);
    guarded_free(&y);
  }
}
static void rows_of_tier(const gt_kernel_table *kernels) {
  with_contexts(kernels, try_rows);
}
static void rows(void) {
  for_each_tier(rows_of_tier);
}

static void try_specials(void) {
  char message[256];
  float x[3] = {NAN, INFINITY, -0.0f}, y[3];
  for (int32_t activation = GT_ACT_IDENTITY; activation <= GT_ACT_LEAKY_RELU; activation++) {
    CHECK_OK(gt_activate(contexts[0], x, y, 1, 3, 3, 3, activation, message, sizeof message));
    float at_infinity = activation == GT_ACT_TANH || activation == GT_ACT_SIGMOID ? 1
                        : activation == GT_ACT_RELU6                              ? 6
                        : activation == GT_ACT_GELU_10                            ? 10
                                                                                  : INFINITY;
    CHECK(isnan(y[0]), "tier %s, activation %d of NaN is %g", tier_name(), activation, (double)y[0]);
    CHECK(y[1] == at_infinity, "tier %s, activation %d of infinity is %g", tier_name(), activation, (double)y[1]);
    CHECK(y[2] == (activation == GT_ACT_SIGMOID ? 0.5f : 0), "tier %s, activation %d of -0 is %g", tier_name(),
          activation, (double)y[2]);
  }
}
static void specials_of_tier(const gt_kernel_table *kernels) {
  with_contexts(kernels, try_specials);
}
static void specials(void) {
  for_each_tier(specials_of_tier);
}

static void refuses_bad_arguments(void) {
  char message[256];
  float x[4] = {0};
  gt_context *context = create_context(GT_TIER_AUTO, 1);
  CHECK_FAILS(GT_INVALID_ARGUMENT, "activation 14",
              gt_activate(context, x, x, 1, 4, 4, 4, 14, message, sizeof message));
  CHECK_FAILS(GT_INVALID_ARGUMENT, "activation -1",
              gt_activate(context, x, x, 1, 4, 4, 4, -1, message, sizeof message));
  CHECK_FAILS(GT_INVALID_ARGUMENT, "x is [-1, 4]", gt_activate(context, x, x, -1, 4, 4, 4, 1, message, sizeof message));
  CHECK_FAILS(GT_INVALID_ARGUMENT, "x is NULL", gt_activate(context, NULL, x, 1, 4, 4, 4, 1, message, sizeof message));
  CHECK_FAILS(GT_INVALID_ARGUMENT, "y is NULL", gt_activate(context, x, NULL, 1, 4, 4, 4, 1, message, sizeof message));
  CHECK_FAILS(GT_INVALID_ARGUMENT, "rows of x and y are 3 and 4 apart",
              gt_activate(context, x, x, 1, 4, 3, 4, 1, message, sizeof message));
  gt_context_destroy(context);
}

int main(void) {
  RUN(known_values);
  RUN(accuracy);
  RUN(lengths);
  RUN(rows);
  RUN(specials);
  RUN(refuses_bad_arguments);
  return finish();
}
