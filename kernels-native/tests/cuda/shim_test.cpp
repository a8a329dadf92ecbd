/* The shim: every collective against plain loops, and proofs that it sees what is wrong. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <vector>

#include "check.h"
#include "shim.h"
#include "shim_test_kernels.h"

using gt_shim::FORWARD;
using gt_shim::order;
using gt_shim::REVERSE;
using gt_shim::SHUFFLED;

static const order ORDERS[] = {FORWARD, REVERSE, SHUFFLED};
static char report[512];

static bool run(const char *name, uint3 grid, size_t shared_bytes, const test_args &args, order by, uint64_t seed = 1) {
  const gt_shim::kernel *kernel = gt_shim::find_kernel(name);
  if (kernel == nullptr || kernel->args_bytes != sizeof args) {
    printf("no kernel %s\n", name);
    exit(1);
  }
  report[0] = 0;
  return gt_shim::run({kernel, grid, shared_bytes, &args, by, seed}, report, sizeof report);
}

static void run_right(const char *name, uint3 grid, size_t shared_bytes, const test_args &args, order by,
                      uint64_t seed = 1) {
  bool right = run(name, grid, shared_bytes, args, by, seed);
  CHECK(right, "%s, order %d: %s", name, (int)by, report);
}

/* Uniform in [-1, 1). */
static float random_float() {
  static uint64_t state = 1;
  state = state * 6364136223846793005u + 1442695040888963407u;
  return (float)(int32_t)(state >> 32) * 0x1p-31f;
}

static std::vector<float> random_floats(size_t count) {
  std::vector<float> x(count);
  for (float &v : x) {
    v = random_float();
  }
  return x;
}

static uint32_t bits(float x) {
  return gt_shim::bits_as<uint32_t>(x);
}

static float number(uint32_t x) {
  return gt_shim::bits_as<float>(x);
}

static void places() {
  for (order by : ORDERS) {
    for (uint64_t seed = 1; seed < 4; seed++) {
      std::vector<float> y(7 * 3 * 2 * 64, 1.0f);
      run_right("test_places", {7, 3, 2}, 0, {nullptr, nullptr, y.data(), 0, NOTHING}, by, seed);
      for (size_t i = 0; i < y.size(); i++) {
        CHECK(y[i] == (float)(i + 1), "order %d: y[%zu] = %g", (int)by, i, y[i]);
      }
    }
  }
}

static void shuffles() {
  std::vector<float> x = random_floats(64);
  for (order by : ORDERS) {
    std::vector<float> y(64 * 5);
    run_right("test_shuffles", {1, 1, 1}, 0, {x.data(), nullptr, y.data(), 0, NOTHING}, by);
    for (size_t i = 0; i < 64; i++) {
      size_t warp = i / 32 * 32, lane = i % 32;
      const float *got = &y[5 * i];
      float sum = 0;
      for (size_t k = 0; k < 32; k++) {
        sum += x[warp + k];
      }
      CHECK(got[0] == x[i ^ 5], "%zu: %g", i, got[0]);
      CHECK(got[1] == x[warp + 31 - lane], "%zu: %g", i, got[1]);
      CHECK(got[2] == -(float)(lane ^ 16), "%zu: %g", i, got[2]);
      CHECK(got[3] == (float)(warp + 7), "%zu: %g", i, got[3]);
      CHECK(fabsf(got[4] - sum) < 1e-5f, "%zu: %g, expected %g", i, got[4], sum);
    }
  }
}

/* d[16, 8] against a[16, depth] b, b[k, n] at b[k * b_row + n * b_column]. */
static void check_product(const char *what, const std::vector<float> &d, const std::vector<float> &a,
                          const std::vector<float> &b, size_t depth, size_t b_row, size_t b_column) {
  for (size_t m = 0; m < 16; m++) {
    for (size_t n = 0; n < 8; n++) {
      double sum = 0;
      for (size_t k = 0; k < depth; k++) {
        sum += (double)a[m * depth + k] * b[k * b_row + n * b_column];
      }
      CHECK(fabs(d[m * 8 + n] - sum) < 1e-5, "%s[%zu, %zu] = %g, expected %g", what, m, n, d[m * 8 + n], sum);
    }
  }
}

/* Numbers that bf16 holds, and those as bf16. */
static std::vector<float> random_bf16(std::vector<uint32_t> *words, size_t count) {
  std::vector<float> x(count);
  words->assign(count / 2 + 3, 0);
  /* An address that is a multiple of 16 comes from malloc. */
  for (size_t i = 0; i < count; i++) {
    x[i] = number(bits(random_float()) & 0xffff0000u);
    (*words)[i / 2] |= bits(x[i]) >> 16 << i % 2 * 16;
  }
  return x;
}

