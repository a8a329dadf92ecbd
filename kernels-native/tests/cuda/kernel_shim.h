/*
 * kernel.cuh for g++: kernels as plain functions that run on fibers (shim.cpp). What a GPU would punish, or answer with
 * wrong numbers now and then, is a named fault or wrong numbers every time:
 *
 *   - a copy_async writes NaN at once and the bytes at the wait, so neither a missing wait nor a buffer that others
 * still read goes unseen;
 *   - between barriers a warp runs as far as it can before the next one starts, in one order and in the other;
 *   - misaligned addresses, indices outside of local arrays and integers that overflow trap (flags in CMakeLists.txt).
 */
#ifndef GT_KERNEL_SHIM_H
#define GT_KERNEL_SHIM_H

#include <immintrin.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct uint3 {
  unsigned x, y, z;
};
struct alignas(8) float2 {
  float x, y;
};
struct alignas(8) int2 {
  int x, y;
};
struct alignas(8) uint2 {
  unsigned x, y;
};
struct alignas(16) float4 {
  float x, y, z, w;
};
struct alignas(16) uint4 {
  unsigned x, y, z, w;
};

#define GT_DEVICE inline __attribute__((always_inline))
/* Unrolling keeps small arrays in registers here too. */
#define GT_UNROLL _Pragma("GCC unroll 8")

GT_DEVICE float2 make_float2(float x, float y) {
  return {x, y};
}
GT_DEVICE int2 make_int2(int x, int y) {
  return {x, y};
}
GT_DEVICE uint2 make_uint2(unsigned x, unsigned y) {
  return {x, y};
}
GT_DEVICE float4 make_float4(float x, float y, float z, float w) {
  return {x, y, z, w};
}
GT_DEVICE uint4 make_uint4(unsigned x, unsigned y, unsigned z, unsigned w) {
  return {x, y, z, w};
}

/* Of the thread that runs: set at every switch, so code must not keep their addresses. */
extern uint3 threadIdx, blockIdx, blockDim, gridDim;

namespace gt_shim {

/* A kernel by name; made once per GT_KERNEL before main. */
struct kernel {
  const char *name;
  void (*body)(const void *args);
  size_t args_bytes;
  unsigned threads;
  const kernel *next;

  kernel(const char *its_name, void (*its_body)(const void *), size_t its_args_bytes, unsigned its_threads);
};

extern unsigned char *shared_memory;

void sync_block();
void sync_warp();
uint32_t shuffle(uint32_t value, int source);
void copy_async(void *shared, const void *global, size_t bytes, bool valid);
void copy_commit();
void copy_wait(size_t under_way);
void load_matrix(uint32_t *r, const void *shared);
void load_matrix_trans(uint32_t *r, const void *shared);
void mma_bf16(float *d, const uint32_t *a, const uint32_t *b);
void mma_tf32(float *d, const uint32_t *a, const uint32_t *b);

template <typename To, typename From>
GT_DEVICE To bits_as(From value) {
  static_assert(sizeof(To) == sizeof(From), "same size");
  To result;
  memcpy(&result, &value, sizeof result);
  return result;
}

}  // namespace gt_shim

#define GT_KERNEL(name)                                                                                                \
  static void name(const gt_args_of_##name &args);                                                                     \
  static const gt_shim::kernel gt_kernel_##name(                                                                       \
      #name, [](const void *args) { name(*static_cast<const gt_args_of_##name *>(args)); }, sizeof(gt_args_of_##name), \
      gt_threads_of_##name);                                                                                           \
  static void name([[maybe_unused]] const gt_args_of_##name &args)
#define GT_SHARED(name) unsigned char *const name = gt_shim::shared_memory

GT_DEVICE void gt_sync_block() {
  gt_shim::sync_block();
}

GT_DEVICE void gt_sync_warp() {
  gt_shim::sync_warp();
}

GT_DEVICE uint32_t gt_shuffle(uint32_t v, int lane) {
  return gt_shim::shuffle(v, lane);
}

GT_DEVICE int32_t gt_shuffle(int32_t v, int lane) {
  return (int32_t)gt_shim::shuffle((uint32_t)v, lane);
}

GT_DEVICE float gt_shuffle(float v, int lane) {
  return gt_shim::bits_as<float>(gt_shim::shuffle(gt_shim::bits_as<uint32_t>(v), lane));
}

template <typename T>
GT_DEVICE T gt_shuffle_xor(T v, int mask) {
  return gt_shuffle(v, (int)(threadIdx.x & 31) ^ mask);
}

GT_DEVICE void gt_copy_async_16(void *shared, const void *global, bool valid) {
  gt_shim::copy_async(shared, global, 16, valid);
}

GT_DEVICE void gt_copy_async_4(void *shared, const void *global, bool valid) {
  gt_shim::copy_async(shared, global, 4, valid);
}

GT_DEVICE void gt_copy_commit() {
  gt_shim::copy_commit();
}

template <int N>
GT_DEVICE void gt_copy_wait() {
  static_assert(N >= 0, "groups");
  gt_shim::copy_wait(N);
}

GT_DEVICE void gt_load_matrix_x4(uint32_t r[4], const void *shared) {
  gt_shim::load_matrix(r, shared);
}

GT_DEVICE void gt_load_matrix_x4_trans(uint32_t r[4], const void *shared) {
  gt_shim::load_matrix_trans(r, shared);
}

GT_DEVICE void gt_mma_bf16(float d[4], const uint32_t a[4], const uint32_t b[2]) {
  gt_shim::mma_bf16(d, a, b);
}

GT_DEVICE void gt_mma_tf32(float d[4], const uint32_t a[4], const uint32_t b[2]) {
  gt_shim::mma_tf32(d, a, b);
}

GT_DEVICE float gt_float_of_bits(uint32_t bits) {
  return gt_shim::bits_as<float>(bits);
}

GT_DEVICE uint32_t gt_bits_of(float x) {
  return gt_shim::bits_as<uint32_t>(x);
}

/* To nearest, ties away from zero; the lower 13 bits are zeros. */
GT_DEVICE uint32_t gt_tf32(float x) {
  uint32_t bits = gt_bits_of(x);
  return isfinite(x) ? (bits + 0x1000u) & 0xffffe000u : isnan(x) ? 0x7fffffffu : bits;
}

GT_DEVICE uint32_t gt_bf16x2(float low, float high) {
  uint32_t l = gt_bits_of(low), h = gt_bits_of(high);
  l = isnan(low) ? 0x7fffu : (l + 0x7fffu + (l >> 16 & 1u)) >> 16;
  h = isnan(high) ? 0x7fffu : (h + 0x7fffu + (h >> 16 & 1u)) >> 16;
  return l | h << 16;
}

GT_DEVICE float gt_exp2(float x) {
  const float r = exp2f(x);
  return r < 0x1p-126f ? 0 : r;
}

GT_DEVICE float gt_float_of_bf16(uint16_t x) {
  return gt_float_of_bits((uint32_t)x << 16);
}

GT_DEVICE float gt_float_of_f16(uint16_t x) {
  return _cvtsh_ss(x);
}

#endif
