/* gt_rope on every tier against products in double. */
#include <math.h>
#include <stdio.h>

#include "harness.h"

static char message[256];

enum { TABLE_ROWS = 37 };

typedef struct rope_case {
  int32_t heads, head_dim, rotary_dim, interleaved;
  int64_t tokens, pad; /* floats behind a token's heads */
  bool at_end;
} rope_case;

static void run_case(gt_context *context, const rope_case *c) {
  if (skip_case()) {
    return;
  }
  const int64_t half = c->rotary_dim / 2;
  gt_rope_params p = {.struct_size = sizeof p,
                      .num_heads = c->heads,
                      .head_dim = c->head_dim,
                      .rotary_dim = c->rotary_dim,
                      .interleaved = c->interleaved,
                      .tokens = c->tokens,
                      .x_stride = (int64_t)c->heads * c->head_dim + c->pad,
                      .table_rows = TABLE_ROWS};
  const size_t count = (size_t)(c->tokens * p.x_stride - c->pad), table = (size_t)(TABLE_ROWS * half);
  guarded x = guarded_allocate(count * sizeof(float), c->at_end);
  guarded before = guarded_allocate(count * sizeof(float), true);
  guarded cosines = guarded_allocate(table * sizeof(float), c->at_end);
  guarded sines = guarded_allocate(table * sizeof(float), c->at_end);
  guarded positions = guarded_allocate((size_t)c->tokens * sizeof(int32_t), c->at_end);
  random_fill(x.data, count);
  random_fill(cosines.data, table);
  random_fill(sines.data, table);
  memcpy(before.data, x.data, count * sizeof(float));
  for (int64_t t = 0; t < c->tokens; t++) {
    ((int32_t *)positions.data)[t] = t == 0 ? TABLE_ROWS - 1 : (int32_t)random_below(TABLE_ROWS);
  }
  CHECK_OK(gt_rope(context, x.data, positions.data, cosines.data, sines.data, &p, message, sizeof message));

  for (int64_t i = 0; i < (int64_t)count; i++) {
    const float *was = before.data;
    int64_t token = i / p.x_stride, feature = i % p.x_stride, d = feature % c->head_dim;
    float actual = ((float *)x.data)[i];
    if (feature >= (int64_t)c->heads * c->head_dim || d >= c->rotary_dim) {
      CHECK(actual == was[i], "feature %lld of token %lld was %g and is %g", (long long)feature, (long long)token,
            (double)was[i], (double)actual);
      continue;
    }
    int64_t pair = c->interleaved ? d / 2 : d % half;
    bool second = c->interleaved ? d % 2 == 1 : d >= half;
    int64_t apart = c->interleaved ? 1 : half;
    int64_t row = ((int32_t *)positions.data)[token] * half + pair;
    double cosine = (double)((float *)cosines.data)[row], sine = (double)((float *)sines.data)[row];
    double other = (double)was[second ? i - apart : i + apart];
    double kept = (double)was[i] * cosine, turned = second ? other * sine : -other * sine;
    double tolerance = 0x1p-24 * (fabs(kept) + fabs(kept + turned)) + 0x1p-149;
    /* Either product may be the one that is rounded alone. */
    tolerance += 0x1p-24 * fabs(turned);
    CHECK(fabs((double)actual - (kept + turned)) <= tolerance,
          "%d heads of %d, rotary %d, interleaved %d: feature %lld of token %lld is %.9g, expected %.9g", c->heads,
          c->head_dim, c->rotary_dim, c->interleaved, (long long)feature, (long long)token, (double)actual,
          kept + turned);
  }
  guarded_free(&x);
  guarded_free(&before);
  guarded_free(&cosines);
  guarded_free(&sines);
  guarded_free(&positions);
}

static void on_tier(const gt_kernel_table *kernels) {
  static const int32_t dims[] = {2, 4, 6, 14, 16, 18, 30, 32, 34, 62, 64, 66, 80, 96, 128, 256, 510, 512};
  gt_context *context = create_context(kernels->tier, 3);
  for (size_t i = 0; i < sizeof dims / sizeof dims[0]; i++) {
    for (int variant = 0; variant < 8; variant++) {
      rope_case c = {.heads = 1 + (int32_t)random_below(9),
                     .head_dim = dims[i],
                     .rotary_dim = variant & 1 ? dims[i] / 4 * 2 : dims[i],
                     .interleaved = variant & 2 ? 1 : 0,
                     .tokens = 1 + random_below(70),
                     .pad = random_below(20),
                     .at_end = (variant & 4) != 0};
      if (c.rotary_dim < 2) {
        c.rotary_dim = 2;
      }
      run_case(context, &c);
      c.head_dim = dims[i] < 512 ? dims[i] + 1 : 512; /* an odd feature that is not rotated */
      run_case(context, &c);
    }
  }
  run_case(context, &(rope_case){24, 64, 64, 0, 300, 768, true}); /* several tasks */
  gt_context_destroy(context);
}

static void heads_and_pairs(void) {
  for_each_tier(on_tier);
}

static void wrong_arguments(void) {
  gt_context *context = create_context(GT_TIER_AUTO, 1);
  float x[16], table[4] = {1, 1, 1, 1};
  int32_t positions[2] = {0, 1};
  random_fill(x, 16);
  float before[16];
  memcpy(before, x, sizeof x);
  const gt_rope_params good = {sizeof good, 2, 4, 4, 0, 2, 8, 2};
  gt_rope_params p = good;
#define CALL() gt_rope(context, x, positions, table, table, &p, message, sizeof message)
#define REFUSED(part, change)                       \
  do {                                              \
    p = good;                                       \
    change;                                         \
    CHECK_FAILS(GT_INVALID_ARGUMENT, part, CALL()); \
  } while (0)
  REFUSED("struct_size 4", p.struct_size = 4);
  REFUSED("num_heads is 0", p.num_heads = 0);
  REFUSED("head_dim is 1", p.head_dim = 1);
  REFUSED("head_dim is 513", p.head_dim = 513);
  REFUSED("rotary_dim is 3", p.rotary_dim = 3);
  REFUSED("rotary_dim is 6", p.rotary_dim = 6);
  REFUSED("rotary_dim is 0", p.rotary_dim = 0);
  REFUSED("interleaved is 2", p.interleaved = 2);
  REFUSED("tokens is -1", p.tokens = -1);
  REFUSED("x_stride 7", p.x_stride = 7);
  REFUSED("table_rows is -1", p.table_rows = -1);
  REFUSED("position 1 of token 1", p.table_rows = 1);
  REFUSED("position -2 of token 0", positions[0] = -2);
  positions[0] = 0;
  p = good;
  CHECK_FAILS(GT_INVALID_ARGUMENT, "sines is NULL",
              gt_rope(context, x, positions, table, NULL, &p, message, sizeof message));
  CHECK_FAILS(GT_INVALID_ARGUMENT, "params is NULL",
              gt_rope(context, x, positions, table, table, NULL, message, sizeof message));
  p.tokens = 0;
  CHECK_OK(gt_rope(context, NULL, NULL, NULL, NULL, &p, message, sizeof message));
  CHECK(memcmp(before, x, sizeof x) == 0, "a refused call changed x[0] to %g", (double)x[0]);
  gt_context_destroy(context);
}

int main(void) {
  RUN(heads_and_pairs);
  RUN(wrong_arguments);
  return finish();
}
