/* A row gives the same bits beside any other rows, on any number of threads: what lets a server put texts of several
 * callers into one batch and still answer each as if it had come alone. */
#include <stdio.h>
#include <stdlib.h>

#include "harness.h"

enum { MOST_ROWS = 45 };

static char message[256];

/* What a layer computes in, and what x and y are. */
typedef struct dtypes {
  int32_t compute, x, y;
} dtypes;

static int64_t size_of(int32_t dtype) {
  return dtype == GT_BF16 ? 2 : 4;
}

static void forward(gt_context *context, const gt_linear *linear, int64_t rows, const void *x, int64_t in, void *y,
                    int64_t out, const float *residual, dtypes d) {
  gt_linear_params params = {.struct_size = sizeof params,
                             .activation = GT_ACT_GELU_ERF,
                             .rows = rows,
                             .x_stride = in,
                             .y_stride = out,
                             .residual_stride = out,
                             .scale = 1,
                             .x_dtype = d.x,
                             .y_dtype = d.y};
  CHECK_OK(gt_linear_forward(context, linear, x, residual, y, &params, message, sizeof message));
}

static void try_linear(int32_t tier, dtypes d, int64_t in, int64_t out) {
  float *weight = malloc((size_t)(in * out) * sizeof(float));
  float *x = malloc((size_t)(MOST_ROWS * in) * sizeof(float));
  char *together = malloc((size_t)(MOST_ROWS * out) * sizeof(float));
  char *apart = malloc((size_t)(MOST_ROWS * out) * sizeof(float));
  float *residual = malloc((size_t)(MOST_ROWS * out) * sizeof(float));
  random_fill(weight, (size_t)(in * out));
  random_fill(x, (size_t)(MOST_ROWS * in));
  random_fill(residual, (size_t)(MOST_ROWS * out));
  guarded narrow = guarded_bf16(x, (size_t)(MOST_ROWS * in), true);
  const char *operand = d.x == GT_BF16 ? narrow.data : (void *)x;
  for (int32_t threads = 1; threads <= 3; threads += 2) {
    gt_context *context = create_context(tier, threads);
    gt_linear *linear = NULL;
    CHECK_OK(gt_linear_create(context, in, out, d.compute, 0, &linear, message, sizeof message));
    CHECK_OK(gt_linear_pack(context, linear, 0, out, weight, GT_F32, GT_OUT_IN, NULL, GT_F32, message, sizeof message));
    if (threads == 1) {
      forward(context, linear, MOST_ROWS, operand, in, together, out, d.y == GT_BF16 ? NULL : residual, d);
    }
    for (int64_t rows = 1; rows <= MOST_ROWS; rows++) {
      int64_t first = random_below(MOST_ROWS - rows + 1);
      forward(context, linear, rows, operand + first * in * size_of(d.x), in, apart, out,
              d.y == GT_BF16 ? NULL : residual + first * out, d);
      CHECK(memcmp(apart, together + first * out * size_of(d.y), (size_t)(rows * out * size_of(d.y))) == 0,
            "tier %s, dtypes %d %d %d: %lld x %lld gives other bits for %lld rows on %d threads", gt_tier_name(tier),
            (int)d.compute, (int)d.x, (int)d.y, (long long)in, (long long)out, (long long)rows, (int)threads);
    }
    gt_linear_destroy(context, linear);
    gt_context_destroy(context);
  }
  free(weight);
  free(x);
  free(together);
  free(apart);
  free(residual);
  guarded_free(&narrow);
}

static void linear_on_tier(const gt_kernel_table *kernels) {
  static const int64_t IN[] = {7, 65, 129, 300, 384, 770, 1600};
  for (size_t i = 0; i < sizeof IN / sizeof IN[0]; i++) {
    try_linear(kernels->tier, (dtypes){GT_F32, GT_F32, GT_F32}, IN[i], 71);
    try_linear(kernels->tier, (dtypes){GT_BF16, GT_F32, GT_F32}, IN[i], 71);
    if (i % 2 != 0) {
      try_linear(kernels->tier, (dtypes){GT_BF16, GT_BF16, GT_BF16}, IN[i], 71);
    }
  }
}

static void linear_rows(void) {
  for_each_tier(linear_on_tier);
}

/* Texts one behind the other, and each alone. */
static const int32_t LENGTHS[] = {1, 33, 8, 9, 200, 3, 17, 64, 65, 31, 129, 7, 16};
enum { TEXTS = sizeof LENGTHS / sizeof LENGTHS[0] };

