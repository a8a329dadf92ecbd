/* gt_linear_* on every tier against sums in double: shapes, strides, layouts, dtypes, fused ranges, guard pages. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "cpu/reference/activation.h"
#include "cpu/reference/convert.h"
#include "harness.h"

static char message[512];

typedef enum residual_kind { NO_RESIDUAL, SEPARATE_RESIDUAL, RESIDUAL_IS_Y, RESIDUAL_KINDS } residual_kind;

typedef struct linear_case {
  int64_t rows, in, out;
  int64_t x_gap, y_gap, residual_gap; /* stride minus width */
  int32_t dtype, layout, activation, compute_dtype;
  bool gated;
  residual_kind residual;
  float scale;
  bool bias;
  int parts;    /* how many sources fill the rows */
  bool at_end;  /* operands end, not begin, at an unreadable page */
  bool crooked; /* pointers off their vector alignment by one element */
} linear_case;

static const char *describe(const linear_case *c) {
  static char text[256];
  snprintf(text, sizeof text,
           "x [%lld, %lld] gap %lld, out %lld gap %lld, dtype %d computed in %d layout %d act %d gated %d residual %d "
           "scale %g "
           "bias %d parts %d %s%s",
           (long long)c->rows, (long long)c->in, (long long)c->x_gap, (long long)c->out, (long long)c->y_gap, c->dtype,
           c->compute_dtype, c->layout, c->activation, c->gated, c->residual, (double)c->scale, c->bias, c->parts,
           c->at_end ? "at end" : "at begin", c->crooked ? ", crooked" : "");
  return text;
}

static size_t dtype_size(int32_t dtype) {
  return dtype == GT_F32 ? 4 : dtype == GT_F64 ? 8 : 2;
}

/* `count` random elements of `dtype`, about -1 to 1. */
static guarded random_elements(int64_t count, int32_t dtype, const linear_case *c) {
  size_t size = dtype_size(dtype);
  guarded g = guarded_allocate((size_t)count * size, c->at_end);
  for (int64_t i = 0; i < count; i++) {
    float value = random_float();
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    if (dtype == GT_F32) {
      ((float *)g.data)[i] = value;
    } else if (dtype == GT_F64) {
      ((double *)g.data)[i] = (double)value * (1 + 1e-9);
    } else if (dtype == GT_BF16) {
      ((uint16_t *)g.data)[i] = (uint16_t)(bits >> 16);
    } else { /* any exponent up to 0, so that f16 subnormals occur */
      ((uint16_t *)g.data)[i] = (uint16_t)((bits >> 16 & 0x8000) | (uint32_t)random_below(15 << 10));
    }
  }
  return g;
}

/* A matrix with `gap` elements between rows; ends with its last row. */
typedef struct matrix {
  guarded memory;
  float *data;
  int64_t rows, columns, stride;
} matrix;

static matrix create_matrix(int64_t rows, int64_t columns, int64_t gap, const linear_case *c) {
  matrix m = {.rows = rows, .columns = columns, .stride = columns + gap};
  int64_t count = rows == 0 ? 0 : (rows - 1) * m.stride + columns;
  bool shift = c->crooked && !c->at_end;
  m.memory = guarded_allocate((size_t)(count + shift) * sizeof(float), c->at_end);
  m.data = (float *)m.memory.data + shift;
  for (int64_t r = 0; r < rows; r++) {
    random_fill(m.data + r * m.stride, (size_t)columns);
  }
  return m;
}

/* Elements between rows still hold the NaN pattern they were given. */
static bool gaps_untouched(const matrix *m) {
  for (int64_t r = 0; r + 1 < m->rows; r++) {
    for (int64_t i = m->columns; i < m->stride; i++) {
      uint32_t bits;
      memcpy(&bits, m->data + r * m->stride + i, sizeof bits);
      if (bits != 0xffffffffu) {
        return false;
      }
    }
  }
  return true;
}

/* The weights of a case: `parts` sources for consecutive row ranges. */
typedef struct source {
  int64_t first, count;
  guarded weight, bias;
} source;

