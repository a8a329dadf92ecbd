/* gt_embed, the widening kernels behind it and behind packing, and gt_kv_append. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "cpu/reference/convert.h"
#include "harness.h"

static char message[256];

static void check_same_bits(const char *what, const gt_kernel_table *kernels, float actual, float expected,
                            int64_t index) {
  bool same = memcmp(&actual, &expected, sizeof actual) == 0 || (isnan(actual) && isnan(expected));
  CHECK(same, "%s on tier %s: element %lld is %a, expected %a", what, kernels->name, (long long)index, (double)actual,
        (double)expected);
}

/* Every f16 and every bf16, and doubles around the rounding boundaries, as the reference converts them. */
static void on_tier_widen(const gt_kernel_table *kernels) {
  enum { ALL = 1 << 16 };
  if (kernels->widen_any_f32 == NULL) {
    return; /* the CUDA library widens inside its kernels */
  }
  uint16_t *halves = malloc(ALL * sizeof *halves);
  double *doubles = malloc(ALL * sizeof *doubles);
  float *wide = malloc(ALL * sizeof *wide);
  for (int i = 0; i < ALL; i++) {
    halves[i] = (uint16_t)i;
    float value = ldexpf(random_float(), (int)random_below(300) - 160);
    doubles[i] = (double)value + ldexp((double)value, -24) * (double)(random_below(3) - 1); /* ties to even, too */
  }
  doubles[0] = INFINITY;
  doubles[1] = NAN;
  doubles[2] = 1e300;
  doubles[3] = -1e-320;
  const void *arrays[] = {[GT_F16] = halves, [GT_BF16] = halves, [GT_F64] = doubles};
  for (int32_t dtype = GT_F16; dtype <= GT_F64; dtype++) {
    kernels->widen_any_f32(arrays[dtype], dtype, wide, ALL);
    for (int i = 0; i < ALL; i++) {
      check_same_bits("widen", kernels, wide[i], gt_element(arrays[dtype], dtype, i), i);
    }
  }
  free(halves);
  free(doubles);
  free(wide);
}

static void widen(void) {
  CHECK(gt_float_of_f16(0x3555) == 0x1.554p-2f, "0x3555 is %a", (double)gt_float_of_f16(0x3555));
  CHECK(gt_float_of_f16(0x0001) == 0x1p-24f, "0x0001 is %a", (double)gt_float_of_f16(0x0001));
  CHECK(gt_float_of_f16(0xfbff) == -65504.0f, "0xfbff is %a", (double)gt_float_of_f16(0xfbff));
  CHECK(isinf(gt_float_of_f16(0x7c00)), "0x7c00 is %a", (double)gt_float_of_f16(0x7c00));
  CHECK(gt_float_of_bf16(0x3f80) == 1.0f, "0x3f80 is %a", (double)gt_float_of_bf16(0x3f80));
  for_each_tier(on_tier_widen);
}

static void on_tier_embed(const gt_kernel_table *kernels) {
  static const int64_t widths[] = {1, 3, 15, 16, 17, 33, 100, 127, 128, 129, 257, 768};
  gt_context *context = create_context(kernels->tier, 2);
  for (size_t w = 0; w < sizeof widths / sizeof widths[0]; w++) {
    for (int variant = 0; variant < 16; variant++) {
      if (skip_case()) {
        continue;
      }
      const int32_t dtype = variant & 3;
      const bool accumulate = (variant & 4) != 0, at_end = (variant & 8) != 0;
      const int64_t features = widths[w], rows = 1 + random_below(50), tokens = 1 + random_below(200);
      const int64_t table_stride = features + random_below(2) * random_below(20),
                    y_stride = features + random_below(2) * random_below(20);
      const int64_t table_count = (rows - 1) * table_stride + features, count = (tokens - 1) * y_stride + features;
      const size_t size = dtype == GT_F32 ? 4 : dtype == GT_F64 ? 8 : 2;
      guarded table = guarded_allocate((size_t)table_count * size, at_end);
      for (int64_t i = 0; i < table_count; i++) {
        float value = random_float();
        uint32_t bits;
        memcpy(&bits, &value, sizeof bits);
        if (dtype == GT_F32) {
          ((float *)table.data)[i] = value;
        } else if (dtype == GT_F64) {
          ((double *)table.data)[i] = (double)value / 3;
        } else {
          ((uint16_t *)table.data)[i] = (uint16_t)(dtype == GT_BF16 ? bits >> 16 : (uint32_t)random_below(0x7c00));
        }
      }
      guarded ids = guarded_allocate((size_t)tokens * sizeof(int32_t), at_end);
      guarded y = guarded_allocate((size_t)count * sizeof(float), at_end);
      guarded before = guarded_allocate((size_t)count * sizeof(float), at_end);
      for (int64_t t = 0; t < tokens; t++) {
        ((int32_t *)ids.data)[t] = (int32_t)random_below(rows);
      }
      random_fill(y.data, (size_t)count);
      memcpy(before.data, y.data, (size_t)count * sizeof(float));
      CHECK_OK(gt_embed(context, table.data, dtype, rows, features, table_stride, ids.data, tokens, accumulate, y.data,
                        y_stride, message, sizeof message));
      for (int64_t i = 0; i < count; i++) {
        const bool gap = i % y_stride >= features;
        float value =
            gap ? 0 : gt_element(table.data, dtype, ((int32_t *)ids.data)[i / y_stride] * table_stride + i % y_stride);
        float old = ((float *)before.data)[i];
        check_same_bits("embed", kernels, ((float *)y.data)[i], gap ? old : accumulate ? old + value : value, i);
      }
      guarded_free(&table);
      guarded_free(&ids);
      guarded_free(&y);
      guarded_free(&before);
    }
  }
  gt_context_destroy(context);
}

