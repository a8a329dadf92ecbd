/*
 * device_bench [--quick] [--json FILE]: what the ops reach on the device of the library it is linked with, as shares of
 * what that device was measured to do in the same run: matrix products of the best large linear layer, bandwidth of the
 * best copy. In bf16 operands are bf16 too. Linked with libgatun_cuda: cuda_bench.
 *
 * --quick runs tiny shapes, to see that it works (over the fake driver of tests/cuda).
 */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gatun.h"

enum { ROUNDS = 7, MOST_TOKENS = 16384 };

static gt_context *context;
static char message[512];
static FILE *json;
static bool quick;
static double peak_flops[3]; /* by dtype: of the best linear layer, FLOP/s */
static double peak_bytes;    /* of the best copy, bytes/s, reads and writes */

static void require(gt_status status) {
  if (status != GT_OK) {
    fprintf(stderr, "%s\n", message);
    exit(1);
  }
}

static double seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Values between -1/2 and 1/2 of `dtype`. One block of them, again and again: it's NaN and subnormals that would
 * matter. */
static void *device_values(int64_t count, int32_t dtype) {
  enum { BLOCK = 1 << 16 };
  static float floats[BLOCK];
  static uint16_t halves[BLOCK]; /* bf16: the upper bits of floats */
  uint32_t state = 1;
  for (int i = 0; i < BLOCK; i++) {
    uint32_t bits;
    state = state * 1664525u + 1013904223u;
    floats[i] = (float)(state >> 8) * 0x1p-24f - 0.5f;
    memcpy(&bits, &floats[i], sizeof bits);
    halves[i] = (uint16_t)(bits >> 16);
  }
  const size_t size = dtype == GT_BF16 ? sizeof halves[0] : sizeof floats[0];
  const void *block = dtype == GT_BF16 ? (const void *)halves : (const void *)floats;
  void *memory;
  require(gt_allocate(context, (size_t)count * size, &memory, message, sizeof message));
  for (int64_t at = 0; at < count; at += BLOCK) {
    const int64_t piece = count - at < BLOCK ? count - at : BLOCK;
    require(
        gt_upload(context, (char *)memory + (size_t)at * size, block, (size_t)piece * size, message, sizeof message));
  }
  return memory;
}

static float *device_floats(int64_t count) {
  return device_values(count, GT_F32);
}

static int by_value(const void *a, const void *b) {
  return (*(const double *)a > *(const double *)b) - (*(const double *)a < *(const double *)b);
}

/* Median seconds of one `run`: enough of them are queued between two waits that launching them costs nothing. */
static double measure(void (*run)(void *), void *argument) {
  run(argument);
  require(gt_synchronize(context, message, sizeof message));
  double start = seconds();
  run(argument);
  require(gt_synchronize(context, message, sizeof message));
  double once = seconds() - start;
  int repeat = quick ? 1 : (int)fmin(400, fmax(3, 0.02 / once));
  double times[ROUNDS];
  int rounds = quick ? 1 : ROUNDS;
  for (int r = 0; r < rounds; r++) {
    start = seconds();
    for (int i = 0; i < repeat; i++) {
      run(argument);
    }
    require(gt_synchronize(context, message, sizeof message));
    times[r] = (seconds() - start) / repeat;
  }
  qsort(times, (size_t)rounds, sizeof times[0], by_value);
  return times[rounds / 2];
}

static const char *dtype_name(int32_t dtype) {
  return dtype == GT_BF16 ? "bf16" : "f32";
}

static void report(const char *kind, const char *shape, int32_t dtype, double time, double rate, const char *unit,
                   double share) {
  printf("%-10s %-44s %-4s %10.3f us %9.1f %-8s", kind, shape, dtype_name(dtype), time * 1e6, rate, unit);
  if (share > 0) {
    printf(" %5.1f%%", 100 * share);
  }
  printf("\n");
  fflush(stdout);
  if (json != NULL) {
    fprintf(json,
            "{\"kind\": \"%s\", \"shape\": \"%s\", \"dtype\": \"%s\", \"us\": %.3f, \"rate\": %.2f, \"unit\": \"%s\", "
            "\"share_of_peak\": %.4f}\n",
            kind, shape, dtype_name(dtype), time * 1e6, rate, unit, share);
  }
}

