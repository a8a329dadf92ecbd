/* gt_attention with q, k, v and out in bf16 on every tier: the bits of the same call on fp32 that holds those values.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "attention_scene.h"

static char message[256];

/* Elements of an operand that ends with its last token's last head. */
static size_t count_of(int64_t tokens, int64_t stride, int64_t features) {
  return tokens == 0 ? 0 : (size_t)((tokens - 1) * stride + features);
}

static void narrow(guarded *memory, size_t count) {
  guarded copy = guarded_bf16(memory->data, count, true);
  guarded_free(memory);
  *memory = copy;
}

/* Runs the scene with `out` in bf16 against what the call with fp32 gave; the gaps of both are NaN. */
static void check_out(scene *c, gt_context *context, const float *expected, size_t count, const char *what) {
  guarded out = guarded_allocate(count * sizeof(uint16_t), true), wide = c->out;
  c->out = out;
  c->p.out_dtype = GT_BF16;
  poison(context, &c->p);
  CHECK_OK(run(c, context, message, sizeof message));
  const int64_t features = c->p.num_heads * c->p.v_head_dim;
  for (size_t i = 0; i < count; i++) {
    const uint16_t actual = ((const uint16_t *)out.data)[i];
    const bool gap = (int64_t)i % c->p.out_stride >= features;
    const bool right = gap ? actual == 0xffff : is_bf16_of(actual, expected[i]);
    CHECK(right, "%s: element %zu is %04x of %a", what, i, actual, (double)expected[i]);
    if (!right) {
      break;
    }
  }
  c->out = wide;
  c->p.out_dtype = GT_F32;
  guarded_free(&out);
}

static void try_in(gt_context *context, const shape *s, int32_t window) {
  char what[256];
  snprintf(what, sizeof what,
           "tier %s, q %d.. kv %d.. batch %d heads %d/%d dim %d/%d causal %d bias %d block %d window %d",
           gt_tier_name(gt_context_tier(context)), s->q[0], s->kv[0], s->batch, s->heads, s->kv_heads, s->dim, s->v_dim,
           s->causal, s->bias_distance, s->block_size, window);
  scene c = make_scene(s);
  c.p.sliding_window = window;
  c.p.compute_dtype = GT_BF16;
  const size_t q = count_of(c.q_tokens, c.p.q_stride, (int64_t)s->heads * s->dim);
  const size_t k = count_of(c.kv_tokens, c.p.k_stride, (int64_t)s->kv_heads * s->dim);
  const size_t v = count_of(c.kv_tokens, c.p.v_stride, (int64_t)s->kv_heads * s->v_dim);
  const size_t out = count_of(c.q_tokens, c.p.out_stride, (int64_t)s->heads * s->v_dim);
  round_to_bf16(c.q.data, q);
  round_to_bf16(c.k.data, k);
  round_to_bf16(c.v.data, v);
  if (s->block_size > 0) {
    page(&c, s->block_size);
  }
  clear_out(&c);
  CHECK_OK(run(&c, context, message, sizeof message));
  float *expected = malloc((out + 1) * sizeof *expected);
  memcpy(expected, c.out.data, out * sizeof *expected);
  check_out(&c, context, expected, out, what);
  if (s->block_size == 0) { /* blocks hold fp32 */
    narrow(&c.q, q);
    narrow(&c.k, k);
    narrow(&c.v, v);
    c.p.qkv_dtype = GT_BF16;
    clear_out(&c);
    poison(context, &c.p);
    CHECK_OK(run(&c, context, message, sizeof message));
    CHECK(memcmp(c.out.data, expected, out * sizeof *expected) == 0, "%s: other bits", what);
    check_out(&c, context, expected, out, what);
  }
  free(expected);
  free_scene(&c);
}

static void try_operands(const shape *s, int32_t window) {
  if (skip_case()) {
    return;
  }
  for (int i = first_context(contexts[0]); i < 2; i++) {
    try_in(contexts[i], s, window);
  }
}

