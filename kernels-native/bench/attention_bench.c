/*
 * attention_bench [tier [threads]]: gt_attention in GFLOP/s and as a share of the peak of the multiply-add units.
 * q, k and v are parts of one fused [tokens, 3 * hidden] matrix, as a model has them. 4 * head_dim operations per
 * query and key; with a causal mask only the visible pairs count.
 *
 * attention_bench operands [tier [threads]]: computing in bf16, q, k, v and out in bf16 against fp32.
 *
 * attention_bench memory: scratch of one call against the bytes of all scores.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "measure.h"

typedef struct shape {
  const char *name;
  int32_t batch, q_length, kv_length, heads, kv_heads, head_dim;
  int32_t causal;
  int32_t bias_distance;
} shape;

typedef struct call {
  gt_context *context;
  const void *q, *k, *v;
  void *out, *qkv;
  float *bias;
  int32_t *cu_q, *cu_kv;
  gt_attention_params params;
} call;

static void run(void *argument) {
  call *c = argument;
  char message[256];
  require(gt_attention(c->context, c->q, c->k, c->v, c->cu_q, c->cu_kv, NULL, c->bias, c->out, &c->params, message,
                       sizeof message),
          message);
}

static call make_call(gt_context *context, const shape *s) {
  int64_t q_features = (int64_t)s->heads * s->head_dim, kv_features = (int64_t)s->kv_heads * s->head_dim;
  int64_t stride = q_features + 2 * kv_features;
  int64_t tokens = (int64_t)s->batch * (s->q_length > s->kv_length ? s->q_length : s->kv_length);
  call c = {.context = context};
  float *qkv = random_floats(context, tokens * stride);
  c.qkv = qkv;
  c.q = qkv;
  c.k = qkv + q_features;
  c.v = qkv + q_features + kv_features;
  c.out = random_floats(context, (int64_t)s->batch * s->q_length * q_features);
  if (s->bias_distance > 0) {
    c.bias = random_floats(context, (int64_t)s->heads * (2 * s->bias_distance + 1));
  }
  c.cu_q = calloc((size_t)s->batch + 1, sizeof(int32_t));
  c.cu_kv = calloc((size_t)s->batch + 1, sizeof(int32_t));
  for (int32_t b = 0; b < s->batch; b++) {
    c.cu_q[b + 1] = c.cu_q[b] + s->q_length;
    c.cu_kv[b + 1] = c.cu_kv[b] + s->kv_length;
  }
  c.params = (gt_attention_params){.struct_size = sizeof c.params,
                                   .batch = s->batch,
                                   .num_heads = s->heads,
                                   .num_kv_heads = s->kv_heads,
                                   .head_dim = s->head_dim,
                                   .v_head_dim = s->head_dim,
                                   .causal = s->causal,
                                   .scale = 0.125f,
                                   .q_stride = stride,
                                   .k_stride = stride,
                                   .v_stride = stride,
                                   .out_stride = q_features,
                                   .bias_distance = s->bias_distance};
  return c;
}

static void free_call(call *c) {
  gt_free(c->context, c->qkv);
  gt_free(c->context, c->out);
  if (c->bias != NULL) {
    gt_free(c->context, c->bias);
  }
  free(c->cu_q);
  free(c->cu_kv);
}

static double visible_pairs(const shape *s) {
  double pairs = 0;
  for (int32_t i = 0; i < s->q_length; i++) {
    int32_t end = s->causal ? i + 1 + s->kv_length - s->q_length : s->kv_length;
    pairs += end < 0 ? 0 : end > s->kv_length ? s->kv_length : end;
  }
  return pairs * s->batch * s->heads;
}

static const shape shapes[] = {
    {"512 x 12 heads", 1, 512, 512, 12, 12, 64, 0, 0},
    {"512 x 12 heads causal", 1, 512, 512, 12, 12, 64, 1, 0},
    {"512 x 12 heads bias", 1, 512, 512, 12, 12, 64, 0, 127},
    {"512 x 12 heads d 32", 1, 512, 512, 12, 12, 32, 0, 0},
    {"512 x 12 heads d 32 causal", 1, 512, 512, 12, 12, 32, 1, 0},
    {"2048 x 4 heads", 1, 2048, 2048, 4, 4, 64, 0, 0},
    {"2048 x 4 heads causal", 1, 2048, 2048, 4, 4, 64, 1, 0},
    {"2048 x 4 heads d 32", 1, 2048, 2048, 4, 4, 32, 0, 0},
    {"2048 x 4 heads d 128", 1, 2048, 2048, 4, 4, 128, 0, 0},
    {"2048 x 8 over 2 heads", 1, 2048, 2048, 8, 2, 64, 1, 0},
    {"8192 x 2 heads", 1, 8192, 8192, 2, 2, 64, 0, 0},
    {"8192 x 2 heads causal", 1, 8192, 8192, 2, 2, 64, 1, 0},
    {"8 x 128 x 12 heads", 8, 128, 128, 12, 12, 64, 0, 0},
    {"8 x 128 x 12 heads d 32", 8, 128, 128, 12, 12, 32, 0, 0},
    {"32 x 16 x 12 heads", 32, 16, 16, 12, 12, 64, 0, 0},
    {"32 x 16 x 12 heads d 32", 32, 16, 16, 12, 12, 32, 0, 0},
    {"1 over 2048 x 12 heads", 1, 1, 2048, 12, 12, 64, 1, 0},
    {"1 over 2048 x 8 over 1 head", 1, 1, 2048, 8, 1, 64, 1, 0},
    {"8 x 1 over 512 x 12 heads", 8, 1, 512, 12, 12, 64, 1, 0},
};
enum { SHAPES = sizeof shapes / sizeof shapes[0] };

static void bench_dtype(gt_context *context, int32_t compute_dtype) {
  printf("%-30s %8s %8s %8s %7s %10s %8s\n", compute_dtype == GT_BF16 ? "attention, bf16" : "attention, f32", "GFLOP/s",
         "best", "peak", "share", "us/call", "kv GB/s");
  for (size_t i = 0; i < SHAPES; i++) {
    const shape *s = &shapes[i];
    call c = make_call(context, s);
    c.params.compute_dtype = compute_dtype;
    double work = 4.0 * s->head_dim * visible_pairs(s);
    measurement m = measure(context, gt_peak_kind_of(gt_context_tier(context), compute_dtype), work, run, &c);
    double time = work / m.rate * 1e-9;
    double kv_bytes = 2.0 * s->batch * s->kv_length * s->kv_heads * s->head_dim * sizeof(float);
    printf("%-30s %8.1f %8.1f %8.1f %6.0f%% %10.1f %8.1f\n", s->name, m.rate, m.best, m.peak, 100 * m.share, time * 1e6,
           kv_bytes / time * 1e-9);
    fflush(stdout);
    free_call(&c);
  }
}

static void bench(gt_context *context) {
  bench_dtype(context, GT_F32);
  if (gt_context_tier(context) == GT_TIER_AVX512_BF16) { /* the others compute the same as in fp32 */
    bench_dtype(context, GT_BF16);
  }
}

