/*
 * One name per vector operation, so that a kernel is written once and compiled per tier. Values are the compiler's
 * own vector types: + - * / and unary minus work on vf directly (gcc and clang).
 *
 *   vf, vi        GT_VL floats, GT_VL int32
 *   *_n           touch only the first n lanes in memory (0 <= n <= GT_VL): no over-read, no over-write
 */
#ifndef GT_VEC_H
#define GT_VEC_H

#include <immintrin.h>
#include <stdint.h>
#include <string.h>

/* Unrolls the next loop fully: its bounds must be constants after inlining. */
#ifdef __clang__
#define GT_UNROLL _Pragma("clang loop unroll(full)")
#else
#define GT_UNROLL _Pragma("GCC unroll 32")
#endif

#define GT_INLINE static inline __attribute__((always_inline))

#if defined(__AVX512F__)
#include "cpu/simd/vec_avx512.h"
#elif defined(__AVX2__)
#include "cpu/simd/vec_avx2.h"
#else
#error "vec.h is for the SIMD tiers: compile with the flags of isa.cmake"
#endif

/* Asks for the line at p, which a store to it would otherwise wait for. Any address will do. */
GT_INLINE void vf_expect_store(const void *p) {
  __asm__ volatile("prefetchw %0" : : "m"(*(const char *)p));
}

/* Loads, widening to fp32. */
GT_INLINE vf vf_load_bf16(const uint16_t *p) {
  return vf_of_bits(vi_shift_left(vi_load_u16(p), 16));
}
GT_INLINE vf vf_load_bf16_n(const uint16_t *p, int64_t n) {
  return vf_of_bits(vi_shift_left(vi_load_u16_n(p, n), 16));
}

#endif
