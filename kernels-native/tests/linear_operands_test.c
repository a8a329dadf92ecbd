/* gt_linear_forward with x and y in bf16 on every tier: the bits of the same call on fp32, read and written rounded. */
#include <math.h>
#include <stdio.h>

#include "cpu/reference/convert.h"
#include "harness.h"

static char message[512];

typedef struct operand_case {
  int64_t rows, in, out;
  int64_t x_gap, y_gap; /* stride minus width */
  int32_t activation;
  bool gated, at_end;
} operand_case;

static int64_t y_features(const operand_case *c) {
  return c->gated ? c->out / 2 : c->out;
}

static int64_t count_of(int64_t rows, int64_t width, int64_t gap) {
  return (rows - 1) * (width + gap) + width;
}

static gt_linear *random_layer(gt_context *context, const operand_case *c) {
  guarded weight = guarded_allocate((size_t)(c->in * c->out) * sizeof(float), true);
  guarded bias = guarded_allocate((size_t)c->out * sizeof(float), true);
  random_fill(weight.data, (size_t)(c->in * c->out));
  random_fill(bias.data, (size_t)c->out);
  gt_linear *linear = NULL;
  CHECK_OK(gt_linear_create(context, c->in, c->out, GT_BF16, c->gated, &linear, message, sizeof message));
  CHECK_OK(gt_linear_pack(context, linear, 0, c->out, weight.data, GT_F32, GT_OUT_IN, bias.data, GT_F32, message,
                          sizeof message));
  guarded_free(&weight);
  guarded_free(&bias);
  return linear;
}

static void forward(gt_context *context, const gt_linear *linear, const operand_case *c, const void *x, int32_t x_dtype,
                    const float *residual, void *y, int32_t y_dtype) {
  const gt_linear_params params = {.struct_size = sizeof params,
                                   .activation = c->activation,
                                   .rows = c->rows,
                                   .x_stride = c->in + c->x_gap,
                                   .y_stride = y_features(c) + c->y_gap,
                                   .residual_stride = y_features(c) + c->y_gap,
                                   .scale = 0.75F,
                                   .x_dtype = x_dtype,
                                   .y_dtype = y_dtype};
  if (kernels_of(context) != NULL) {
    poison_scratch(context, kernels_of(context)->linear_f32_bf16_f32->scratch_bytes);
  }
  CHECK_OK(gt_linear_forward(context, linear, x, residual, y, &params, message, sizeof message));
}

/* Rows of y in bf16 against the call that wrote fp32; what lies between them was not touched. */
static void check_rounded(gt_context *context, const operand_case *c, const uint16_t *y, const float *expected) {
  const int64_t stride = y_features(c) + c->y_gap;
  for (int64_t i = 0; i < count_of(c->rows, y_features(c), c->y_gap); i++) {
    const bool right = i % stride < y_features(c) ? is_bf16_of(y[i], expected[i]) : y[i] == 0xffff;
    CHECK(right,
          "tier %s, x [%lld, %lld] out %lld gated %d act %d gaps %lld, %lld: row %lld, column %lld is %04x of %a",
          gt_tier_name(gt_context_tier(context)), (long long)c->rows, (long long)c->in, (long long)c->out, c->gated,
          c->activation, (long long)c->x_gap, (long long)c->y_gap, (long long)(i / stride), (long long)(i % stride),
          y[i], (double)expected[i]);
    if (!right) {
      return;
    }
  }
}

