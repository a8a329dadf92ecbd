/*
 * gatun_bench [tier [threads]]: linear layers, computing in fp32 and in bf16, in GFLOP/s and as a share of the peak of
 * the multiply-add units.
 *
 * gatun_bench sweep [tier [threads]]: 1 to 33 rows one by one, where a register tile that is too small shows.
 *
 * gatun_bench operands [tier [threads]]: layers that compute in bf16, with x, y or both in bf16 against both in fp32.
 */
#include <stdio.h>
#include <string.h>

#include "measure.h"

typedef struct layer {
  int64_t rows, in, out;
  int32_t activation;
  int32_t compute_dtype;
} layer;

typedef struct forward {
  gt_context *context;
  const gt_linear *linear;
  const void *x;
  void *y;
  gt_linear_params params;
} forward;

static void run_forward(void *argument) {
  const forward *f = argument;
  char message[256];
  require(gt_linear_forward(f->context, f->linear, f->x, NULL, f->y, &f->params, message, sizeof message), message);
}

/* As the runtime lays out the wide results of which it makes x: rows must not share cache sets. */
static int64_t spread_stride(int64_t features) {
  return features % 1024 == 0 ? features + 16 : features;
}

/* Rows of x are spread; x and y are fp32. */
static forward forward_of(gt_context *context, const gt_linear *linear, layer l, const float *x, float *y) {
  return (forward){.context = context,
                   .linear = linear,
                   .x = x,
                   .y = y,
                   .params = {.struct_size = sizeof(gt_linear_params),
                              .activation = l.activation,
                              .rows = l.rows,
                              .x_stride = spread_stride(l.in),
                              .y_stride = l.out,
                              .scale = 1}};
}

static measurement measure_linear(gt_context *context, const gt_linear *linear, layer l) {
  const int64_t x_stride = spread_stride(l.in);
  float *x = random_floats(context, l.rows * x_stride);
  float *y = random_floats(context, l.rows * l.out);
  forward f = forward_of(context, linear, l, x, y);
  gt_peak_kind kind = gt_peak_kind_of(gt_context_tier(context), l.compute_dtype);
  measurement m = measure(context, kind, 2.0 * (double)(l.rows * l.in * l.out), run_forward, &f);
  gt_free(context, x);
  gt_free(context, y);
  return m;
}

static void bench_linear(gt_context *context, layer l) {
  gt_linear *linear = random_linear(context, l.in, l.out, l.compute_dtype, NULL);
  measurement m = measure_linear(context, linear, l);
  double time = 2.0 * (double)(l.rows * l.in * l.out) / m.rate * 1e-9;
  int element = l.compute_dtype == GT_BF16 ? 2 : 4;
  printf("%6lld x %5lld x %6lld %-9s %8.1f %8.1f %6.0f%% %8.1f %10.1f %8.1f\n", (long long)l.rows, (long long)l.in,
         (long long)l.out, l.activation == GT_ACT_IDENTITY ? "" : "gelu_erf", m.rate, m.peak, 100 * m.share, m.best,
         time * 1e6, (double)(l.in * l.out * element) / time * 1e-9);
  fflush(stdout);
  gt_linear_destroy(context, linear);
}

static void bench_dtype(gt_context *context, int32_t compute_dtype) {
  printf("%-33s %8s %8s %7s %8s %10s %8s\n",
         compute_dtype == GT_BF16 ? "rows x in x out, bf16" : "rows x in x out, f32", "GFLOP/s", "peak", "share",
         "best", "us/call", "w GB/s");
  static const int64_t shapes[][2] = {{768, 768}, {768, 2304}, {768, 3072}, {3072, 768}, {384, 1536}};
  static const int64_t rows[] = {1, 2, 4, 8, 16, 32, 128, 512, 1024};
  for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; s++) {
    for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
      bench_linear(context, (layer){rows[r], shapes[s][0], shapes[s][1], GT_ACT_IDENTITY, compute_dtype});
    }
  }
  bench_linear(context, (layer){128, 768, 3072, GT_ACT_GELU_ERF, compute_dtype});
  bench_linear(context, (layer){1024, 768, 3072, GT_ACT_GELU_ERF, compute_dtype});
  bench_linear(context, (layer){1, 768, 50257, GT_ACT_IDENTITY, compute_dtype});
  bench_linear(context, (layer){8, 768, 50257, GT_ACT_IDENTITY, compute_dtype});
}

