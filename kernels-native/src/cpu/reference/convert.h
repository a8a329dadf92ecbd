/* One element of a weight matrix, table or operand as fp32; scalar, exact (f64 rounds to nearest). And fp32 as bf16. */
#ifndef GT_CONVERT_H
#define GT_CONVERT_H

#include <stdint.h>
#include <string.h>

#include "gatun.h"

static inline float gt_float_of_bits(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

static inline float gt_float_of_f16(uint16_t half) {
  uint32_t sign = (uint32_t)(half & 0x8000) << 16;
  uint32_t exponent = half >> 10 & 0x1f;
  uint32_t fraction = half & 0x3ff;
  if (exponent == 0x1f) { /* infinity or NaN; a signalling NaN becomes quiet, as vcvtph2ps does */
    return gt_float_of_bits(sign | 0x7f800000 | (fraction != 0 ? 0x400000 : 0) | fraction << 13);
  }
  if (exponent == 0) { /* zero or subnormal: fraction * 2^-24 */
    float magnitude = (float)fraction * 0x1p-24f;
    return sign != 0 ? -magnitude : magnitude;
  }
  return gt_float_of_bits(sign | (exponent + 112) << 23 | fraction << 13);
}

static inline float gt_float_of_bf16(uint16_t brain) {
  return gt_float_of_bits((uint32_t)brain << 16);
}

/* To nearest even; a NaN becomes the quiet one. */
static inline uint16_t gt_bf16_of_float(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  if ((bits & 0x7fffffff) > 0x7f800000) {
    return 0x7fc0;
  }
  return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

/* Where element `index` lies. */
static inline const void *gt_address(const void *array, int32_t dtype, int64_t index) {
  int64_t size = dtype == GT_F32 ? 4 : dtype == GT_F64 ? 8 : 2;
  return (const char *)array + index * size;
}

/* Element `index` of an array that need not be aligned beyond its element type. */
static inline float gt_element(const void *array, int32_t dtype, int64_t index) {
  switch (dtype) {
    case GT_F16:
      return gt_float_of_f16(((const uint16_t *)array)[index]);
    case GT_BF16:
      return gt_float_of_bf16(((const uint16_t *)array)[index]);
    case GT_F64:
      return (float)((const double *)array)[index];
    default:
      return ((const float *)array)[index];
  }
}

/* The same to write, GT_F32 or GT_BF16. */
static inline void gt_put_element(void *array, int32_t dtype, int64_t index, float value) {
  if (dtype == GT_BF16) {
    ((uint16_t *)array)[index] = gt_bf16_of_float(value);
  } else {
    ((float *)array)[index] = value;
  }
}

#endif
