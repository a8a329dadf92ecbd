/* Layer norm and RMS norm. Sums run in four vectors of lanes, so a chain is features / (4 GT_VL) long: at fp32 that
 * is within a few ulp of a double sum. */
#ifndef GT_SIMD_NORM_H
#define GT_SIMD_NORM_H

#include <math.h>

#include "cpu/simd/vec.h"

/* Sum of (x - shift) over the row, and into `*squares` of (x - shift)^2. Fetches `ahead`, as many values. */
GT_INLINE float simd_moments(const float *x, int64_t n, float shift, const float *ahead, float *squares) {
  enum { LANES = 4 };
  vf s = vf_set1(shift);
  vf sums[LANES], products[LANES];
  GT_UNROLL
  for (int v = 0; v < LANES; v++) {
    sums[v] = vf_zero();
    products[v] = vf_zero();
  }
  int64_t i = 0;
  for (; i + LANES * GT_VL <= n; i += LANES * GT_VL) {
    GT_UNROLL
    for (int v = 0; v < LANES; v++) {
      _mm_prefetch((const char *)(ahead + i + v * GT_VL), _MM_HINT_T0);
      vf d = vf_load(x + i + v * GT_VL) - s;
      sums[v] = sums[v] + d;
      products[v] = vf_fma(d, d, products[v]);
    }
  }
  for (; i < n; i += GT_VL) {
    int64_t lanes = n - i < GT_VL ? n - i : GT_VL;
    vf d = vf_first(vf_load_n(x + i, lanes) - s, lanes);
    sums[0] = sums[0] + d;
    products[0] = vf_fma(d, d, products[0]);
  }
  *squares = vf_sum((products[0] + products[1]) + (products[2] + products[3]));
  return vf_sum((sums[0] + sums[1]) + (sums[2] + sums[3]));
}

static inline void simd_layer_norm(const float *x, int64_t x_stride, const float *weight, const float *bias, float *y,
                                   int64_t y_stride, int64_t rows, int64_t features, float eps) {
  double n = (double)features;
  for (int64_t row = 0; row < rows; row++, x += x_stride, y += y_stride) {
    float squares;
    float mean = (float)(simd_moments(x, features, 0, x + x_stride, &squares) / n);
    /* The second pass also sums what the rounded mean left over, and takes it out of both moments. */
    double rest = simd_moments(x, features, mean, x, &squares) / n;
    double variance = squares / n - rest * rest;
    double factor = 1.0 / sqrt((variance > 0 ? variance : 0) + (double)eps);
    vf m = vf_set1(mean), f = vf_set1((float)factor), r = vf_set1((float)(-rest * factor));
    for (int64_t i = 0; i < features; i += GT_VL) {
      int64_t lanes = features - i < GT_VL ? features - i : GT_VL;
      vf_expect_store(y + y_stride + i); /* of the next row */
      vf b = bias != NULL ? vf_load_n(bias + i, lanes) : vf_zero();
      vf normal = vf_fma(vf_load_n(x + i, lanes) - m, f, r);
      vf_store_n(y + i, vf_fma(normal, vf_load_n(weight + i, lanes), b), lanes);
    }
  }
}

static inline void simd_rms_norm(const float *x, int64_t x_stride, const float *weight, float *y, int64_t y_stride,
                                 int64_t rows, int64_t features, float eps) {
  for (int64_t row = 0; row < rows; row++, x += x_stride, y += y_stride) {
    float squares;
    simd_moments(x, features, 0, x + x_stride, &squares);
    vf f = vf_set1((float)(1.0 / sqrt(squares / (double)features + (double)eps)));
    for (int64_t i = 0; i < features; i += GT_VL) {
      int64_t lanes = features - i < GT_VL ? features - i : GT_VL;
      vf_expect_store(y + y_stride + i); /* of the next row */
      vf_store_n(y + i, vf_load_n(x + i, lanes) * f * vf_load_n(weight + i, lanes), lanes);
    }
  }
}

#endif
