/* vecmath.h against libm in double, in units in the last place, over floats evenly spaced in their bit patterns. */
#include <float.h>
#include <math.h>
#include <stdio.h>

#include "harness.h"
#include "vecmath_tier.h"

enum { BATCH = 1000, STEP = 1511 }; /* a prime: all low bits occur */

static vecmath_map *map; /* of the tier under test */
static const char *tier_name;

static double normal_tail(double x) {
  return 0.5 * erfc(x * M_SQRT1_2);
}
static double sigmoid(double x) {
  return 1 / (1 + exp(-x));
}

/* Greatest error over the floats of [low, high], in ulp, or relative where `relative`. */
static void scan(const char *name, int function, double (*exact)(double), float low, float high, double most,
                 bool relative) {
  float x[BATCH], y[BATCH];
  int64_t count = 0;
  double worst = 0;
  float at = 0;
  for (uint64_t bits = 0; bits <= UINT32_MAX + (uint64_t)STEP; bits += STEP) {
    if (bits <= UINT32_MAX) {
      uint32_t word = (uint32_t)bits;
      memcpy(&x[count], &word, sizeof word);
      count += x[count] >= low && x[count] <= high;
    }
    if (count == BATCH || bits > UINT32_MAX) {
      map(function, x, y, count);
      for (int64_t i = 0; i < count; i++) {
        double expected = exact(x[i]);
        double error = relative ? fabs(y[i] - expected) / expected : ulps(y[i], expected);
        if (!(error <= worst)) {
          worst = isnan(error) ? INFINITY : error;
          at = x[i];
        }
      }
      count = 0;
    }
  }
  printf("  %-7s %-18s [%g, %g]: %.3g %s at %.9g\n", tier_name, name, (double)low, (double)high, worst,
         relative ? "relative" : "ulp", (double)at);
  CHECK(worst <= most, "%s of tier %s: error %.4g at %.9g", name, tier_name, worst, (double)at);
}

static void scan_tier(void) {
  scan("exp", VECMATH_EXP, exp, -INFINITY, INFINITY, 0.9, false);
  scan("exp2", VECMATH_EXP2, exp2, -INFINITY, INFINITY, 0.8, false);
  scan("exp2_nonpositive", VECMATH_EXP2_NONPOSITIVE, exp2, -126, 0, 0.8, false);
  scan("tanh", VECMATH_TANH, tanh, -INFINITY, INFINITY, 1.3, false);
  scan("sigmoid", VECMATH_SIGMOID, sigmoid, -87, INFINITY, 2.1, false);
  scan("normal_tail", VECMATH_NORMAL_TAIL, normal_tail, 0, 1, 3e-7, true);
  scan("normal_tail", VECMATH_NORMAL_TAIL, normal_tail, 1, 5, 6e-6, true);
}

static float value(int function, float x) {
  float y;
  map(function, &x, &y, 1);
  return y;
}

static void ends_tier(void) {
  for (int function = VECMATH_EXP; function <= VECMATH_NORMAL_TAIL; function++) {
    CHECK(isnan(value(function, NAN)), "function %d of NaN is %g", function, (double)value(function, NAN));
  }
  CHECK(value(VECMATH_EXP, 0) == 1 && value(VECMATH_EXP2, 0) == 1, "exp(0) is %.9g", (double)value(VECMATH_EXP, 0));
  CHECK(value(VECMATH_EXP, 88.72f) < INFINITY, "exp(88.72) is %g", (double)value(VECMATH_EXP, 88.72f));
  CHECK(isinf(value(VECMATH_EXP, 88.73f)), "exp(88.73) is %g", (double)value(VECMATH_EXP, 88.73f));
  CHECK(value(VECMATH_EXP, -103.9f) == 0x1p-149f, "exp(-103.9) is %g", (double)value(VECMATH_EXP, -103.9f));
  CHECK(value(VECMATH_EXP, -104) == 0, "exp(-104) is %g", (double)value(VECMATH_EXP, -104));
  CHECK(value(VECMATH_EXP2, -149) == 0x1p-149f, "exp2(-149) is %g", (double)value(VECMATH_EXP2, -149));
  CHECK(value(VECMATH_EXP2_NONPOSITIVE, -INFINITY) == 0, "exp2(-inf) is %g",
        (double)value(VECMATH_EXP2_NONPOSITIVE, -INFINITY));
  CHECK(value(VECMATH_EXP2_NONPOSITIVE, -FLT_MAX) == 0, "exp2(-max) is %g",
        (double)value(VECMATH_EXP2_NONPOSITIVE, -FLT_MAX));
  CHECK(value(VECMATH_EXP2_NONPOSITIVE, -127.5f) < 0x1p-126f, "exp2(-127.5) is %g",
        (double)value(VECMATH_EXP2_NONPOSITIVE, -127.5f));
  CHECK(value(VECMATH_TANH, 9.1f) == 1 && value(VECMATH_TANH, -9.1f) == -1, "tanh(9.1) is %.9g",
        (double)value(VECMATH_TANH, 9.1f));
  CHECK(signbit(value(VECMATH_TANH, -0.0f)), "tanh(-0) is %g", (double)value(VECMATH_TANH, -0.0f));
  CHECK(value(VECMATH_TANH, 1e-40f) == 1e-40f, "tanh(1e-40) is %g", (double)value(VECMATH_TANH, 1e-40f));
  CHECK(value(VECMATH_NORMAL_TAIL, 40) == 0, "Q(40) is %g", (double)value(VECMATH_NORMAL_TAIL, 40));
  for (float a = 5; a < 40; a += 0.125f) { /* falls behind the end of the fit */
    CHECK(value(VECMATH_NORMAL_TAIL, a + 0.125f) <= value(VECMATH_NORMAL_TAIL, a), "Q rises at %g", (double)a);
  }
}

static void with_maps(void (*body)(void)) {
  static const struct {
    int32_t tier;
    vecmath_map *map;
  } maps[] = {
      {GT_TIER_AVX2, vecmath_avx2}, {GT_TIER_AVX512, vecmath_avx512}, {GT_TIER_AVX512_BF16, vecmath_avx512_bf16}};
  for (size_t i = 0; i < sizeof maps / sizeof maps[0]; i++) {
    tier_name = gt_tier_name(maps[i].tier);
    map = maps[i].map;
    if (gt_tier_supported(maps[i].tier)) {
      body();
    } else {
      printf("  tier %s skipped: this CPU can't run it\n", tier_name);
    }
  }
}

static void accuracy(void) {
  with_maps(scan_tier);
}
static void ends_of_the_range(void) {
  with_maps(ends_tier);
}

int main(void) {
  RUN(accuracy);
  RUN(ends_of_the_range);
  return finish();
}
