/* Ops that read more distinct bytes than any cache holds: what one decoding step of a model does. */
#include <inttypes.h>
#include <stdio.h>

#include "memory_bench.h"

enum { LAYERS = 12, HIDDEN = 768, INNER = 4 * HIDDEN, VOCABULARY = 50257, HEADS = 12, HEAD_DIM = 64 };

/* ---- linear layers ------------------------------------------------------------------------------------------ */

enum { LAYER_WEIGHTS = 4, WEIGHTS = LAYERS * LAYER_WEIGHTS + 1, MOST_ROWS = 16 };

static const int64_t layer_weights[LAYER_WEIGHTS][2] = {
    {HIDDEN, 3 * HIDDEN}, {HIDDEN, HIDDEN}, {HIDDEN, INNER}, {INNER, HIDDEN}};

typedef struct walk {
  gt_context *context;
  gt_linear *linears[WEIGHTS];
  const float *x;
  float *y;
  int64_t rows;
} walk;

static const int64_t *shape_of(int weight) {
  static const int64_t head[2] = {HIDDEN, VOCABULARY};
  return weight == WEIGHTS - 1 ? head : layer_weights[weight % LAYER_WEIGHTS];
}

static int64_t walk_weights(void) {
  int64_t count = 0;
  for (int i = 0; i < WEIGHTS; i++) {
    count += shape_of(i)[0] * shape_of(i)[1];
  }
  return count;
}

static void run_walk(void *argument) {
  const walk *w = argument;
  char message[256];
  for (int i = 0; i < WEIGHTS; i++) {
    const int64_t in = shape_of(i)[0], out = shape_of(i)[1];
    gt_linear_params params = {
        .struct_size = sizeof params, .rows = w->rows, .x_stride = in, .y_stride = out, .scale = 1};
    require(gt_linear_forward(w->context, w->linears[i], w->x, NULL, w->y, &params, message, sizeof message), message);
  }
}

static void bench_walk(gt_context *context, const float *source, int32_t compute_dtype) {
  const int64_t floats = walk_weights() / (compute_dtype == GT_BF16 ? 2 : 1);
  float *x = random_floats(context, MOST_ROWS * INNER);
  float *y = random_floats(context, MOST_ROWS * VOCABULARY);
  walk w = {.context = context, .x = x, .y = y};
  for (int i = 0; i < WEIGHTS; i++) {
    w.linears[i] = random_linear(context, shape_of(i)[0], shape_of(i)[1], compute_dtype, source);
  }
  const stream readers[] = {{.kind = STREAM_READ, .count = floats, .a = source},
                            {.kind = STREAM_READ_4, .count = floats, .a = source}};
  static const int64_t rows[] = {1, 8, MOST_ROWS};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    char name[64];
    snprintf(name, sizeof name, "decode linear %s, rows %" PRId64, compute_dtype == GT_BF16 ? "bf16" : "f32", rows[i]);
    w.rows = rows[i];
    print_comparison(name, "walk", context, readers, 2, run_walk, &w);
  }
  for (int i = 0; i < WEIGHTS; i++) {
    gt_linear_destroy(context, w.linears[i]);
  }
  gt_free(context, x);
  gt_free(context, y);
}

void bench_decoding(gt_context *context) {
  float *source = random_floats(context, walk_weights()); /* of all weights, and what the readers read */
  bench_walk(context, source, GT_F32);
  bench_walk(context, source, GT_BF16);
  gt_free(context, source);
}

/* ---- attention ---------------------------------------------------------------------------------------------- */

enum { KEYS = 2048, BLOCK_TOKENS = 64, BLOCKS = KEYS / BLOCK_TOKENS, LAYER_BLOCK = 2 * BLOCK_TOKENS * HIDDEN };

/* Keys and values of all layers: [layer][key or value][token][hidden], or by block as the runtime's cache has them:
 * [block][layer][key or value][token of the block][hidden]. */
typedef struct cache {
  gt_context *context;
  const float *memory;
  const float *q;
  float *out;
  bool paged;
  int32_t blocks[BLOCKS];
} cache;

static void run_attention(void *argument) {
  const cache *c = argument;
  static const int32_t cu_q[] = {0, 1}, cu_kv[] = {0, KEYS};
  gt_attention_params params = {.struct_size = sizeof params,
                                .batch = 1,
                                .num_heads = HEADS,
                                .num_kv_heads = HEADS,
                                .head_dim = HEAD_DIM,
                                .v_head_dim = HEAD_DIM,
                                .causal = 1,
                                .scale = 0.125f,
                                .q_stride = HIDDEN,
                                .k_stride = HIDDEN,
                                .v_stride = HIDDEN,
                                .out_stride = HIDDEN};
  if (c->paged) {
    params.block_size = BLOCK_TOKENS;
    params.k_block_stride = params.v_block_stride = (int64_t)LAYERS * LAYER_BLOCK;
    params.blocks_per_sequence = BLOCKS;
  }
  char message[256];
  for (int64_t layer = 0; layer < LAYERS; layer++) {
    const float *k = c->memory + layer * (c->paged ? LAYER_BLOCK : 2 * KEYS * HIDDEN);
    const float *v = k + (c->paged ? BLOCK_TOKENS : KEYS) * HIDDEN;
    require(gt_attention(c->context, c->q, k, v, cu_q, cu_kv, c->paged ? c->blocks : NULL, NULL, c->out, &params,
                         message, sizeof message),
            message);
  }
}