/* ---- copies --------------------------------------------------------------------------------------------------- */

typedef struct copy {
  const float *x;
  float *y;
  int64_t count;
} copy;

static void run_copy(void *argument) {
  const copy *c = argument;
  require(gt_activate(context, c->x, c->y, 1, c->count, c->count, c->count, GT_ACT_IDENTITY, message, sizeof message));
}

static void bench_copy(int64_t count) {
  float *x = device_floats(count), *y = device_floats(count);
  copy c = {x, y, count};
  double time = measure(run_copy, &c), rate = 8.0 * (double)count / time;
  peak_bytes = fmax(peak_bytes, rate);
  char shape[64];
  snprintf(shape, sizeof shape, "%lld MB read and written", (long long)(count * 4 >> 20));
  report("copy", shape, GT_F32, time, rate * 1e-9, "GB/s", 0);
  gt_free(context, x);
  gt_free(context, y);
}

/* ---- linear layers -------------------------------------------------------------------------------------------- */

typedef struct forward {
  const gt_linear *linear;
  const void *x;
  void *y;
  gt_linear_params params;
} forward;

static void run_forward(void *argument) {
  const forward *f = argument;
  require(gt_linear_forward(context, f->linear, f->x, NULL, f->y, &f->params, message, sizeof message));
}

static void bench_linear(const char *kind, int64_t rows, int64_t in, int64_t out, int32_t activation, int32_t dtype) {
  gt_linear *linear;
  require(gt_linear_create(context, in, out, dtype, 0, &linear, message, sizeof message));
  float *weight = malloc((size_t)(in * out) * sizeof(float));
  if (weight == NULL) {
    fprintf(stderr, "no memory for a weight of %lld MB\n", (long long)(in * out * 4 >> 20));
    exit(1);
  }
  for (int64_t i = 0; i < in * out; i++) {
    weight[i] = (float)(i % 255 - 127) * 0x1p-8f;
  }
  require(gt_linear_pack(context, linear, 0, out, weight, GT_F32, GT_OUT_IN, NULL, GT_F32, message, sizeof message));
  free(weight);
  /* What only another product will read is written as that reads it: the middle of a feed-forward block. */
  const int32_t y_dtype = activation == GT_ACT_IDENTITY ? GT_F32 : dtype;
  void *x = device_values(rows * in, dtype), *y = device_values(rows * out, y_dtype);
  forward f = {linear,
               x,
               y,
               {.struct_size = sizeof f.params,
                .activation = activation,
                .rows = rows,
                .x_stride = in,
                .y_stride = out,
                .scale = 1,
                .x_dtype = dtype,
                .y_dtype = y_dtype}};
  const double time = measure(run_forward, &f), flops = 2.0 * (double)rows * (double)in * (double)out / time;
  const double bytes = (double)(in * out) * (dtype == GT_BF16 ? 2 : 4) / time;
  char shape[96];
  snprintf(shape, sizeof shape, "[%lld, %lld] x [%lld]%s", (long long)rows, (long long)in, (long long)out,
           activation == GT_ACT_GELU_ERF ? " + gelu" : "");
  if (strcmp(kind, "decode") == 0) {
    report(kind, shape, dtype, time, bytes * 1e-9, "GB/s", bytes / peak_bytes);
  } else {
    peak_flops[dtype] = fmax(peak_flops[dtype], flops);
    report(kind, shape, dtype, time, flops * 1e-12, "TFLOP/s", flops / peak_flops[dtype]);
  }
  gt_free(context, x);
  gt_free(context, y);
  gt_linear_destroy(context, linear);
}

/* ---- attention ------------------------------------------------------------------------------------------------ */