static gt_linear *pack(gt_context *context, const linear_case *c, source *sources) {
  gt_linear *linear = NULL;
  CHECK_OK(gt_linear_create(context, c->in, c->out, c->compute_dtype, c->gated, &linear, message, sizeof message));
  for (int p = 0; p < c->parts; p++) {
    source *s = &sources[p];
    s->first = c->out * p / c->parts;
    s->count = c->out * (p + 1) / c->parts - s->first;
    s->weight = random_elements(s->count * c->in, c->dtype, c);
    s->bias = random_elements(s->count, c->dtype, c);
    CHECK_OK(gt_linear_pack(context, linear, s->first, s->count, s->weight.data, c->dtype, c->layout,
                            c->bias ? s->bias.data : NULL, c->dtype, message, sizeof message));
  }
  return linear;
}

static int64_t y_features(const linear_case *c) {
  return c->gated ? c->out / 2 : c->out;
}

/* What the product sees of a value. */
static double computed(const linear_case *c, float value) {
  return (double)(c->compute_dtype == GT_BF16 ? gt_float_of_bf16(gt_bf16_of_float(value)) : value);
}

/* x . row `n` of the weights + bias; `*magnitude` gets the sum of the terms' magnitudes. */
static double exact_sum(const linear_case *c, const source *sources, const float *x, int64_t n, double *magnitude) {
  const source *s = sources;
  while (n >= s->first + s->count) {
    s++;
  }
  n -= s->first;
  double sum = c->bias ? (double)gt_element(s->bias.data, c->dtype, n) : 0;
  *magnitude = fabs(sum);
  for (int64_t k = 0; k < c->in; k++) {
    int64_t index = c->layout == GT_OUT_IN ? n * c->in + k : k * s->count + n;
    double product = computed(c, x[k]) * computed(c, gt_element(s->weight.data, c->dtype, index));
    sum += product;
    *magnitude += fabs(product);
  }
  return sum;
}

/* Checks one row of y against `residual`, the row's residual. */
static void check_row(const linear_case *c, const source *sources, const float *x, const float *residual,
                      const float *y) {
  for (int64_t n = 0; n < y_features(c); n++) {
    double magnitude;
    double sum = exact_sum(c, sources, x, n, &magnitude);
    double value = (double)gt_reference_activation((float)sum, c->activation);
    /* The slope of relu2 at the sum; that of the others stays below 1.2. */
    double slope = c->activation == GT_ACT_RELU2 ? 2 * fabs(sum) + 1 : 1.2;
    double error_of_value = 8 * slope * magnitude + 8 * fabs(value);
    if (c->gated) {
      double up_magnitude;
      double up = exact_sum(c, sources, x, y_features(c) + n, &up_magnitude);
      error_of_value = error_of_value * fabs(up) + 8 * fabs(value) * up_magnitude + 1e-6;
      value *= up;
    }
    double expected = value * (double)c->scale + (residual == NULL ? 0.0 : (double)residual[n]);
    double tolerance = 0x1p-24 * (fabs((double)c->scale) * error_of_value + 2 * fabs(expected) + 1e-6);
    double error = fabs((double)y[n] - expected);
    CHECK(error <= tolerance, "column %lld is %.9g, expected %.9g (error %.3g, tolerance %.3g): %s", (long long)n,
          (double)y[n], expected, error, tolerance, describe(c));
    if (!(error <= tolerance)) {
      return;
    }
  }
}