static void products() {
  for (order by : ORDERS) {
    std::vector<uint32_t> wa, wb;
    std::vector<float> a = random_bf16(&wa, 256), b = random_bf16(&wb, 128), d(128);
    run_right("test_mma_bf16", {1, 1, 1}, 768, {wa.data(), wb.data(), d.data(), 0, NOTHING}, by);
    check_product("bf16", d, a, b, 16, 1, 16);
    run_right("test_mma_bf16", {1, 1, 1}, 768, {wa.data(), wb.data(), d.data(), 0, NO_BARRIER}, by);
    CHECK(d[0] != d[0] || d[127] != d[127], "order %d: a missing sync_warp isn't seen", (int)by);
    run_right("test_mma_bf16_trans", {1, 1, 1}, 1024, {wa.data(), wb.data(), d.data(), 0, NOTHING}, by);
    check_product("bf16 transposed", d, a, b, 16, 8, 1);
    a = random_floats(128);
    b = random_floats(64);
    run_right("test_mma_tf32", {1, 1, 1}, 0, {a.data(), b.data(), d.data(), 0, NOTHING}, by);
    for (float &v : a) {
      v = number((bits(v) + 0x1000) & 0xffffe000u);
    }
    for (float &v : b) {
      v = number((bits(v) + 0x1000) & 0xffffe000u);
    }
    check_product("tf32", d, a, b, 8, 8, 1);
  }
}

static void numbers() {
  const uint32_t x[] = {0x3f800000, 0x3f800fff, 0x3f801000, 0xbf801000, 0x3f808000, 0x3f818000,
                        0x3f808001, 0x7f800000, 0x7f7fffff, 0x00000001, 0x80000000, 0x7fc00000};
  const uint32_t tf32[] = {0x3f800000, 0x3f800000, 0x3f802000, 0xbf802000, 0x3f808000, 0x3f818000,
                           0x3f808000, 0x7f800000, 0x7f800000, 0x00000000, 0x80000000, 0x7fffffff};
  const uint32_t bf16[] = {0x3f80, 0x3f80, 0x3f80, 0xbf80, 0x3f80, 0x3f82, 0x3f81, 0x7f80, 0x7f80, 0, 0x8000, 0x7fff};
  const uint16_t h[] = {0x3c00, 0xc000, 0x7bff, 0x0001, 0x03ff, 0x8000, 0x7c00, 0xfc00, 0x0400, 0x3555, 0, 0x3c01};
  const float f16[] = {1,         -2,       65504,           0x1p-24f, 1023 * 0x1p-24f, -0.0f, INFINITY,
                       -INFINITY, 0x1p-14f, 1365 * 0x1p-12f, 0,        1 + 0x1p-10f};
  const size_t n = sizeof x / sizeof *x;
  std::vector<uint32_t> y(4 * n);
  run_right("test_numbers", {1, 1, 1}, 0, {x, h, (float *)y.data(), n, NOTHING}, FORWARD);
  for (size_t i = 0; i < n; i++) {
    uint32_t high = x[i] == 0x7fc00000 ? 0x7fff : bf16[i] ^ 0x8000;
    CHECK(y[4 * i] == tf32[i], "tf32 of %08x is %08x", x[i], y[4 * i]);
    CHECK(y[4 * i + 1] == (bf16[i] | high << 16), "bf16x2 of %08x is %08x", x[i], y[4 * i + 1]);
    CHECK(y[4 * i + 2] == (uint32_t)h[i] << 16, "float of bf16 %04x is %08x", h[i], y[4 * i + 2]);
    CHECK(y[4 * i + 3] == bits(f16[i]), "float of f16 %04x is %08x", h[i], y[4 * i + 3]);
  }
}

/* Whether y is what the right kernel gives, in every order; one that is wrong must differ in some. */
static bool reduces(order by, uint64_t seed, int wrong) {
  std::vector<float> x = random_floats(2 * 1000), y(2);
  run_right("test_reduce", {2, 1, 1}, 16, {x.data(), nullptr, y.data(), 1000, wrong}, by, seed);
  bool right = true;
  for (size_t block = 0; block < 2; block++) {
    double sum = 0;
    for (size_t i = 0; i < 1000; i++) {
      sum += x[block * 1000 + i];
    }
    right &= fabs(y[block] - sum) < 1e-4;
  }
  return right;
}

static bool transposes(order by, uint64_t seed, int wrong) {
  std::vector<float> x = random_floats(48 * 48), y(48 * 48);
  run_right("test_transpose", {3, 3, 1}, 16 * 17 * 4, {x.data(), nullptr, y.data(), 48, wrong}, by, seed);
  bool right = true;
  for (size_t i = 0; i < 48 * 48; i++) {
    right &= y[i] == x[i % 48 * 48 + i / 48];
  }
  return right;
}