static void try_attention(int32_t tier, int32_t threads, gt_attention_params params, const float *bias) {
  int32_t offsets[TEXTS + 1] = {0};
  for (int32_t i = 0; i < TEXTS; i++) {
    offsets[i + 1] = offsets[i] + LENGTHS[i];
  }
  const int64_t width = params.num_heads * params.head_dim;
  const size_t count = (size_t)(offsets[TEXTS] * width);
  float *x = malloc(3 * count * sizeof(float));
  char *together = malloc(count * sizeof(float)), *alone = malloc(count * sizeof(float));
  random_fill(x, 3 * count);
  guarded narrow = guarded_bf16(x, 3 * count, true);
  const int64_t in = size_of(params.qkv_dtype), out = size_of(params.out_dtype);
  const char *q = params.qkv_dtype == GT_BF16 ? narrow.data : (void *)x;
  const char *k = q + (int64_t)count * in, *v = k + (int64_t)count * in;
  params.struct_size = sizeof params;
  params.q_stride = params.k_stride = params.v_stride = params.out_stride = width;
  params.num_kv_heads = params.num_heads;
  params.v_head_dim = params.head_dim;
  params.scale = 0.2F;
  params.batch = TEXTS;
  gt_context *context = create_context(tier, threads);
  CHECK_OK(gt_attention(context, q, k, v, offsets, offsets, NULL, bias, together, &params, message, sizeof message));
  params.batch = 1;
  for (int32_t i = 0; i < TEXTS; i++) {
    const int32_t one[2] = {0, LENGTHS[i]};
    const int64_t at = offsets[i] * width;
    CHECK_OK(gt_attention(context, q + at * in, k + at * in, v + at * in, one, one, NULL, bias, alone, &params, message,
                          sizeof message));
    CHECK(memcmp(alone, together + at * out, (size_t)(LENGTHS[i] * width * out)) == 0,
          "tier %s, dtypes %d %d %d, %d threads, head_dim %d, causal %d, window %d: %d tokens give other bits alone",
          gt_tier_name(tier), (int)params.compute_dtype, (int)params.qkv_dtype, (int)params.out_dtype, (int)threads,
          (int)params.head_dim, (int)params.causal, (int)params.sliding_window, (int)LENGTHS[i]);
  }
  gt_context_destroy(context);
  free(x);
  guarded_free(&narrow);
  free(together);
  free(alone);
}

static void attention_on_tier(const gt_kernel_table *kernels) {
  enum { HEADS = 3, REACH = 20 };
  float bias[HEADS * (2 * REACH + 1)];
  random_fill(bias, sizeof bias / sizeof bias[0]);
  static const int32_t DIMS[] = {24, 32, 64, 80};
  for (int32_t threads = 1; threads <= 4; threads += 3) {
    for (size_t i = 0; i < sizeof DIMS / sizeof DIMS[0]; i++) {
      for (int32_t causal = 0; causal <= 1; causal++) {
        gt_attention_params params = {.num_heads = HEADS, .head_dim = DIMS[i], .causal = causal};
        params.compute_dtype = GT_F32;
        try_attention(kernels->tier, threads, params, NULL);
        params.compute_dtype = GT_BF16;
        try_attention(kernels->tier, threads, params, NULL);
        params.compute_dtype = GT_F32;
        params.bias_distance = REACH;
        try_attention(kernels->tier, threads, params, bias);
        params.bias_distance = 0;
        params.sliding_window = 21;
        try_attention(kernels->tier, threads, params, NULL);
        params.compute_dtype = GT_BF16;
        try_attention(kernels->tier, threads, params, NULL);
        params.qkv_dtype = params.out_dtype = GT_BF16;
        params.sliding_window = i % 2 == 0 ? 0 : 21;
        try_attention(kernels->tier, threads, params, NULL);
      }
    }
  }
}

static void attention_texts(void) {
  for_each_tier(attention_on_tier);
}

