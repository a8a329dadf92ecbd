/* gt_layer_norm and gt_rms_norm on every tier against sums in double. */
#include <math.h>
#include <stdio.h>

#include "core/arithmetic.h"
#include "harness.h"

static char message[256];

typedef struct norm_case {
  int64_t rows, features, x_gap, y_gap;
  float offset; /* of x: a mean far from zero is where one-pass variances fail */
  bool layer, bias, in_place, at_end;
} norm_case;

static void expected_row(const norm_case *c, const float *x, const float *weight, const float *bias, float eps,
                         double *y) {
  double n = (double)c->features, mean = 0, squares = 0;
  if (c->layer) {
    for (int64_t i = 0; i < c->features; i++) {
      mean += (double)x[i] / n;
    }
  }
  for (int64_t i = 0; i < c->features; i++) {
    squares += ((double)x[i] - mean) * ((double)x[i] - mean);
  }
  double factor = 1 / sqrt(squares / n + (double)eps);
  for (int64_t i = 0; i < c->features; i++) {
    y[i] = ((double)x[i] - mean) * factor * (double)weight[i] + (c->layer && c->bias ? (double)bias[i] : 0);
  }
}

static void run_case(gt_context *context, const norm_case *c) {
  if (skip_case()) {
    return;
  }
  const float eps = 1e-5f;
  const int64_t x_stride = c->features + c->x_gap, y_stride = c->in_place ? x_stride : c->features + c->y_gap;
  const size_t count = (size_t)((c->rows - 1) * x_stride + c->features), width = (size_t)c->features;
  const size_t y_count = (size_t)((c->rows - 1) * y_stride + c->features);
  guarded x = guarded_allocate(count * sizeof(float), c->at_end);
  guarded y = guarded_allocate(y_count * sizeof(float), c->at_end);
  guarded weight = guarded_allocate(width * sizeof(float), c->at_end);
  guarded bias = guarded_allocate(width * sizeof(float), c->at_end);
  guarded copy = guarded_allocate(count * sizeof(float), c->at_end);
  guarded row = guarded_allocate(width * sizeof(double), true);
  float *xs = x.data;
  random_fill(xs, count);
  for (size_t i = 0; i < count; i++) {
    xs[i] += c->offset;
  }
  memcpy(copy.data, xs, count * sizeof(float));
  random_fill(weight.data, width);
  random_fill(bias.data, width);
  float *to = c->in_place ? xs : y.data;
  random_fill(y.data, y_count);
  guarded before = guarded_allocate(y_count * sizeof(float), c->at_end);
  memcpy(before.data, to, y_count * sizeof(float));
  if (c->layer) {
    CHECK_OK(gt_layer_norm(context, xs, weight.data, c->bias ? bias.data : NULL, to, c->rows, c->features, x_stride,
                           y_stride, eps, message, sizeof message));
  } else {
    CHECK_OK(gt_rms_norm(context, xs, weight.data, to, c->rows, c->features, x_stride, y_stride, eps, message,
                         sizeof message));
  }
  for (int64_t r = 0; r < c->rows; r++) {
    expected_row(c, (float *)copy.data + r * x_stride, weight.data, bias.data, eps, row.data);
    for (int64_t i = 0; i < c->features; i++) {
      double expected = ((double *)row.data)[i], actual = (double)to[r * y_stride + i];
      /* x itself is only known to offset * 2^-24, and one factor is common to the row. */
      double tolerance = 0x1p-24 * (6 * fabs(expected) + 6);
      CHECK(fabs(actual - expected) <= tolerance,
            "%s norm [%lld, %lld] offset %g: element %lld, %lld is %.9g, expected %.9g", c->layer ? "layer" : "rms",
            (long long)c->rows, (long long)c->features, (double)c->offset, (long long)r, (long long)i, actual,
            expected);
    }
    for (int64_t i = r * y_stride + c->features; i < gt_min((r + 1) * y_stride, (int64_t)y_count); i++) {
      CHECK(to[i] == ((float *)before.data)[i], "element %lld of y, between rows, was written", (long long)i);
    }
  }
  guarded_free(&x);
  guarded_free(&y);
  guarded_free(&weight);
  guarded_free(&bias);
  guarded_free(&copy);
  guarded_free(&before);
  guarded_free(&row);
}