void bench_attention(gt_context *context) {
  const int64_t count = (int64_t)LAYERS * 2 * KEYS * HIDDEN;
  float *memory = random_floats(context, count);
  float *q = random_floats(context, HIDDEN);
  float *out = random_floats(context, HIDDEN);
  cache c = {.context = context, .memory = memory, .q = q, .out = out};
  for (int32_t i = 0; i < BLOCKS; i++) {
    c.blocks[i] = i * 5 % BLOCKS; /* a permutation: 5 and BLOCKS have no common factor */
  }
  const stream readers[] = {{.kind = STREAM_READ, .count = count, .a = memory},
                            {.kind = STREAM_READ_4, .count = count, .a = memory}};
  print_comparison("decode attention 1 over 2048 x 12", "walk", context, readers, 2, run_attention, &c);
  c.paged = true;
  print_comparison("the same, in blocks of 64", "walk", context, readers, 2, run_attention, &c);
  gt_free(context, memory);
  gt_free(context, q);
  gt_free(context, out);
}

/* ---- packing ------------------------------------------------------------------------------------------------ */

enum { MATRICES = 24, MATRIX = HIDDEN * INNER };

typedef struct packing {
  gt_context *context;
  gt_linear *linears[MATRICES];
  const char *source;
  int32_t dtype;
  int32_t layout;
} packing;

static void run_packing(void *argument) {
  const packing *p = argument;
  char message[256];
  for (int64_t i = 0; i < MATRICES; i++) {
    const char *weight = p->source + i * MATRIX * (p->dtype == GT_F32 ? 4 : 2);
    require(gt_linear_pack(p->context, p->linears[i], 0, INNER, weight, p->dtype, p->layout, NULL, GT_F32, message,
                           sizeof message),
            message);
  }
}

/* A plain loop that reads the source and writes as much as the packed weights are; `wide` bytes of 4, else 2. */
static stream packing_ceiling(const float *source, float *to, bool wide_source, bool wide_weights) {
  const int64_t half = (int64_t)MATRICES * MATRIX / 2;
  if (wide_source == wide_weights) {
    return (stream){.kind = STREAM_COPY, .count = wide_source ? 2 * half : half, .a = source, .y = to};
  }
  if (wide_source) {
    return (stream){.kind = STREAM_ADD, .count = half, .a = source, .b = source + half, .y = to};
  }
  return (stream){.kind = STREAM_SPREAD, .count = half, .a = source, .y = to};
}

static void bench_sources(gt_context *context, int32_t compute_dtype, float *source, uint16_t *short_source,
                          float *to) {
  static const struct {
    const char *name;
    int32_t dtype, layout;
  } sources[] = {{"f32 [out, in]", GT_F32, GT_OUT_IN},
                 {"bf16 [out, in]", GT_BF16, GT_OUT_IN},
                 {"f16 [out, in]", GT_F16, GT_OUT_IN},
                 {"f32 [in, out]", GT_F32, GT_IN_OUT}};
  packing p = {.context = context};
  for (int i = 0; i < MATRICES; i++) {
    p.linears[i] = random_linear(context, HIDDEN, INNER, compute_dtype, source);
  }
  for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++) {
    const bool wide = sources[i].dtype == GT_F32;
    const float *from = wide ? source : (const float *)short_source;
    char name[64];
    snprintf(name, sizeof name, "pack %s to %s", sources[i].name, compute_dtype == GT_F32 ? "f32" : "bf16");
    p.source = (const char *)from;
    p.dtype = sources[i].dtype;
    p.layout = sources[i].layout;
    stream ceiling = packing_ceiling(from, to, wide, compute_dtype == GT_F32);
    print_comparison(name, "walk", context, &ceiling, 1, run_packing, &p);
  }
  for (int i = 0; i < MATRICES; i++) {
    gt_linear_destroy(context, p.linears[i]);
  }
}

void bench_packing(gt_context *context) {
  const int64_t count = (int64_t)MATRICES * MATRIX;
  float *source = random_floats(context, count);
  float *to = random_floats(context, count);
  uint16_t *short_source = allocate(context, count * (int64_t)sizeof(uint16_t));
  for (int64_t i = 0; i < count; i++) {
    short_source[i] = (uint16_t)(0x3800 | (i * 7 & 0x83ff)); /* normal numbers, as f16 and as bf16 */
  }
  bench_sources(context, GT_F32, source, short_source, to);
  bench_sources(context, GT_BF16, source, short_source, to);
  gt_free(context, source);
  gt_free(context, to);
  gt_free(context, short_source);
}