static void try_shapes(void) {
  static const int32_t dims[] = {1, 2, 7, 16, 24, 31, 33, 64, 80, 128, 257, 512};
  for (size_t i = 0; i < sizeof dims / sizeof dims[0]; i++) {
    const int32_t dim = dims[i], other = dims[(i + 5) % (sizeof dims / sizeof dims[0])];
    try_operands(&(shape){2, {40, 3}, {40, 19}, 2, 1, dim, dim, 1, 0, 0, 0}, 0);
    try_operands(&(shape){2, {1, 33}, {150, 33}, 2, 2, dim, other, 0, 0, 0, 7}, 0);
  }
  for (int32_t causal = 0; causal <= 1; causal++) {
    try_operands(&(shape){7, {0, 5, 0, 40, 1, 16, 0}, {3, 5, 0, 40, 100, 0, 9}, 3, 3, 24, 24, causal, 0, 0, 2}, 0);
    try_operands(&(shape){4, {129, 1, 17, 300}, {129, 1, 17, 300}, 2, 2, 64, 64, causal, 0, 0, 1}, 0);
    try_operands(&(shape){4, {129, 1, 17, 70}, {129, 1, 17, 70}, 2, 1, 16, 24, causal, 0, 0, 3}, 33);
    try_operands(&(shape){5, {0, 40, 1, 50, 33}, {5, 140, 200, 20, 34}, 2, 2, 17, 17, causal, 0, 0, 1}, 7);
    try_operands(&(shape){3, {1, 2, 8}, {200, 77, 150}, 4, 2, 40, 40, causal, 0, 0, 0}, 64);
    try_operands(&(shape){2, {110, 40}, {110, 90}, 2, 2, 16, 16, causal, 20, 0, 0}, 0);
    try_operands(&(shape){2, {71, 50}, {71, 90}, 6, 2, 16, 16, causal, 20, 0, 0}, 16);
    try_operands(&(shape){3, {1, 1, 2}, {300, 77, 200}, 8, 1, 40, 40, causal, 12, 0, 0}, 0);
    try_operands(&(shape){1, {1}, {700}, 1, 1, 65, 63, causal, 0, 0, 0}, 0);
    /* out alone, of keys that are split over threads, too */
    try_operands(&(shape){4, {1, 90, 0, 3}, {200, 170, 5, 3}, 4, 2, 33, 20, causal, 0, 16, 1}, 0);
    try_operands(&(shape){1, {1}, {1500}, 1, 1, 64, 33, causal, 0, 16, 0}, 0);
    try_operands(&(shape){1, {20}, {1500}, 1, 1, 64, 64, causal, 9, 16, 0}, 0);
  }
}
static void shapes_of_tier(const gt_kernel_table *kernels) {
  with_contexts(kernels, try_shapes);
}
static void all_shapes(void) {
  for_each_tier(shapes_of_tier);
}

static void wrong_dtypes(void) {
  gt_context *context = create_context(GT_TIER_AUTO, 1);
  scene c = make_scene(&(shape){1, {3}, {3}, 2, 2, 8, 8, 0, 0, 0, 0});
  const gt_attention_params good = c.p;
#define REFUSED(part, change)                                                          \
  do {                                                                                 \
    c.p = good;                                                                        \
    change;                                                                            \
    CHECK_FAILS(GT_INVALID_ARGUMENT, part, run(&c, context, message, sizeof message)); \
  } while (0)
  REFUSED("qkv_dtype is 2; expected 0 (f32), or 2 (bf16) with that compute_dtype", c.p.qkv_dtype = GT_BF16);
  REFUSED("out_dtype is 2; expected 0 (f32), or 2 (bf16) with that compute_dtype", c.p.out_dtype = GT_BF16);
  REFUSED("qkv_dtype is 1", (c.p.compute_dtype = GT_BF16, c.p.qkv_dtype = GT_F16));
  REFUSED("out_dtype is 1", (c.p.compute_dtype = GT_BF16, c.p.out_dtype = GT_F16));
  c.p = good;
  page(&c, 2);
  c.p.compute_dtype = GT_BF16;
  c.p.qkv_dtype = GT_BF16;
  CHECK_FAILS(GT_INVALID_ARGUMENT, "without block_table", run(&c, context, message, sizeof message));
#undef REFUSED
  free_scene(&c);
  gt_context_destroy(context);
}

int main(void) {
  RUN(all_shapes);
  RUN(wrong_dtypes);
  return finish();
}
