/* Infinity and NaN in keys and values that some queries see and others don't: a query that doesn't see them gives the
 * same bits as without them, whatever its neighbours in a tile meet. */
#include <math.h>
#include <stdlib.h>

#include "harness.h"

static char message[256];

enum { TOKENS = 150, HEADS = 2, DIM = 20, WIDTH = HEADS * DIM, CACHED = 37 };

typedef struct scene {
  gt_context *context;
  gt_attention_params params;
  const float *q;
  float *k, *v; /* the same rows packed and as one block */
  int32_t tokens, keys;
} scene;

static void attend(const scene *s, void *out) {
  const int32_t queries[2] = {0, s->tokens}, keys[2] = {0, s->keys}, block = 0;
  CHECK_OK(gt_attention(s->context, s->q, s->k, s->v, queries, keys, s->params.block_size > 0 ? &block : NULL, NULL,
                        out, &s->params, message, sizeof message));
}

static bool sees(const scene *s, int32_t token, int32_t key) {
  const int64_t distance = (int64_t)token + s->keys - s->tokens - key, w = s->params.sliding_window;
  return (!s->params.causal || distance >= 0) &&
         (w == 0 || (s->params.causal ? distance < w : distance <= w && distance >= -w));
}

/* Poisons one element of `rows`. */
static void try_poison(const scene *s, float *rows, int32_t key, float poison, const float *clean) {
  float out[TOKENS * WIDTH];
  float *at = rows + key * WIDTH + DIM + 3; /* of the second head */
  const float before = *at;
  *at = poison;
  attend(s, out);
  *at = before;
  for (int32_t t = 0; t < s->tokens; t++) {
    const bool met = sees(s, t, key);
    for (int32_t head = 0; head < HEADS; head++) {
      const float *now = out + t * WIDTH + head * DIM;
      const bool same = memcmp(now, clean + t * WIDTH + head * DIM, DIM * sizeof(float)) == 0;
      CHECK(same == !(met && head == 1) && isfinite(now[3]) == same,
            "tier %s, compute %d, causal %d, window %d, blocks of %d: query %d head %d gives %g with %g in %s %d",
            gt_tier_name(gt_context_tier(s->context)), (int)s->params.compute_dtype, (int)s->params.causal,
            (int)s->params.sliding_window, (int)s->params.block_size, (int)t, (int)head, (double)now[3], (double)poison,
            rows == s->k ? "key" : "value", (int)key);
    }
  }
}

static void try_scene(scene s) {
  float clean[TOKENS * WIDTH];
  attend(&s, clean);
  static const int32_t KEYS[] = {0, 1, 30, 31, 32, 64, 127, 128, 148, 149};
  for (size_t i = 0; i < sizeof KEYS / sizeof KEYS[0]; i++) {
    const int32_t key = KEYS[i] + s.keys - TOKENS;
    try_poison(&s, s.v, key, INFINITY, clean);
    try_poison(&s, s.v, key, NAN, clean);
    try_poison(&s, s.k, key, NAN, clean);
  }
}

static void on_tier(const gt_kernel_table *kernels) {
  enum { MOST = TOKENS + CACHED };
  float *x = malloc(3 * MOST * WIDTH * sizeof(float));
  random_fill(x, 3 * MOST * WIDTH);
  scene s = {.context = create_context(kernels->tier, 2), .q = x, .k = x + MOST * WIDTH, .v = x + 2 * MOST * WIDTH};
  s.params = (gt_attention_params){.struct_size = sizeof s.params,
                                   .batch = 1,
                                   .num_heads = HEADS,
                                   .num_kv_heads = HEADS,
                                   .head_dim = DIM,
                                   .v_head_dim = DIM,
                                   .scale = 0.3F,
                                   .q_stride = WIDTH,
                                   .k_stride = WIDTH,
                                   .v_stride = WIDTH,
                                   .out_stride = WIDTH,
                                   .k_block_stride = MOST * WIDTH,
                                   .v_block_stride = MOST * WIDTH,
                                   .blocks_per_sequence = 1};
  static const struct { int32_t causal, window; } masks[] = {{1, 0}, {1, 13}, {1, 50}, {0, 1}, {0, 20}, {0, 45}};
  for (size_t i = 0; i < sizeof masks / sizeof masks[0]; i++) {
    for (int32_t dtype = GT_F32; dtype <= GT_BF16; dtype += GT_BF16) {
      s.params.compute_dtype = dtype;
      s.params.causal = masks[i].causal;
      s.params.sliding_window = masks[i].window;
      s.params.block_size = 0;
      s.tokens = s.keys = TOKENS;
      try_scene(s);
      s.params.block_size = MOST;
      s.tokens = TOKENS - 1;
      s.keys = MOST;
      try_scene(s);
    }
  }
  gt_context_destroy(s.context);
  free(x);
}

static void hidden_values_stay_hidden(void) {
  for_each_tier(on_tier);
}

int main(void) {
  RUN(hidden_values_stay_hidden);
  return finish();
}