static void on_tier(const gt_kernel_table *kernels) {
  static const int64_t features[] = {1,  2,   3,   7,   15,  16,  17,  31,   33,   63,   64,
                                     65, 100, 128, 257, 384, 768, 770, 1023, 1024, 1025, 4099};
  gt_context *context = create_context(kernels->tier, 2);
  for (size_t f = 0; f < sizeof features / sizeof features[0]; f++) {
    for (int variant = 0; variant < 32; variant++) {
      norm_case c = {.rows = 1 + random_below(60),
                     .features = features[f],
                     .x_gap = variant & 1 ? random_below(20) : 0,
                     .y_gap = variant & 2 ? random_below(20) : 0,
                     .offset = variant & 1 ? 300.0f : 0.0f,
                     .layer = (variant & 2) != 0,
                     .bias = (variant & 4) != 0,
                     .in_place = (variant & 8) != 0,
                     .at_end = (variant & 16) != 0};
      run_case(context, &c);
    }
  }
  gt_context_destroy(context);
}

static void rows_and_features(void) {
  for_each_tier(on_tier);
}

/* Rows of equal numbers: variance 0, so layer norm gives the bias exactly and finite numbers. */
static void on_tier_constant_rows(const gt_kernel_table *kernels) {
  enum { N = 100 };
  gt_context *context = create_context(kernels->tier, 1);
  float x[N], y[N], weight[N], bias[N];
  random_fill(weight, N);
  random_fill(bias, N);
  for (int i = 0; i < N; i++) {
    x[i] = 1234.5f;
  }
  CHECK_OK(gt_layer_norm(context, x, weight, bias, y, 1, N, N, N, 1e-12f, message, sizeof message));
  for (int i = 0; i < N; i++) {
    CHECK(y[i] == bias[i], "y[%d] is %.9g, bias %.9g", i, (double)y[i], (double)bias[i]);
    x[i] = 0;
  }
  CHECK_OK(gt_rms_norm(context, x, weight, y, 1, N, N, N, 1e-6f, message, sizeof message));
  for (int i = 0; i < N; i++) {
    CHECK(y[i] == 0, "y[%d] is %.9g", i, (double)y[i]);
  }
  gt_context_destroy(context);
}

static void constant_rows(void) {
  for_each_tier(on_tier_constant_rows);
}

static void wrong_arguments(void) {
  gt_context *context = create_context(GT_TIER_AUTO, 1);
  float x[4] = {0};
  CHECK_FAILS(GT_INVALID_ARGUMENT, "x is [2, 0]",
              gt_layer_norm(context, x, x, x, x, 2, 0, 0, 0, 0, message, sizeof message));
  CHECK_FAILS(GT_INVALID_ARGUMENT, "weight is NULL",
              gt_layer_norm(context, x, NULL, x, x, 1, 4, 4, 4, 0, message, sizeof message));
  CHECK_FAILS(GT_INVALID_ARGUMENT, "x is [-1, 4]",
              gt_rms_norm(context, x, x, x, -1, 4, 4, 4, 0, message, sizeof message));
  CHECK_FAILS(GT_INVALID_ARGUMENT, "y is NULL",
              gt_rms_norm(context, x, x, NULL, 1, 4, 4, 4, 0, message, sizeof message));
  CHECK_FAILS(GT_INVALID_ARGUMENT, "rows of x and y are 3 and 4 apart; it must be at least 4",
              gt_layer_norm(context, x, x, x, x, 1, 4, 3, 4, 0, message, sizeof message));
  CHECK_FAILS(GT_INVALID_ARGUMENT, "rows of x and y are 4 and 3 apart",
              gt_rms_norm(context, x, x, x, 1, 4, 4, 3, 0, message, sizeof message));
  CHECK_OK(gt_layer_norm(context, NULL, x, NULL, NULL, 0, 4, 4, 4, 0, message, sizeof message));
  gt_context_destroy(context);
}

int main(void) {
  RUN(rows_and_features);
  RUN(constant_rows);
  RUN(wrong_arguments);
  return finish();
}