static void bench(gt_context *context) {
  bench_dtype(context, GT_F32);
  bench_dtype(context, GT_BF16);
}

enum { SHAPES = 2, DTYPES = 2 };

static void sweep(gt_context *context) {
  static const int64_t outs[SHAPES] = {768, 3072};
  static const int32_t dtypes[DTYPES] = {GT_F32, GT_BF16};
  const int64_t in = 768;
  gt_linear *linears[DTYPES][SHAPES];
  printf("GFLOP/s (share of the peak)\n%4s", "rows");
  for (int d = 0; d < DTYPES; d++) {
    for (int s = 0; s < SHAPES; s++) {
      linears[d][s] = random_linear(context, in, outs[s], dtypes[d], NULL);
      printf("   %s %4lld x %4lld", dtypes[d] == GT_F32 ? " f32" : "bf16", (long long)in, (long long)outs[s]);
    }
  }
  printf("\n");
  for (int64_t rows = 1; rows <= 33; rows++) {
    printf("%4lld", (long long)rows);
    for (int d = 0; d < DTYPES; d++) {
      for (int s = 0; s < SHAPES; s++) {
        measurement m = measure_linear(context, linears[d][s], (layer){rows, in, outs[s], GT_ACT_IDENTITY, dtypes[d]});
        printf("   %8.1f (%4.0f%%)", m.rate, 100 * m.share);
      }
    }
    printf("\n");
    fflush(stdout);
  }
  for (int d = 0; d < DTYPES; d++) {
    for (int s = 0; s < SHAPES; s++) {
      gt_linear_destroy(context, linears[d][s]);
    }
  }
}

/* Times of calls that only differ in the dtypes of x and y, as parts of the one with both in fp32. */
static void compare_operands(gt_context *context, layer l) {
  const int32_t dtypes[][2] = {{GT_BF16, GT_F32}, {GT_F32, GT_BF16}, {GT_BF16, GT_BF16}};
  gt_linear *linear = random_linear(context, l.in, l.out, GT_BF16, NULL);
  const int64_t x_stride = spread_stride(l.in);
  float *x = random_floats(context, l.rows * x_stride);
  uint16_t *rounded = rounded_to_bf16(context, x, l.rows * x_stride);
  float *y = random_floats(context, l.rows * l.out);
  forward f = forward_of(context, linear, l, x, y);
  printf("%6lld x %5lld x %5lld %-9s", (long long)l.rows, (long long)l.in, (long long)l.out,
         l.activation == GT_ACT_IDENTITY ? "" : "gelu_erf");
  for (size_t i = 0; i < sizeof dtypes / sizeof dtypes[0]; i++) {
    forward g = f;
    g.x = dtypes[i][0] == GT_BF16 ? (const void *)rounded : x;
    g.params.x_dtype = dtypes[i][0];
    g.params.y_dtype = dtypes[i][1];
    double ratio;
    const double time = compare_calls(context, run_forward, &f, &g, &ratio);
    if (i == 0) {
      printf(" %10.1f", time * 1e6);
    }
    printf(" %8.3f", ratio);
  }
  printf("\n");
  fflush(stdout);
  gt_free(context, x);
  gt_free(context, rounded);
  gt_free(context, y);
  gt_linear_destroy(context, linear);
}

static void operands(gt_context *context) {
  printf("%-32s %10s %8s %8s %8s\n", "rows x in x out, bf16: time", "us/call", "x bf16", "y bf16", "both");
  static const int64_t rows[] = {1, 2, 8, 16, 32, 128, 1024, 4096};
  for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
    compare_operands(context, (layer){rows[r], 768, 3072, GT_ACT_GELU_ERF, GT_BF16});
    compare_operands(context, (layer){rows[r], 3072, 768, GT_ACT_IDENTITY, GT_BF16});
  }
}

int main(int argc, char **argv) {
  if (argc > 1 && strcmp(argv[1], "operands") == 0) {
    return bench_tiers(argv + 2, "gatun_bench operands [tier [threads]]", operands);
  }
  if (argc > 1 && strcmp(argv[1], "sweep") == 0) {
    return bench_tiers(argv + 2, "gatun_bench sweep [tier [threads]]", sweep);
  }
  return bench_tiers(argv + 1, "gatun_bench [sweep | operands] [tier [threads]]", bench);
}