/* Few queries over many packed keys, as a decoder reads its encoder's text. */
static void decoding_on_tier(const gt_kernel_table *kernels) {
  enum { BATCH = 5, HEADS = 6, DIM = 40, WIDTH = HEADS * DIM, QUERIES = 15, KEYS = 1500 };
  static const int32_t queries[BATCH + 1] = {0, 1, 9, 10, 12, QUERIES},
                                       keys[BATCH + 1] = {0, 300, 450, 1200, 1240, KEYS};
  float *x = malloc(KEYS * WIDTH * sizeof(float));
  random_fill(x, KEYS * WIDTH);
  float together[QUERIES * WIDTH], alone[QUERIES * WIDTH];
  gt_attention_params params = {.struct_size = sizeof params,
                                .num_heads = HEADS,
                                .head_dim = DIM,
                                .v_head_dim = DIM,
                                .scale = 0.2F,
                                .q_stride = WIDTH,
                                .out_stride = WIDTH};
  for (params.num_kv_heads = 3; params.num_kv_heads <= HEADS; params.num_kv_heads += 3) {
    params.k_stride = params.v_stride = params.num_kv_heads * DIM;
    for (int32_t threads = 1; threads <= 4; threads++) {
      gt_context *context = create_context(kernels->tier, threads);
      params.batch = BATCH;
      if (threads == 1) {
        CHECK_OK(gt_attention(context, x, x, x, queries, keys, NULL, NULL, together, &params, message, sizeof message));
      }
      params.batch = 1;
      for (int32_t b = 0; b < BATCH; b++) {
        const int32_t q[2] = {0, queries[b + 1] - queries[b]}, k[2] = {0, keys[b + 1] - keys[b]};
        const float *text = x + keys[b] * params.k_stride;
        CHECK_OK(gt_attention(context, x + queries[b] * WIDTH, text, text, q, k, NULL, NULL, alone, &params, message,
                              sizeof message));
        CHECK(memcmp(alone, together + queries[b] * WIDTH, (size_t)(q[1] * WIDTH) * sizeof(float)) == 0,
              "tier %s, %d threads, %d kv heads: %d queries over %d keys give other bits alone",
              gt_tier_name(kernels->tier), (int)threads, (int)params.num_kv_heads, (int)q[1], (int)k[1]);
      }
      gt_context_destroy(context);
    }
  }
  free(x);
}

static void attention_decoding(void) {
  for_each_tier(decoding_on_tier);
}

/* The table of distances reaches as far as the longest text of the call, as the runtime's does. */
static void run_disentangled(gt_context *context, const float *qkv, const int32_t *offsets, int32_t texts,
                             int32_t longest, const float *position, float *out) {
  enum { HEADS = 3, DIM = 24, WIDTH = HEADS * DIM, SPAN = 16 };
  int32_t index[2 * 256 + 1];
  for (int32_t i = 0; i <= 2 * longest; i++) {
    const int32_t distance = i - longest;
    index[i] = (distance < -SPAN ? -SPAN : distance >= SPAN ? SPAN - 1 : distance) + SPAN;
  }
  const gt_disentangled_params params = {.struct_size = sizeof params,
                                         .batch = texts,
                                         .num_heads = HEADS,
                                         .head_dim = DIM,
                                         .scale = 0.2F,
                                         .max_distance = longest,
                                         .positions = 2 * SPAN,
                                         .q_stride = 3 * WIDTH,
                                         .k_stride = 3 * WIDTH,
                                         .v_stride = 3 * WIDTH,
                                         .out_stride = WIDTH,
                                         .position_k_stride = 2 * WIDTH,
                                         .position_q_stride = 2 * WIDTH};
  CHECK_OK(gt_disentangled_attention(context, qkv, qkv + WIDTH, qkv + 2 * WIDTH, offsets, position, position + WIDTH,
                                     index, out, &params, message, sizeof message));
}

static void disentangled_on_tier(const gt_kernel_table *kernels) {
  enum { WIDTH = 72, POSITIONS = 32, LONGEST = 200 };
  int32_t offsets[TEXTS + 1] = {0};
  for (int32_t i = 0; i < TEXTS; i++) {
    offsets[i + 1] = offsets[i] + LENGTHS[i];
  }
  const size_t count = (size_t)offsets[TEXTS] * WIDTH;
  float *qkv = malloc(3 * count * sizeof(float)), *together = malloc(count * sizeof(float));
  float *alone = malloc(count * sizeof(float));
  float position[POSITIONS * 2 * WIDTH];
  random_fill(qkv, 3 * count);
  random_fill(position, sizeof position / sizeof position[0]);
  for (int32_t threads = 1; threads <= 4; threads += 3) {
    gt_context *context = create_context(kernels->tier, threads);
    run_disentangled(context, qkv, offsets, TEXTS, LONGEST, position, together);
    for (int32_t i = 0; i < TEXTS; i++) {
      const int32_t one[2] = {0, LENGTHS[i]};
      const int64_t at = (int64_t)offsets[i] * WIDTH;
      run_disentangled(context, qkv + 3 * at, one, 1, LENGTHS[i], position, alone);
      CHECK(memcmp(alone, together + at, (size_t)LENGTHS[i] * WIDTH * sizeof(float)) == 0,
            "tier %s, %d threads: %d tokens give other bits alone", gt_tier_name(kernels->tier), (int)threads,
            (int)LENGTHS[i]);
    }
    gt_context_destroy(context);
  }
  free(qkv);
  free(together);
  free(alone);
}

static void disentangled_texts(void) {
  for_each_tier(disentangled_on_tier);
}

int main(void) {
  reseed(5);
  RUN(linear_rows);
  RUN(attention_texts);
  RUN(attention_decoding);
  RUN(disentangled_texts);
  return finish();
}