static void run_case(gt_context *context, const operand_case *c) {
  if (skip_case()) {
    return;
  }
  gt_linear *linear = random_layer(context, c);
  const size_t x_count = (size_t)count_of(c->rows, c->in, c->x_gap);
  const size_t y_count = (size_t)count_of(c->rows, y_features(c), c->y_gap);
  guarded x = guarded_allocate(x_count * sizeof(float), c->at_end); /* NaN between rows */
  for (int64_t r = 0; r < c->rows; r++) {
    random_fill((float *)x.data + r * (c->in + c->x_gap), (size_t)c->in);
  }
  guarded rounded = guarded_bf16(x.data, x_count, c->at_end);
  guarded expected = guarded_allocate(y_count * sizeof(float), c->at_end);
  guarded y = guarded_allocate(y_count * sizeof(float), c->at_end);
  guarded narrow = guarded_allocate(y_count * sizeof(uint16_t), c->at_end);
  forward(context, linear, c, x.data, GT_F32, NULL, expected.data, GT_F32);
  forward(context, linear, c, rounded.data, GT_BF16, NULL, y.data, GT_F32);
  CHECK(memcmp(y.data, expected.data, y_count * sizeof(float)) == 0, "tier %s, x [%lld, %lld] out %lld: other bits",
        gt_tier_name(gt_context_tier(context)), (long long)c->rows, (long long)c->in, (long long)c->out);
  forward(context, linear, c, x.data, GT_F32, NULL, narrow.data, GT_BF16);
  check_rounded(context, c, narrow.data, expected.data);
  memset(narrow.data, 0xff, y_count * sizeof(uint16_t));
  forward(context, linear, c, rounded.data, GT_BF16, NULL, narrow.data, GT_BF16);
  check_rounded(context, c, narrow.data, expected.data);
  /* y as its own residual, as the sum around a block has it. */
  memcpy(expected.data, y.data, y_count * sizeof(float));
  forward(context, linear, c, x.data, GT_F32, expected.data, expected.data, GT_F32);
  forward(context, linear, c, rounded.data, GT_BF16, y.data, y.data, GT_F32);
  CHECK(memcmp(y.data, expected.data, y_count * sizeof(float)) == 0,
        "tier %s, x [%lld, %lld] out %lld with residual: other bits", gt_tier_name(gt_context_tier(context)),
        (long long)c->rows, (long long)c->in, (long long)c->out);
  gt_linear_destroy(context, linear);
  guarded *all[] = {&x, &rounded, &expected, &y, &narrow};
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
    guarded_free(all[i]);
  }
}

static operand_case random_case(int64_t rows, int64_t in, int64_t out) {
  return (operand_case){.rows = rows,
                        .in = in,
                        .out = out,
                        .x_gap = random_below(2) * random_below(9),
                        .y_gap = random_below(2) * random_below(9),
                        .activation = (int32_t)(random_below(2) * random_below(GT_ACT_LEAKY_RELU + 1)),
                        .gated = out % 2 == 0 && random_below(3) == 0,
                        .at_end = random_below(4) > 0};
}

static void on_tier_odd_shapes(const gt_kernel_table *kernels) {
  static const int64_t sizes[] = {1, 2, 3, 8, 15, 16, 17, 30, 31, 32, 33, 63, 64, 65, 100, 130, 257};
  enum { SIZES = sizeof sizes / sizeof sizes[0] };
  gt_context *context = create_context(kernels->tier, 2);
  for (int64_t rows = 1; rows <= 40; rows++) {
    for (int i = 0; i < 8; i++) {
      operand_case c = random_case(rows, sizes[random_below(SIZES)], sizes[random_below(SIZES)]);
      run_case(context, &c);
    }
  }
  gt_context_destroy(context);
}

static void odd_shapes(void) {
  for_each_tier(on_tier_odd_shapes);
}

/* More than one row block, several stretches of the inner dimension. */
static void on_tier_large_shapes(const gt_kernel_table *kernels) {
  static const int64_t shapes[][3] = {{113, 770, 65}, {230, 33, 34}, {15, 1024, 40}, {40, 2049, 33},
                                      {1, 3072, 100}, {9, 1537, 50}, {2, 64, 1100}};
  for (int32_t threads = 1; threads <= 8; threads += 7) {
    gt_context *context = create_context(kernels->tier, threads);
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
      operand_case c = random_case(shapes[i][0], shapes[i][1], shapes[i][2]);
      run_case(context, &c);
    }
    gt_context_destroy(context);
  }
}

static void large_shapes(void) {
  for_each_tier(on_tier_large_shapes);
}

