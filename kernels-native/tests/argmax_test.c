/* gt_argmax on every tier: ties, NaN, infinities, odd lengths at the end of a page, strides. */
#include <math.h>
#include <stdio.h>

#include "harness.h"

static char message[256];

static int32_t first_largest(const float *x, int64_t count) {
  int32_t at = 0;
  float best = -INFINITY;
  for (int32_t i = 0; i < count; i++) {
    if (x[i] > best) {
      best = x[i];
      at = i;
    }
  }
  return at;
}

static void try_rows(gt_context *context, int64_t rows, int64_t columns, int64_t gap) {
  if (skip_case()) {
    return;
  }
  const int64_t stride = columns + gap;
  guarded memory = guarded_allocate((size_t)((rows - 1) * stride + columns) * sizeof(float), true);
  guarded indices = guarded_allocate((size_t)rows * sizeof(int32_t), true);
  float *x = memory.data;
  for (int64_t r = 0; r < rows; r++) {
    float *row = x + r * stride;
    random_fill(row, (size_t)columns);
    for (int64_t i = 0; i < columns; i++) { /* few values, so that the largest occurs often */
      row[i] = r % 4 == 3 ? row[i] : rintf(row[i] * 3);
      if (r % 4 == 1 && random_below(3) == 0) {
        row[i] = NAN;
      } else if (r % 4 == 2) {
        row[i] = random_below(2) == 0 ? -INFINITY : NAN;
      }
    }
  }
  CHECK_OK(gt_argmax(context, x, rows, columns, stride, indices.data, message, sizeof message));
  for (int64_t r = 0; r < rows; r++) {
    int32_t actual = ((int32_t *)indices.data)[r], expected = first_largest(x + r * stride, columns);
    CHECK(actual == expected, "tier %s: row %lld of %lld columns: %d, expected %d",
          gt_tier_name(gt_context_tier(context)), (long long)r, (long long)columns, actual, expected);
  }
  guarded_free(&memory);
  guarded_free(&indices);
}

static void on_tier(const gt_kernel_table *kernels) {
  gt_context *context = create_context(kernels->tier, 2);
  for (int64_t columns = 1; columns <= 200; columns++) {
    try_rows(context, 5, columns, columns % 3);
  }
  try_rows(context, 9, 50257, 0);
  gt_context_destroy(context);
}

static void finds_the_first_largest(void) {
  for_each_tier(on_tier);
}

static void wrong_arguments(void) {
  gt_context *context = create_context(GT_TIER_AUTO, 1);
  float x[4] = {0};
  int32_t index;
  CHECK_FAILS(GT_INVALID_ARGUMENT, "x is [1, 0]", gt_argmax(context, x, 1, 0, 4, &index, message, sizeof message));
  CHECK_FAILS(GT_INVALID_ARGUMENT, "x_stride is 3 for x [1, 4]",
              gt_argmax(context, x, 1, 4, 3, &index, message, sizeof message));
  CHECK_FAILS(GT_INVALID_ARGUMENT, "x is NULL", gt_argmax(context, NULL, 1, 4, 4, &index, message, sizeof message));
  CHECK_FAILS(GT_INVALID_ARGUMENT, "indices is NULL", gt_argmax(context, x, 1, 4, 4, NULL, message, sizeof message));
  CHECK_OK(gt_argmax(context, NULL, 0, 4, 4, NULL, message, sizeof message));
  gt_context_destroy(context);
}

int main(void) {
  RUN(finds_the_first_largest);
  RUN(wrong_arguments);
  return finish();
}
