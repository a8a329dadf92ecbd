#ifndef GT_VECMATH_TIER_H
#define GT_VECMATH_TIER_H

#include <stdint.h>

enum { VECMATH_EXP, VECMATH_EXP2, VECMATH_EXP2_NONPOSITIVE, VECMATH_TANH, VECMATH_SIGMOID, VECMATH_NORMAL_TAIL };

/* y[i] = function(x[i]); one per tier of isa.cmake. */
typedef void vecmath_map(int function, const float *x, float *y, int64_t count);
vecmath_map vecmath_avx2, vecmath_avx512, vecmath_avx512_bf16;

#endif