static bool pipelines(order by, uint64_t seed, int wrong) {
  std::vector<float> x = random_floats(9 * 64), y(64);
  bool right = true;
  for (size_t stages = 1; stages <= 9; stages++) {
    run_right("test_pipeline", {1, 1, 1}, 3 * 64 * 4, {x.data(), nullptr, y.data(), (int64_t)stages, wrong}, by, seed);
    for (size_t i = 0; i < 64; i++) {
      float sum = 0;
      for (size_t stage = 0; stage < stages; stage++) {
        sum += x[stage * 64 + 63 - i];
      }
      right &= y[i] == sum;
    }
  }
  return right;
}

static void barriers() {
  for (order by : ORDERS) {
    for (uint64_t seed = 1; seed < 6; seed++) {
      CHECK(reduces(by, seed, NOTHING), "reduce, order %d", (int)by);
      CHECK(transposes(by, seed, NOTHING), "transpose, order %d", (int)by);
      CHECK(pipelines(by, seed, NOTHING), "pipeline, order %d", (int)by);
      CHECK(!transposes(by, seed, NO_BARRIER), "transpose, order %d: a missing barrier isn't seen", (int)by);
      CHECK(!pipelines(by, seed, NO_WAIT), "pipeline, order %d: a missing wait isn't seen", (int)by);
      CHECK(!pipelines(by, seed, WAIT_TOO_LOOSE), "pipeline, order %d: a wait for too little isn't seen", (int)by);
      CHECK(!pipelines(by, seed, BUFFER_STILL_READ), "pipeline, order %d: a buffer still read isn't seen", (int)by);
    }
  }
  CHECK(!reduces(FORWARD, 1, NO_BARRIER), "reduce: a missing barrier isn't seen");
}

static void faults() {
  static const struct {
    int wrong;
    size_t shared_bytes;
    const char *says;
  } cases[] = {
      {EXIT_BEFORE_BARRIER, 1024, "thread 40 of its warp is at its end"},
      {WARP_EXITS_BEFORE_BARRIER, 1024, "1 warps ended while 1 wait at sync_block"},
      {EXIT_BEFORE_SHUFFLE, 1024, "divergence"},
      {DIVERGENT_SHUFFLE, 1024, "at a shuffle"},
      {DIVERGENT_BARRIER, 1024, "at sync_warp"},
      {LANE_OUTSIDE, 1024, "thread 31: shuffles from lane 32"},
      {PAST_SHARED, 1024, "past the start of 1024 bytes of shared memory"},
      {JUST_PAST_SHARED, 1040, "written at byte 1040 of 1040 bytes of shared memory"},
      {BEFORE_SHARED, 1024, "written at byte -4 of 1024 bytes of shared memory"},
      {PAST_GLOBAL, 1024, "no memory at"},
      {PAST_GLOBAL_COPY, 1024, "no memory at"},
      {NULL_POINTER, 1024, "thread 0: NULL, misaligned or wild address"},
      {MISALIGNED_COPY, 1024, "copy_async of 16 bytes from a misaligned address"},
      {MISALIGNED_MATRIX, 1024, "load_matrix at a misaligned address, byte 8 of shared memory"},
      {MISALIGNED_VECTOR, 1024, "thread 1: misaligned access"},
      {LOCAL_INDEX, 1024, "thread 4: misaligned access, index outside of a local array"},
      {STACK, 1024, "its local arrays overflow the stack"},
      {OVERFLOW, 1024, "integer overflow"},
      {DIVISION, 1024, "division of an integer by zero"},
  };
  char *pages = (char *)mmap(nullptr, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED || mprotect(pages + 4096, 4096, PROT_NONE) != 0) {
    perror("pages");
    exit(1);
  }
  float *x = (float *)(pages + 4096) - 64;
  for (size_t i = 0; i < 64; i++) {
    x[i] = random_float();
  }
  std::vector<float> y(64);
  for (const auto &c : cases) {
    bool right = run("test_wrong", {1, 1, 1}, c.shared_bytes, {x, nullptr, y.data(), 64, c.wrong}, FORWARD);
    CHECK(!right, "case %d isn't seen", c.wrong);
    CHECK(strstr(report, c.says) != nullptr && strstr(report, "kernel test_wrong, block (0, 0, 0)") != nullptr,
          "case %d is reported as: %s", c.wrong, report);
    for (order by : ORDERS) {
      CHECK(!run("test_wrong", {2, 1, 1}, c.shared_bytes, {x, nullptr, y.data(), 64, c.wrong}, by),
            "case %d isn't seen in order %d", c.wrong, (int)by);
    }
    /* A launch after it is as if nothing had been. */
    run_right("test_wrong", {1, 1, 1}, 1024, {x, nullptr, y.data(), 64, NOTHING}, FORWARD);
    CHECK(y[63] == x[63], "%g", y[63]);
  }
}

int main() {
  places();
  shuffles();
  products();
  numbers();
  barriers();
  faults();
  return finish();
}