static void run_case(gt_context *context, const linear_case *c) {
  if (skip_case()) {
    return;
  }
  source sources[4];
  gt_linear *linear = pack(context, c, sources);
  matrix x = create_matrix(c->rows, c->in, c->x_gap, c);
  matrix y = create_matrix(c->rows, y_features(c), c->y_gap, c);
  matrix residual = create_matrix(c->rows, y_features(c), c->residual == RESIDUAL_IS_Y ? c->y_gap : c->residual_gap, c);
  for (int64_t r = 0; r < c->rows; r++) { /* of RESIDUAL_IS_Y, a copy to compare with */
    if (c->residual == RESIDUAL_IS_Y) {
      memcpy(residual.data + r * residual.stride, y.data + r * y.stride, (size_t)y.columns * sizeof(float));
    }
  }
  gt_linear_params params = {.struct_size = sizeof params,
                             .activation = c->activation,
                             .rows = c->rows,
                             .x_stride = x.stride,
                             .y_stride = y.stride,
                             .residual_stride = c->residual == NO_RESIDUAL ? 0 : residual.stride,
                             .scale = c->scale};
  const float *operand = c->residual == NO_RESIDUAL ? NULL : c->residual == RESIDUAL_IS_Y ? y.data : residual.data;
  CHECK_OK(gt_linear_forward(context, linear, x.data, operand, y.data, &params, message, sizeof message));
  for (int64_t r = 0; r < c->rows; r++) {
    check_row(c, sources, x.data + r * x.stride,
              c->residual == NO_RESIDUAL ? NULL : residual.data + r * residual.stride, y.data + r * y.stride);
  }
  CHECK(gaps_untouched(&y), "wrote between the rows of y: %s", describe(c));
  gt_linear_destroy(context, linear);
  for (int p = 0; p < c->parts; p++) {
    guarded_free(&sources[p].weight);
    guarded_free(&sources[p].bias);
  }
  guarded_free(&x.memory);
  guarded_free(&y.memory);
  guarded_free(&residual.memory);
}

static const int64_t odd_sizes[] = {1, 2, 3, 8, 15, 16, 17, 30, 31, 32, 33, 63, 64, 65, 100, 130, 257};
enum { ODD_SIZES = sizeof odd_sizes / sizeof odd_sizes[0] };

static linear_case plain_case(int64_t rows, int64_t in, int64_t out) {
  return (linear_case){.rows = rows, .in = in, .out = out, .scale = 1, .parts = 1, .bias = true, .at_end = true};
}

static linear_case random_case(int64_t rows, int64_t in, int64_t out) {
  linear_case c = plain_case(rows, in, out);
  c.x_gap = random_below(2) * random_below(40);
  c.y_gap = random_below(2) * random_below(40);
  c.residual_gap = random_below(2) * random_below(40);
  c.dtype = (int32_t)random_below(GT_F64 + 1);
  c.compute_dtype = random_below(2) == 0 ? GT_F32 : GT_BF16;
  c.gated = out % 2 == 0 && random_below(3) == 0;
  c.layout = (int32_t)random_below(2);
  c.activation = (int32_t)(random_below(2) * random_below(GT_ACT_LEAKY_RELU + 1));
  c.residual = (residual_kind)random_below(RESIDUAL_KINDS);
  c.scale = random_below(2) == 0 ? 1 : -0.75f;
  c.bias = random_below(3) > 0;
  c.parts = out >= 4 ? 1 + (int)random_below(4) : 1;
  c.at_end = random_below(2) == 0;
  c.crooked = random_below(2) == 0;
  return c;
}

static void on_tier_odd_shapes(const gt_kernel_table *kernels) {
  gt_context *context = create_context(kernels->tier, 2);
  for (int64_t rows = 1; rows <= 40; rows++) {
    for (int i = 0; i < 12; i++) {
      linear_case c = random_case(rows, odd_sizes[random_below(ODD_SIZES)], odd_sizes[random_below(ODD_SIZES)]);
      run_case(context, &c);
    }
  }
  for (int in = 0; in < ODD_SIZES; in++) {
    for (int out = 0; out < ODD_SIZES; out++) {
      linear_case c = random_case(1 + random_below(3), odd_sizes[in], odd_sizes[out]);
      run_case(context, &c);
    }
  }
  gt_context_destroy(context);
}

static void odd_shapes(void) {
  for_each_tier(on_tier_odd_shapes);
}

/* More than one row block, several stretches of the inner dimension, rows that collide in the cache. */
static void on_tier_large_shapes(const gt_kernel_table *kernels) {
  static const int64_t shapes[][3] = {{113, 770, 65}, {230, 33, 33}, {15, 1024, 40},  {40, 2048, 33},
                                      {1, 3072, 100}, {9, 1537, 50}, {130, 1600, 40}, {2, 64, 1100}};
  for (int32_t threads = 1; threads <= 24; threads += threads == 1 ? 1 : 22) { /* few and more than panels */
    gt_context *context = create_context(kernels->tier, threads);
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
      linear_case c = threads == 1 ? plain_case(shapes[i][0], shapes[i][1], shapes[i][2])
                                   : random_case(shapes[i][0], shapes[i][1], shapes[i][2]);
      run_case(context, &c);
    }
    gt_context_destroy(context);
  }
}