typedef struct attention {
  const void *q, *k, *v;
  void *out;
  const int32_t *cu_q, *cu_kv, *blocks;
  gt_attention_params params;
} attention;

static void run_attention(void *argument) {
  const attention *a = argument;
  require(gt_attention(context, a->q, a->k, a->v, a->cu_q, a->cu_kv, a->blocks, NULL, a->out, &a->params, message,
                       sizeof message));
}

static void fill_offsets(int32_t *offsets, int32_t batch, int32_t length) {
  for (int32_t i = 0; i <= batch; i++) {
    offsets[i] = i * length;
  }
}

/* As the published figures: 2,048 features and `total` tokens in sequences of one length. */
static void bench_attention(int32_t length, int32_t dim, int32_t causal, int32_t dtype, int32_t total) {
  static int32_t cu[MOST_TOKENS + 1];
  const int32_t batch = total / length, heads = quick ? 2 : 2048 / dim;
  const int64_t features = (int64_t)heads * dim, count = features * total;
  fill_offsets(cu, batch, length);
  void *q = device_values(count, dtype), *k = device_values(count, dtype), *v = device_values(count, dtype);
  void *out = device_values(count, dtype);
  attention a = {q,
                 k,
                 v,
                 out,
                 cu,
                 cu,
                 NULL,
                 {.struct_size = sizeof a.params,
                  .batch = batch,
                  .num_heads = heads,
                  .num_kv_heads = heads,
                  .head_dim = dim,
                  .v_head_dim = dim,
                  .causal = causal,
                  .scale = 1 / sqrtf((float)dim),
                  .q_stride = features,
                  .k_stride = features,
                  .v_stride = features,
                  .out_stride = features,
                  .compute_dtype = dtype,
                  .qkv_dtype = dtype,
                  .out_dtype = dtype}};
  const double time = measure(run_attention, &a);
  const double flops = 4.0 * length * length * (double)features * batch / (causal ? 2 : 1) / time;
  char shape[96];
  snprintf(shape, sizeof shape, "%d x %d tokens, %d heads of %d%s", batch, length, heads, dim,
           causal ? ", causal" : "");
  report("attention", shape, dtype, time, flops * 1e-12, "TFLOP/s", flops / peak_flops[dtype]);
  gt_free(context, q);
  gt_free(context, k);
  gt_free(context, v);
  gt_free(context, out);
}

/* One query a sequence, keys and values in a cache of blocks. */
static void bench_decode_attention(int32_t batch, int32_t length, int32_t heads, int32_t kv_heads, int32_t dim) {
  enum { BLOCK = 16, MOST_BATCH = 64 };
  const int32_t blocks = (length + BLOCK - 1) / BLOCK;
  const int64_t features = (int64_t)kv_heads * dim, count = (int64_t)batch * blocks * BLOCK * features;
  int32_t cu_q[MOST_BATCH + 1], cu_kv[MOST_BATCH + 1];
  fill_offsets(cu_q, batch, 1);
  fill_offsets(cu_kv, batch, length);
  int32_t *table = malloc((size_t)batch * (size_t)blocks * sizeof *table);
  if (table == NULL) {
    exit(1);
  }
  for (int32_t i = 0; i < batch * blocks; i++) {
    table[i] = i;
  }
  float *q = device_floats((int64_t)batch * heads * dim), *k = device_floats(count), *v = device_floats(count);
  float *out = device_floats((int64_t)batch * heads * dim);
  attention a = {q,
                 k,
                 v,
                 out,
                 cu_q,
                 cu_kv,
                 table,
                 {.struct_size = sizeof a.params,
                  .batch = batch,
                  .num_heads = heads,
                  .num_kv_heads = kv_heads,
                  .head_dim = dim,
                  .v_head_dim = dim,
                  .causal = 1,
                  .scale = 1 / sqrtf((float)dim),
                  .q_stride = (int64_t)heads * dim,
                  .k_stride = features,
                  .v_stride = features,
                  .out_stride = (int64_t)heads * dim,
                  .block_size = BLOCK,
                  .k_block_stride = BLOCK * features,
                  .v_block_stride = BLOCK * features,
                  .blocks_per_sequence = blocks}};
  const double time = measure(run_attention, &a);
  const double bytes = 8.0 * batch * length * (double)features / time;
  char shape[96];
  snprintf(shape, sizeof shape, "%d x 1 of %d keys, %d heads (%d kv) of %d", batch, length, heads, kv_heads, dim);
  report("decode", shape, GT_F32, time, bytes * 1e-9, "GB/s", bytes / peak_bytes);
  gt_free(context, q);
  gt_free(context, k);
  gt_free(context, v);
  gt_free(context, out);
  free(table);
}

