/* gt_pool_sequences on every tier against sums in double: every pooling, ragged and empty sequences, masks, strides. */
#include <math.h>

#include "harness.h"

enum { BATCH = 7 };

static char message[256];

/* As sentence-transformers writes it: a mask of ones and zeros over all tokens. */
static double expected(const float *x, int64_t stride, int64_t length, int64_t masked, int32_t pooling, int64_t i) {
  double sum = 0, weights = 0, most = -INFINITY, first = length > 0 ? (double)x[i] : 0, last = 0;
  bool any = false;
  for (int64_t t = 0; t < length; t++) {
    const double value = (double)x[t * stride + i], mask = t >= masked;
    const double weight = pooling == GT_POOL_WEIGHTED_MEAN ? (double)(t + 1) * mask : mask;
    sum += weight * value;
    weights += weight;
    if (mask != 0) {
      most = isnan(most) || value <= most ? most : value;
      first = any ? first : value;
      last = value;
      any = true;
    }
  }
  weights = fmax(weights, 1e-9);
  switch (pooling) {
    case GT_POOL_CLS:
      return first;
    case GT_POOL_LAST:
      return last;
    case GT_POOL_MAX:
      return most;
    case GT_POOL_MEAN_SQRT:
      return sum / sqrt(weights);
    default:
      return sum / weights;
  }
}

static void try_pooling(gt_context *context, int64_t features, int64_t gap, int32_t pooling, bool with_mask) {
  if (skip_case()) {
    return;
  }
  const int64_t stride = features + gap;
  int32_t cu[BATCH + 1] = {0}, masked[BATCH];
  for (int b = 0; b < BATCH; b++) {
    cu[b + 1] = cu[b] + (b == 2 ? 0 : 1 + (int32_t)random_below(40));
    masked[b] = b == 3 ? 1000 : (int32_t)random_below(5);
  }
  const int64_t count = (cu[BATCH] - 1) * stride + features;
  guarded memory = guarded_allocate((size_t)count * sizeof(float), true);
  guarded result = guarded_allocate((size_t)((BATCH - 1) * stride + features) * sizeof(float), true);
  float *x = memory.data, *y = result.data;
  for (int64_t t = 0; t < cu[BATCH]; t++) {
    random_fill(x + t * stride, (size_t)features);
  }
  if (pooling == GT_POOL_MAX) {
    x[(cu[1] - 1) * stride] = NAN;
  }
  const gt_pool_params params = {.struct_size = sizeof params,
                                 .batch = BATCH,
                                 .pooling = pooling,
                                 .features = features,
                                 .x_stride = stride,
                                 .y_stride = stride};
  CHECK_OK(gt_pool_sequences(context, x, cu, with_mask ? masked : NULL, y, &params, message, sizeof message));
  for (int b = 0; b < BATCH; b++) {
    const int64_t length = cu[b + 1] - cu[b];
    for (int64_t i = 0; i < features; i++) {
      const float wanted = (float)expected(x + cu[b] * stride, stride, length, with_mask ? masked[b] : 0, pooling, i);
      const float got = y[b * stride + i];
      CHECK(got == wanted || (isnan(got) && isnan(wanted)) || ulps(got, (double)wanted) <= 1,
            "pooling %d of %lld features, sequence %d of %lld tokens: feature %lld is %.9g, expected %.9g", pooling,
            (long long)features, b, (long long)length, (long long)i, (double)got, (double)wanted);
    }
    for (int64_t i = features; b + 1 < BATCH && i < stride; i++) {
      CHECK(isnan(y[b * stride + i]), "element %lld behind row %d of y was written", (long long)i, b);
    }
  }
  guarded_free(&memory);
  guarded_free(&result);
}

static void on_tier(const gt_kernel_table *kernels) {
  static const int64_t features[] = {1, 3, 32, 63, 64, 65, 128, 129, 384};
  gt_context *context = create_context(kernels->tier, 2);
  for (size_t f = 0; f < sizeof features / sizeof features[0]; f++) {
    for (int32_t pooling = GT_POOL_CLS; pooling <= GT_POOL_WEIGHTED_MEAN; pooling++) {
      try_pooling(context, features[f], 0, pooling, false);
      try_pooling(context, features[f], 5, pooling, true);
    }
  }
  gt_context_destroy(context);
}

static void every_pooling(void) {
  for_each_tier(on_tier);
}

static void on_tier_refusals(const gt_kernel_table *kernels) {
  gt_context *context = create_context(kernels->tier, 1);
  float x[4] = {0}, y[4];
  int32_t cu[] = {0, 2, 1}, masked[] = {0, -1};
  gt_pool_params params = {.struct_size = sizeof params, .batch = 2, .features = 2, .x_stride = 2, .y_stride = 2};
  CHECK_FAILS(GT_INVALID_ARGUMENT, "falls from 2 to 1",
              gt_pool_sequences(context, x, cu, NULL, y, &params, message, sizeof message));
  cu[2] = 2;
  CHECK_FAILS(GT_INVALID_ARGUMENT, "masked is -1",
              gt_pool_sequences(context, x, cu, masked, y, &params, message, sizeof message));
  CHECK_FAILS(GT_INVALID_ARGUMENT, "x is NULL",
              gt_pool_sequences(context, NULL, cu, NULL, y, &params, message, sizeof message));
  params.pooling = 6;
  CHECK_FAILS(GT_INVALID_ARGUMENT, "pooling 6",
              gt_pool_sequences(context, x, cu, NULL, y, &params, message, sizeof message));
  params.pooling = GT_POOL_MEAN;
  params.x_stride = 1;
  CHECK_FAILS(GT_INVALID_ARGUMENT, "at least 2",
              gt_pool_sequences(context, x, cu, NULL, y, &params, message, sizeof message));
  gt_context_destroy(context);
}

static void refusals(void) {
  for_each_tier(on_tier_refusals);
}

int main(void) {
  RUN(every_pooling);
  RUN(refusals);
  return finish();
}