/* One weight of 1: y is bias rounded. Ties go to even, what lies beyond the range becomes infinity, NaN stays NaN. */
static void on_tier_rounding(const gt_kernel_table *kernels) {
  static const float values[] = {0.0F,          -0.0F,      1.0F,      0x1.01p0F,    0x1.03p0F,       0x1.010002p0F,
                                 0x1.02fffep0F, -0x1.01p0F, 0x1.ffp0F, -0x1.03p-30F, 0x1.fefffep127F, 0x1.fffffep127F,
                                 INFINITY,      -INFINITY,  NAN,       0x1p-126F,    0x1.ffp-126F,    3.14159274F};
  enum { COUNT = sizeof values / sizeof values[0] };
  const float weight[COUNT] = {0};
  const uint16_t x = gt_bf16_of_float(1.0F);
  gt_context *context = create_context(kernels->tier, 1);
  gt_linear *linear = NULL;
  CHECK_OK(gt_linear_create(context, 1, COUNT, GT_BF16, 0, &linear, message, sizeof message));
  CHECK_OK(
      gt_linear_pack(context, linear, 0, COUNT, weight, GT_F32, GT_OUT_IN, values, GT_F32, message, sizeof message));
  const gt_linear_params params = {.struct_size = sizeof params,
                                   .rows = 1,
                                   .x_stride = 1,
                                   .y_stride = COUNT,
                                   .scale = 1,
                                   .x_dtype = GT_BF16,
                                   .y_dtype = GT_BF16};
  uint16_t y[COUNT];
  CHECK_OK(gt_linear_forward(context, linear, &x, NULL, y, &params, message, sizeof message));
  for (int i = 0; i < COUNT; i++) {
    CHECK(is_bf16_of(y[i], values[i]), "tier %s: %a became %04x", kernels->name, (double)values[i], y[i]);
  }
  gt_linear_destroy(context, linear);
  gt_context_destroy(context);
}

static void rounding(void) {
  for_each_tier(on_tier_rounding);
}

static void wrong_dtypes(void) {
  gt_context *context = create_context(GT_TIER_AUTO, 1);
  float x[8] = {0}, y[8] = {0};
  gt_linear *f32 = NULL, *bf16 = NULL;
  CHECK_OK(gt_linear_create(context, 4, 4, GT_F32, 0, &f32, message, sizeof message));
  CHECK_OK(gt_linear_create(context, 4, 4, GT_BF16, 0, &bf16, message, sizeof message));
#define REFUSED(part, layer, residual, x_type, y_type)                                                \
  do {                                                                                                \
    const gt_linear_params params = {.struct_size = sizeof params,                                    \
                                     .rows = 1,                                                       \
                                     .x_stride = 4,                                                   \
                                     .y_stride = 4,                                                   \
                                     .residual_stride = 4,                                            \
                                     .scale = 1,                                                      \
                                     .x_dtype = x_type,                                               \
                                     .y_dtype = y_type};                                              \
    CHECK_FAILS(GT_INVALID_ARGUMENT, part,                                                            \
                gt_linear_forward(context, layer, x, residual, y, &params, message, sizeof message)); \
  } while (0)
  REFUSED("x_dtype is 2; expected 0 (f32), or 2 (bf16) of a layer that computes in bf16", f32, NULL, GT_BF16, GT_F32);
  REFUSED("y_dtype is 2; expected 0 (f32)", f32, NULL, GT_F32, GT_BF16);
  REFUSED("y_dtype is 2; expected 0 (f32)", bf16, x, GT_BF16, GT_BF16);
  REFUSED("x_dtype is 1", bf16, NULL, GT_F16, GT_F32);
  REFUSED("y_dtype is 3", bf16, NULL, GT_F32, GT_F64);
#undef REFUSED
  gt_linear_destroy(context, f32);
  gt_linear_destroy(context, bf16);
  gt_context_destroy(context);
}

int main(void) {
  RUN(odd_shapes);
  RUN(large_shapes);
  RUN(rounding);
  RUN(wrong_dtypes);
  return finish();
}
