/*
 * What linear_operands_test leaves of operands in bf16: pointers that are off, products that are made part by part.
 * They give what they give of x rounded, and that rounded: bit by bit with the argument "exact". cuBLASLt on a GPU may
 * choose other algorithms for other operands, and they other orders of summation.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "cpu/reference/convert.h"
#include "harness.h"

static char message[512];
static bool exact;

typedef struct linear_case {
  int64_t rows, in, out;
  int64_t x_gap, y_gap;     /* stride minus width */
  int64_t x_shift, y_shift; /* elements in front of the first */
  int32_t activation;
  float scale;
  bool gated, residual;
} linear_case;

/* A matrix in fp32 or bf16; what lies in front of rows and between them is NaN. */
typedef struct matrix {
  void *memory;
  size_t bytes;
  int64_t rows, columns, stride, shift;
  bool bf16;
} matrix;

static matrix create_matrix(int64_t rows, int64_t columns, int64_t gap, int64_t shift, bool bf16) {
  const size_t bytes = (size_t)(shift + rows * (columns + gap)) * (bf16 ? 2 : sizeof(float));
  matrix m = {aligned_alloc(64, (bytes + 63) / 64 * 64), bytes, rows, columns, columns + gap, shift, bf16};
  memset(m.memory, 0xff, bytes);
  return m;
}

static void *first_of(const matrix *m) {
  return (char *)m->memory + (size_t)m->shift * (m->bf16 ? 2 : sizeof(float));
}

static float *f32_at(const matrix *m, int64_t row, int64_t column) {
  return (float *)first_of(m) + row * m->stride + column;
}

static uint16_t *bf16_at(const matrix *m, int64_t row, int64_t column) {
  return (uint16_t *)first_of(m) + row * m->stride + column;
}

static bool gaps_untouched(const matrix *m) {
  const size_t size = m->bf16 ? 2 : sizeof(float);
  for (size_t i = 0; i < m->bytes; i++) {
    const int64_t index = (int64_t)(i / size) - m->shift;
    if ((index < 0 || index % m->stride >= m->columns) && ((unsigned char *)m->memory)[i] != 0xff) {
      return false;
    }
  }
  return true;
}

static gt_linear *create_layer(gt_context *context, const linear_case *c) {
  gt_linear *linear = NULL;
  float *weight = malloc(sizeof(float) * (size_t)(c->in * c->out)), *bias = malloc(sizeof(float) * (size_t)c->out);
  random_fill(weight, (size_t)(c->in * c->out));
  random_fill(bias, (size_t)c->out);
  CHECK_OK(gt_linear_create(context, c->in, c->out, GT_BF16, c->gated, &linear, message, sizeof message));
  CHECK_OK(
      gt_linear_pack(context, linear, 0, c->out, weight, GT_F32, GT_OUT_IN, bias, GT_F32, message, sizeof message));
  free(weight);
  free(bias);
  return linear;
}

static void forward(gt_context *context, const gt_linear *linear, const linear_case *c, const matrix *x,
                    const matrix *residual, const matrix *y) {
  const gt_linear_params params = {.struct_size = sizeof params,
                                   .activation = c->activation,
                                   .rows = c->rows,
                                   .x_stride = x->stride,
                                   .y_stride = y->stride,
                                   .residual_stride = residual == NULL ? 0 : residual->stride,
                                   .scale = c->scale,
                                   .x_dtype = x->bf16 ? GT_BF16 : GT_F32,
                                   .y_dtype = y->bf16 ? GT_BF16 : GT_F32};
  CHECK_OK(gt_linear_forward(context, linear, first_of(x), residual == NULL ? NULL : first_of(residual), first_of(y),
                             &params, message, sizeof message));
}

/* What other orders of summation, and then a rounding to the other neighbour, may change. */
static double tolerance(const linear_case *c, const matrix *y, float value) {
  const double of_sum = 0x1p-21 * (double)c->in, terms = (double)c->in;
  const bool multiplied = c->gated || c->activation == GT_ACT_RELU2;
  return exact ? 0 : of_sum * (multiplied ? 1 + sqrt(terms) : 1) + (y->bf16 ? 0x1p-7 * fabs((double)value) : 0);
}

static void check_same(const linear_case *c, const matrix *expected, const matrix *y, const char *operands) {
  int64_t wrong = 0;
  for (int64_t r = 0; r < y->rows; r++) {
    for (int64_t n = 0; n < y->columns; n++) {
      const float sum = *f32_at(expected, r, n);
      const float value = y->bf16 ? gt_float_of_bf16(gt_bf16_of_float(sum)) : sum;
      const float actual = y->bf16 ? gt_float_of_bf16(*bf16_at(y, r, n)) : *f32_at(y, r, n);
      wrong += !(fabs((double)actual - (double)value) <= tolerance(c, y, value));
    }
  }
  CHECK(wrong == 0 && gaps_untouched(y),
        "%s: %lld elements differ, gaps %s: x [%lld, %lld] gap %lld shift %lld, out %lld gap %lld shift %lld, act %d, "
        "scale %g, gated %d, residual %d",
        operands, (long long)wrong, gaps_untouched(y) ? "untouched" : "written", (long long)c->rows, (long long)c->in,
        (long long)c->x_gap, (long long)c->x_shift, (long long)c->out, (long long)c->y_gap, (long long)c->y_shift,
        c->activation, (double)c->scale, c->gated, c->residual);
}

