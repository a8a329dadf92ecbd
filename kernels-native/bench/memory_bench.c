/*
 * memory_bench [tier [threads]]: ops that move data, in GB/s and in turns with plain loops that read and write as many
 * bytes on the same threads. time/ceiling: 1.00 is as fast as the plain loop. 512 KiB per thread lie in L2.
 */
#include "memory_bench.h"

#include <stdio.h>

enum { FEATURES = 768, VOCABULARY = 50257, CACHED_BYTES = 512 << 10, LARGE_BYTES = 256 << 20 };

void print_comparison(const char *name, const char *set, gt_context *context, const stream *streams,
                      int32_t stream_count, void (*body)(void *argument), void *argument) {
  comparison c = compare(context, streams, stream_count, body, argument);
  double bytes = stream_bytes(&streams[0]) * 1e-9;
  printf("%-34s %-8s %8.1f %8.1f %9.2f %6.0f%% %10.1f\n", name, set, bytes / c.seconds, bytes / c.ceiling, c.ratio,
         100 / c.ratio, c.seconds * 1e6);
  fflush(stdout);
}

typedef struct operands {
  gt_context *context;
  const float *x;
  const float *weight;
  float *y;
  const void *table;
  const int32_t *ids;
  int64_t rows;
  int64_t features;
  int64_t table_rows;
  int32_t variant; /* activation, or the table's dtype */
  int32_t accumulate;
} operands;

static void run_layer_norm(void *argument) {
  const operands *o = argument;
  char message[256];
  require(gt_layer_norm(o->context, o->x, o->weight, o->weight, o->y, o->rows, o->features, o->features, o->features,
                        1e-5f, message, sizeof message),
          message);
}

static void run_rms_norm(void *argument) {
  const operands *o = argument;
  char message[256];
  require(gt_rms_norm(o->context, o->x, o->weight, o->y, o->rows, o->features, o->features, o->features, 1e-5f, message,
                      sizeof message),
          message);
}

static void run_activate(void *argument) {
  const operands *o = argument;
  char message[256];
  require(gt_activate(o->context, o->x, o->y, o->rows, o->features, o->features, o->features, o->variant, message,
                      sizeof message),
          message);
}

static void run_embed(void *argument) {
  const operands *o = argument;
  char message[256];
  require(gt_embed(o->context, o->table, o->variant, o->table_rows, o->features, o->features, o->ids, o->rows,
                   o->accumulate, o->y, o->features, message, sizeof message),
          message);
}

typedef struct row_op {
  const char *name;
  void (*run)(void *argument);
  int32_t activation;
  bool in_place; /* only ops whose own output changes nothing more: else repeating them ends in denormals */
} row_op;

static void bench_rows(gt_context *context, const row_op *op, int64_t set_bytes, const char *set) {
  int64_t count = set_bytes / (int64_t)sizeof(float) / (op->in_place ? 1 : 2) / FEATURES * FEATURES;
  float *x = random_floats(context, count);
  float *weight = random_floats(context, FEATURES);
  float *y = op->in_place ? x : random_floats(context, count);
  operands o = {.context = context, .x = x, .weight = weight, .y = y, .features = FEATURES, .variant = op->activation};
  o.rows = count / FEATURES;
  stream ceiling = {.kind = STREAM_COPY, .count = count, .a = x, .y = y};
  print_comparison(op->name, set, context, &ceiling, 1, op->run, &o);
  gt_free(context, x);
  gt_free(context, weight);
  if (y != x) {
    gt_free(context, y);
  }
}

/* Every row once, in random order. */
static int32_t *shuffled_ids(gt_context *context, int64_t rows) {
  int32_t *ids = allocate(context, rows * (int64_t)sizeof(int32_t));
  uint64_t state = 1;
  for (int64_t i = 0; i < rows; i++) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    int64_t j = (int64_t)((state >> 33) % (uint64_t)(i + 1));
    ids[i] = ids[j];
    ids[j] = (int32_t)i;
  }
  return ids;
}

static void bench_embed(gt_context *context, int32_t dtype, bool accumulate, int64_t table_rows, const char *set) {
  int64_t tokens = table_rows - table_rows / 8;
  float *table = random_floats(context, table_rows * FEATURES); /* as 16-bit numbers, its first half */
  float *y = random_floats(context, tokens * FEATURES);
  int32_t *ids = shuffled_ids(context, table_rows);
  operands o = {.context = context,
                .y = y,
                .table = table,
                .ids = ids,
                .rows = tokens,
                .features = FEATURES,
                .table_rows = table_rows,
                .variant = dtype,
                .accumulate = accumulate};
  int64_t count = tokens * FEATURES;
  stream ceiling = {.kind = STREAM_COPY, .count = count, .a = table, .y = y};
  if (dtype != GT_F32) {
    ceiling = (stream){.kind = STREAM_SPREAD, .count = count / 2, .a = table, .y = y};
  } else if (accumulate) {
    ceiling = (stream){.kind = STREAM_ADD, .count = count, .a = table, .b = y, .y = y};
  }
  const char *name = dtype == GT_BF16 ? "embed bf16" : accumulate ? "embed f32, added" : "embed f32";
  print_comparison(name, set, context, &ceiling, 1, run_embed, &o);
  gt_free(context, table);
  gt_free(context, y);
  gt_free(context, ids);
}

static void bench_set(gt_context *context, int64_t set_bytes, int64_t table_rows, const char *set) {
  static const row_op ops[] = {
      {"layer_norm", run_layer_norm, 0, false},
      {"layer_norm in place", run_layer_norm, 0, true},
      {"rms_norm", run_rms_norm, 0, false},
      {"gelu_erf", run_activate, GT_ACT_GELU_ERF, false},
      {"gelu_tanh", run_activate, GT_ACT_GELU_TANH, false},
      {"silu", run_activate, GT_ACT_SILU, false},
      {"relu", run_activate, GT_ACT_RELU, false},
      {"relu in place", run_activate, GT_ACT_RELU, true},
  };
  for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++) {
    bench_rows(context, &ops[i], set_bytes, set);
  }
  bench_embed(context, GT_F32, false, table_rows, set);
  bench_embed(context, GT_F32, true, table_rows, set);
  bench_embed(context, GT_BF16, false, table_rows, set);
}

static void bench(gt_context *context) {
  printf("%-34s %-8s %8s %8s %9s %7s %10s\n", "", "set", "GB/s", "ceiling", "time/ceil", "share", "us/call");
  int64_t cached_bytes = (int64_t)CACHED_BYTES * gt_context_threads(context);
  bench_set(context, cached_bytes, cached_bytes / (2 * FEATURES * (int64_t)sizeof(float)), "cached");
  bench_set(context, LARGE_BYTES, VOCABULARY, "large");
  bench_decoding(context);
  bench_attention(context);
  bench_packing(context);
}

int main(int argc, char **argv) {
  (void)argc;
  return bench_tiers(argv + 1, "memory_bench [tier [threads]]", bench);
}