/* ---- all ------------------------------------------------------------------------------------------------------ */

static void bench_quick(void) {
  bench_copy(1 << 12);
  for (int32_t dtype = GT_F32; dtype <= GT_BF16; dtype += GT_BF16 - GT_F32) {
    bench_linear("gemm", 64, 64, 64, GT_ACT_IDENTITY, dtype);
    bench_linear("decode", 1, 64, 64, GT_ACT_IDENTITY, dtype);
    bench_attention(32, 64, 1, dtype, 64);
  }
  bench_decode_attention(2, 40, 2, 1, 64);
}

static void bench_all(void) {
  static const int32_t lengths[] = {512, 1024, 2048, 4096, 8192, 16384};
  bench_copy(32 << 20);
  bench_copy(256 << 20);
  for (int32_t dtype = GT_F32; dtype <= GT_BF16; dtype += GT_BF16 - GT_F32) {
    bench_linear("gemm", 8192, 8192, 8192, GT_ACT_IDENTITY, dtype);
    bench_linear("gemm", 4096, 4096, 4096, GT_ACT_IDENTITY, dtype);
    bench_linear("gemm", 4096, 768, 3072, GT_ACT_GELU_ERF, dtype);
    bench_linear("gemm", 4096, 3072, 768, GT_ACT_IDENTITY, dtype);
    bench_linear("gemm", 4096, 768, 2304, GT_ACT_IDENTITY, dtype);
    bench_linear("gemm", 128, 768, 3072, GT_ACT_GELU_ERF, dtype);
    for (int64_t rows = 1; rows <= 16; rows *= 4) {
      bench_linear("decode", rows, 4096, 14336, GT_ACT_IDENTITY, dtype);
    }
    bench_linear("decode", 1, 768, 50257, GT_ACT_IDENTITY, dtype);
    for (int32_t dim = 64; dim <= 128; dim *= 2) {
      for (int32_t causal = 0; causal <= 1; causal++) {
        for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
          bench_attention(lengths[i], dim, causal, dtype, MOST_TOKENS);
        }
      }
    }
  }
  bench_decode_attention(1, 16384, 32, 8, 128);
  bench_decode_attention(16, 4096, 32, 8, 128);
  bench_decode_attention(64, 1024, 12, 12, 64);
}

int main(int argc, char **argv) {
  for (int i = 1; i < argc; i++) {
    if (strcmp(argv[i], "--quick") == 0) {
      quick = true;
    } else if (strcmp(argv[i], "--json") == 0 && i + 1 < argc && (json = fopen(argv[++i], "w")) != NULL) {
      continue;
    } else {
      fprintf(stderr, "usage: %s [--quick] [--json FILE]\n", argv[0]);
      return 2;
    }
  }
  gt_device_info info = {.struct_size = sizeof info};
  require(gt_device_describe(0, &info, message, sizeof message));
  gt_context_params params = {.struct_size = sizeof params, .threads = 0, .tier = GT_TIER_AUTO};
  require(gt_context_create(&params, &context, message, sizeof message));
  printf("%s, %d processors, %.1f GB; shares are of the best linear layer and the best copy above them\n", info.name,
         info.processors, (double)info.total_bytes * 1e-9);
  (quick ? bench_quick : bench_all)();
  gt_context_destroy(context);
  return json != NULL && fclose(json) != 0 ? 1 : 0;
}