static void operands(gt_context *context) {
  printf("%-30s %10s %8s\n", "attention, bf16: time", "us/call", "operands in bf16");
  for (size_t i = 0; i < SHAPES; i++) {
    const shape *s = &shapes[i];
    call c = make_call(context, s);
    c.params.compute_dtype = GT_BF16;
    call d = c;
    const int64_t tokens = (int64_t)s->batch * (s->q_length > s->kv_length ? s->q_length : s->kv_length);
    uint16_t *rounded = rounded_to_bf16(context, c.qkv, tokens * c.params.q_stride);
    d.q = rounded;
    d.k = rounded + s->heads * s->head_dim;
    d.v = rounded + (s->heads + s->kv_heads) * s->head_dim;
    d.params.qkv_dtype = GT_BF16;
    d.params.out_dtype = GT_BF16;
    double ratio;
    const double time = compare_calls(context, run, &c, &d, &ratio);
    printf("%-30s %10.1f %8.3f\n", s->name, time * 1e6, ratio);
    fflush(stdout);
    gt_free(context, rounded);
    free_call(&c);
  }
}

static void show_memory(void) {
  static const int32_t lengths[] = {512, 4096, 16384};
  printf("%8s %16s %18s\n", "tokens", "scratch bytes", "scores of a head");
  for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
    char message[256];
    gt_context_params params = {.struct_size = sizeof params, .threads = 1, .tier = GT_TIER_AUTO};
    gt_context *context;
    require(gt_context_create(&params, &context, message, sizeof message), message);
    shape s = {"", 1, lengths[i], lengths[i], 1, 1, 64, 0, 0};
    call c = make_call(context, &s);
    int64_t before = gt_context_bytes(context);
    run(&c);
    printf("%8d %16lld %18lld\n", s.q_length, (long long)(gt_context_bytes(context) - before),
           (long long)s.q_length * s.q_length * (long long)sizeof(float));
    free_call(&c);
    gt_context_destroy(context);
  }
}

int main(int argc, char **argv) {
  if (argc > 1 && strcmp(argv[1], "memory") == 0) {
    show_memory();
    return 0;
  }
  if (argc > 1 && strcmp(argv[1], "operands") == 0) {
    return bench_tiers(argv + 2, "attention_bench operands [tier [threads]]", operands);
  }
  return bench_tiers(argv + 1, "attention_bench [operands] [tier [threads]] or attention_bench memory", bench);
}