static void large_shapes(void) {
  for_each_tier(on_tier_large_shapes);
}

static void on_tier_every_activation(const gt_kernel_table *kernels) {
  gt_context *context = create_context(kernels->tier, 1);
  for (int32_t activation = GT_ACT_IDENTITY; activation <= GT_ACT_LEAKY_RELU; activation++) {
    linear_case c = plain_case(5, 33, 67);
    c.activation = activation;
    c.residual = SEPARATE_RESIDUAL;
    run_case(context, &c);
  }
  gt_context_destroy(context);
}

static void every_activation(void) {
  for_each_tier(on_tier_every_activation);
}

static void on_tier_zero_rows(const gt_kernel_table *kernels) {
  gt_context *context = create_context(kernels->tier, 2);
  gt_linear *linear;
  CHECK_OK(gt_linear_create(context, 3, 5, GT_F32, 0, &linear, message, sizeof message));
  gt_linear_params params = {.struct_size = sizeof params, .x_stride = 3, .y_stride = 5, .scale = 1};
  CHECK_OK(gt_linear_forward(context, linear, NULL, NULL, NULL, &params, message, sizeof message));
  CHECK_OK(gt_linear_pack(context, linear, 5, 0, NULL, GT_F32, GT_OUT_IN, NULL, GT_F32, message, sizeof message));
  /* Rows never packed are zero, bias too. */
  float x[3] = {1, 2, 3}, y[5] = {9, 9, 9, 9, 9};
  params.rows = 1;
  CHECK_OK(gt_linear_forward(context, linear, x, NULL, y, &params, message, sizeof message));
  for (int i = 0; i < 5; i++) {
    CHECK(y[i] == 0, "y[%d] is %g", i, (double)y[i]);
  }
  gt_linear_destroy(context, linear);
  gt_linear_destroy(context, NULL);
  gt_context_destroy(context);
}

static void zero_rows(void) {
  for_each_tier(on_tier_zero_rows);
}

/* Rounding of 3072 terms summed in one chain of fused multiply-adds is what the blocked sums must stay well below. */
static void on_tier_long_sums(const gt_kernel_table *kernels) {
  enum { ROWS = 16, IN = 3072, OUT = 64 };
  gt_context *context = create_context(kernels->tier, 1);
  float *x = malloc(sizeof(float) * ROWS * IN), *w = malloc(sizeof(float) * OUT * IN);
  float *y = malloc(sizeof(float) * ROWS * OUT);
  random_fill(x, ROWS * IN);
  random_fill(w, OUT * IN);
  gt_linear *linear;
  CHECK_OK(gt_linear_create(context, IN, OUT, GT_F32, 0, &linear, message, sizeof message));
  CHECK_OK(gt_linear_pack(context, linear, 0, OUT, w, GT_F32, GT_OUT_IN, NULL, GT_F32, message, sizeof message));
  for (int64_t rows = 1; rows <= ROWS; rows += 15) {
    gt_linear_params params = {.struct_size = sizeof params, .rows = rows, .x_stride = IN, .y_stride = OUT, .scale = 1};
    CHECK_OK(gt_linear_forward(context, linear, x, NULL, y, &params, message, sizeof message));
    double kernel_error = 0, chain_error = 0;
    for (int64_t i = 0; i < rows * OUT; i++) {
      const float *a = x + i / OUT * IN, *b = w + i % OUT * IN;
      double exact = 0;
      float chain = 0;
      for (int k = 0; k < IN; k++) {
        exact += (double)a[k] * (double)b[k];
        chain = fmaf(a[k], b[k], chain);
      }
      kernel_error += ((double)y[i] - exact) * ((double)y[i] - exact);
      chain_error += ((double)chain - exact) * ((double)chain - exact);
    }
    CHECK(kernel_error < 0.2 * chain_error, "tier %s, %lld rows: squared error %.3g, one chain has %.3g", kernels->name,
          (long long)rows, kernel_error, chain_error);
  }
  gt_linear_destroy(context, linear);
  gt_context_destroy(context);
  free(x);
  free(w);
  free(y);
}