static void embed(void) {
  for_each_tier(on_tier_embed);
}

static void embed_refuses(void) {
  gt_context *context = create_context(GT_TIER_AUTO, 1);
  float table[6] = {1, 2, 3, 4, 5, 6}, y[6] = {7, 7, 7, 7, 7, 7};
  int32_t ids[3] = {0, 2, 3};
  CHECK_FAILS(GT_INVALID_ARGUMENT, "id 3 at position 2 is outside the table [3, 2]",
              gt_embed(context, table, GT_F32, 3, 2, 2, ids, 3, 0, y, 2, message, sizeof message));
  CHECK(y[0] == 7, "y is written before ids are checked: %g", (double)y[0]);
  ids[1] = -1;
  CHECK_FAILS(GT_INVALID_ARGUMENT, "id -1 at position 1",
              gt_embed(context, table, GT_F32, 3, 2, 2, ids, 2, 0, y, 2, message, sizeof message));
  CHECK_FAILS(GT_INVALID_ARGUMENT, "unknown dtype 7",
              gt_embed(context, table, 7, 3, 2, 2, ids, 1, 0, y, 2, message, sizeof message));
  CHECK_FAILS(GT_INVALID_ARGUMENT, "accumulate is 2",
              gt_embed(context, table, GT_F32, 3, 2, 2, ids, 1, 2, y, 2, message, sizeof message));
  CHECK_FAILS(GT_INVALID_ARGUMENT, "table is NULL",
              gt_embed(context, NULL, GT_F32, 3, 2, 2, ids, 1, 0, y, 2, message, sizeof message));
  CHECK_FAILS(GT_INVALID_ARGUMENT, "rows of table and y are 1 and 2 apart; it must be at least 2",
              gt_embed(context, table, GT_F32, 3, 2, 1, ids, 1, 0, y, 2, message, sizeof message));
  CHECK_FAILS(GT_INVALID_ARGUMENT, "rows of table and y are 2 and 1 apart",
              gt_embed(context, table, GT_F32, 3, 2, 2, ids, 1, 0, y, 1, message, sizeof message));
  CHECK_OK(gt_embed(context, table, GT_F32, 3, 2, 2, NULL, 0, 0, NULL, 2, message, sizeof message));
  gt_context_destroy(context);
}

/* Two sequences in three-token blocks of a pool whose blocks and rows have gaps. */
static void kv_append(void) {
  enum { FEATURES = 5, SOURCE_STRIDE = 7, ROW_STRIDE = 6, BLOCK = 3, BLOCK_STRIDE = 20, BLOCKS = 6, PER_SEQUENCE = 3 };
  gt_context *context = create_context(GT_TIER_AUTO, 1);
  float source[6 * SOURCE_STRIDE], blocks[BLOCKS * BLOCK_STRIDE];
  random_fill(source, sizeof source / sizeof source[0]);
  for (int i = 0; i < BLOCKS * BLOCK_STRIDE; i++) {
    blocks[i] = -9;
  }
  int32_t cu[3] = {0, 4, 6}, lengths[2] = {2, 5}, table[2 * PER_SEQUENCE] = {4, 0, 3, 1, 5, 2};
  gt_kv_append_params params = {.struct_size = sizeof params,
                                .batch = 2,
                                .features = FEATURES,
                                .source_stride = SOURCE_STRIDE,
                                .row_stride = ROW_STRIDE,
                                .block_stride = BLOCK_STRIDE,
                                .block_size = BLOCK,
                                .blocks_per_sequence = PER_SEQUENCE};
#define APPEND() gt_kv_append(context, source, cu, lengths, table, blocks, &params, message, sizeof message)
  CHECK_OK(APPEND());
  int written = 0;
  for (int b = 0; b < 2; b++) {
    for (int t = cu[b]; t < cu[b + 1]; t++) {
      int position = lengths[b] + t - cu[b];
      float *row = blocks + table[b * PER_SEQUENCE + position / BLOCK] * BLOCK_STRIDE + position % BLOCK * ROW_STRIDE;
      for (int i = 0; i < FEATURES; i++, written++) {
        CHECK(row[i] == source[t * SOURCE_STRIDE + i], "sequence %d token %d element %d is %g", b, t, i,
              (double)row[i]);
      }
    }
  }
  int untouched = 0;
  for (int i = 0; i < BLOCKS * BLOCK_STRIDE; i++) {
    untouched += blocks[i] == -9;
  }
  CHECK(untouched == BLOCKS * BLOCK_STRIDE - written, "%d elements untouched, %d written", untouched, written);
  lengths[1] = 8;
  CHECK_FAILS(GT_INVALID_ARGUMENT, "sequence 1 holds 8 tokens and gets 2; its 3 blocks of 3 hold 9", APPEND());
  lengths[1] = 5;
  cu[1] = 7;
  CHECK_FAILS(GT_INVALID_ARGUMENT, "falls from 7 to 6 at sequence 1", APPEND());
  cu[1] = 4;
  params.row_stride = 4;
  CHECK_FAILS(GT_INVALID_ARGUMENT, "row_stride 4", APPEND());
  params.row_stride = ROW_STRIDE;
  params.block_size = 0;
  CHECK_FAILS(GT_INVALID_ARGUMENT, "block_size is 0", APPEND());
  params.block_size = BLOCK;
  table[1] = -1;
  CHECK_FAILS(GT_INVALID_ARGUMENT, "names block -1 for tokens of sequence 0", APPEND());
  params.batch = 0;
  CHECK_OK(APPEND());
#undef APPEND
  gt_context_destroy(context);
}

int main(void) {
  RUN(widen);
  RUN(embed);
  RUN(embed_refuses);
  RUN(kv_append);
  return finish();
}