static void run_case(gt_context *context, const linear_case *c) {
  if (skip_case()) {
    return;
  }
  const int64_t out = c->gated ? c->out / 2 : c->out;
  gt_linear *linear = create_layer(context, c);
  matrix x = create_matrix(c->rows, c->in, c->x_gap, c->x_shift, false);
  matrix x_bf16 = create_matrix(c->rows, c->in, c->x_gap, c->x_shift, true);
  for (int64_t r = 0; r < c->rows; r++) {
    random_fill(f32_at(&x, r, 0), (size_t)c->in);
    for (int64_t k = 0; k < c->in; k++) {
      *bf16_at(&x_bf16, r, k) = gt_bf16_of_float(*f32_at(&x, r, k));
    }
  }
  matrix residual = create_matrix(c->rows, out, 3, 0, false);
  for (int64_t r = 0; r < c->rows; r++) {
    random_fill(f32_at(&residual, r, 0), (size_t)out);
  }
  const matrix *added = c->residual ? &residual : NULL;
  matrix expected = create_matrix(c->rows, out, c->y_gap, c->y_shift, false);
  matrix y = create_matrix(c->rows, out, c->y_gap, c->y_shift, false);
  matrix y_bf16 = create_matrix(c->rows, out, c->y_gap, c->y_shift, true);
  forward(context, linear, c, &x, added, &expected);
  forward(context, linear, c, &x_bf16, added, &y);
  check_same(c, &expected, &y, "x in bf16");
  if (!c->residual) {
    forward(context, linear, c, &x_bf16, NULL, &y_bf16);
    check_same(c, &expected, &y_bf16, "x and y in bf16");
    memset(y_bf16.memory, 0xff, y_bf16.bytes);
    forward(context, linear, c, &x, NULL, &y_bf16);
    check_same(c, &expected, &y_bf16, "y in bf16");
  }
  gt_linear_destroy(context, linear);
  matrix *const all[] = {&x, &x_bf16, &residual, &expected, &y, &y_bf16};
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
    free(all[i]->memory);
  }
}

static linear_case random_case(int64_t rows, int64_t in, int64_t out) {
  return (linear_case){
      .rows = rows,
      .in = in,
      .out = out,
      .x_gap = random_below(3) * 4 * random_below(3) + random_below(2) * random_below(9),
      .y_gap = random_below(3) * 4 + random_below(2) * random_below(9),
      .x_shift = random_below(2) * random_below(9),
      .y_shift = random_below(2) * random_below(5),
      .activation = (int32_t)(random_below(2) * random_below(GT_ACT_LEAKY_RELU + 1)),
      .scale = random_below(3) == 0 ? -0.75f : 1,
      .gated = out % 2 == 0 && random_below(3) == 0,
      .residual = random_below(4) == 0,
  };
}

/* Around the sizes of warps' parts and of tiles. */
static void odd_shapes(void) {
  static const int64_t rows[] = {1, 2, 5, 8, 9, 15, 16, 17, 33, 40, 64, 65, 130};
  static const int64_t sizes[] = {1, 2, 3, 7, 8, 9, 15, 16, 24, 32, 33, 63, 64, 65, 100, 128, 136, 257};
  enum { ROWS = sizeof rows / sizeof rows[0], SIZES = sizeof sizes / sizeof sizes[0] };
  gt_context *context = create_context(GT_TIER_AUTO, 1);
  for (int r = 0; r < ROWS; r++) {
    for (int i = 0; i < 24; i++) {
      const linear_case c = random_case(rows[r], sizes[random_below(SIZES)], sizes[random_below(SIZES)]);
      run_case(context, &c);
    }
  }
  gt_context_destroy(context);
}

/* What needs no copy of x, and vectors of y. */
static void aligned_shapes(void) {
  static const int64_t shapes[][3] = {{1, 768, 96}, {7, 64, 40}, {16, 128, 64}, {40, 96, 72}, {131, 256, 264}};
  gt_context *context = create_context(GT_TIER_AUTO, 1);
  for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
    for (int32_t gated = 0; gated <= 1; gated++) {
      linear_case c = {.rows = shapes[i][0], .in = shapes[i][1], .out = shapes[i][2], .scale = 1, .gated = gated};
      run_case(context, &c);
      c.activation = GT_ACT_GELU_ERF;
      c.x_gap = 8;
      c.y_gap = 4;
      run_case(context, &c);
    }
  }
  gt_context_destroy(context);
}

/* More rows than sums in fp32, or a copy of x, are kept of at a time. */
static void parts(void) {
  gt_context *context = create_context(GT_TIER_AUTO, 1);
  linear_case c = {.rows = 259, .in = 8, .out = 25000, .activation = GT_ACT_GELU_ERF, .scale = 1};
  run_case(context, &c);
  c = (linear_case){.rows = 259, .in = 50002, .out = 3, .scale = 1};
  run_case(context, &c);
  gt_context_destroy(context);
}

int main(int argc, char **argv) {
  exact = argc > 1 && strcmp(argv[1], "exact") == 0;
  RUN(odd_shapes);
  RUN(aligned_shapes);
  RUN(parts);
  return finish();
}