static void long_sums(void) {
  for_each_tier(on_tier_long_sums);
}

static void wrong_arguments(void) {
  gt_context *context = create_context(GT_TIER_AUTO, 1);
  float x[64] = {0}, y[64] = {0};
  gt_linear *linear = NULL;
  CHECK_FAILS(GT_INVALID_ARGUMENT, "weight is [4, 0]",
              gt_linear_create(context, 0, 4, GT_F32, 0, &linear, message, sizeof message));
  CHECK_FAILS(GT_INVALID_ARGUMENT, "context is NULL",
              gt_linear_create(NULL, 4, 4, GT_F32, 0, &linear, message, sizeof message));
  CHECK_FAILS(GT_OUT_OF_MEMORY, "no memory to pack a weight [2147483647, 2147483647]",
              gt_linear_create(context, INT32_MAX, INT32_MAX, GT_F32, 0, &linear, message, sizeof message));
  CHECK(linear == NULL, "linear is written");
  CHECK_FAILS(GT_INVALID_ARGUMENT, "compute_dtype is 1; expected 0 (f32) or 2 (bf16)",
              gt_linear_create(context, 8, 4, GT_F16, 0, &linear, message, sizeof message));
  CHECK_FAILS(GT_INVALID_ARGUMENT, "gated is 1 for 5 output features",
              gt_linear_create(context, 8, 5, GT_F32, 1, &linear, message, sizeof message));
  CHECK_OK(gt_linear_create(context, 8, 4, GT_F32, 0, &linear, message, sizeof message));
  CHECK_FAILS(GT_INVALID_ARGUMENT, "3 rows from row 2 lie outside the packed weight [4, 8]",
              gt_linear_pack(context, linear, 2, 3, x, GT_F32, GT_OUT_IN, NULL, 0, message, sizeof message));
  CHECK_FAILS(GT_INVALID_ARGUMENT, "unknown dtype 9",
              gt_linear_pack(context, linear, 0, 4, x, 9, GT_OUT_IN, NULL, 0, message, sizeof message));
  CHECK_FAILS(GT_INVALID_ARGUMENT, "layout is 2",
              gt_linear_pack(context, linear, 0, 4, x, GT_F32, 2, NULL, 0, message, sizeof message));
  CHECK_FAILS(GT_INVALID_ARGUMENT, "weight is NULL",
              gt_linear_pack(context, linear, 0, 4, NULL, GT_F32, GT_OUT_IN, NULL, 0, message, sizeof message));
  gt_linear_params params = {.struct_size = sizeof params, .rows = 2, .x_stride = 8, .y_stride = 4, .scale = 1};
#define FORWARD(xs, rs, ys) gt_linear_forward(context, linear, xs, rs, ys, &params, message, sizeof message)
  params.x_stride = 7;
  CHECK_FAILS(GT_INVALID_ARGUMENT, "x_stride is 7 for x [2, 8]", FORWARD(x, NULL, y));
  params.x_stride = 8;
  params.y_stride = 3;
  CHECK_FAILS(GT_INVALID_ARGUMENT, "y_stride is 3 for y [2, 4]", FORWARD(x, NULL, y));
  params.y_stride = 4;
  CHECK_FAILS(GT_INVALID_ARGUMENT, "residual_stride is 0", FORWARD(x, y, y));
  CHECK_FAILS(GT_INVALID_ARGUMENT, "x is NULL", FORWARD(NULL, NULL, y));
  params.rows = -1;
  CHECK_FAILS(GT_INVALID_ARGUMENT, "rows is -1", FORWARD(x, NULL, y));
  params.rows = 2;
  params.activation = 99;
  CHECK_FAILS(GT_INVALID_ARGUMENT, "activation 99", FORWARD(x, NULL, y));
  params.struct_size = 12;
  CHECK_FAILS(GT_INVALID_ARGUMENT, "struct_size 12", FORWARD(x, NULL, y));
#undef FORWARD
  gt_linear_destroy(context, linear);
  gt_context_destroy(context);
}

int main(void) {
  RUN(odd_shapes);
  RUN(large_shapes);
  RUN(every_activation);
  RUN(zero_rows);
  RUN(long_sums);
  RUN(wrong_arguments);
  return finish();
}
