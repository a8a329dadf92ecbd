#include "harness.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "cpu/reference/convert.h"

static int failures;
static uint32_t cases; /* asked for by this test */
static uint64_t random_state = 1;

void check_failed(const char *file, int line, const char *condition, const char *format, ...) {
  if (__atomic_add_fetch(&failures, 1, __ATOMIC_RELAXED) > 20) {
    return;
  }
  char details[1024];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(details, sizeof details, format, arguments);
  va_end(arguments);
  fprintf(stderr, "%s:%d: failed: %s: %s\n", file, line, condition, details);
}

static double seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

void run_named(const char *name, void (*test)(void)) {
  int before = failures;
  double start = seconds();
  reseed(1);
  cases = 0;
  test();
  printf("%-40s %s %6.2f s\n", name, failures == before ? "ok    " : "FAILED", seconds() - start);
  fflush(stdout);
}

bool skip_case(void) {
  static int every = 0;
  if (every == 0) {
    const char *text = getenv("GT_TEST_EVERY");
    every = text == NULL ? 1 : atoi(text);
  }
  /* Case lists walk their options in turn: a fixed step would always meet the same ones. */
  return every > 1 && (cases++ * 2654435761u >> 16) % (uint32_t)every != 0;
}

int finish(void) {
  if (failures > 0) {
    printf("%d failures\n", failures);
  }
  return failures > 0 ? 1 : 0;
}

/* splitmix64 */
static uint64_t random_bits(void) {
  uint64_t z = (random_state += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

void reseed(uint64_t seed) {
  random_state = seed;
}

float random_float(void) {
  return (float)(random_bits() >> 40) * 0x1p-23f - 1.0f;
}

void random_fill(float *x, size_t count) {
  for (size_t i = 0; i < count; i++) {
    x[i] = random_float();
  }
}

int64_t random_below(int64_t bound) {
  return (int64_t)(random_bits() % (uint64_t)bound);
}

double ulps(float actual, double expected) {
  if (isnan(actual) || isnan(expected)) {
    return isnan(actual) && isnan(expected) ? 0 : INFINITY;
  }
  float rounded = (float)expected;
  if (actual == rounded) {
    return 0;
  }
  double ulp = fabs((double)nextafterf(rounded, INFINITY) - (double)rounded);
  return fabs((double)actual - expected) / ulp;
}

void check_close(const char *what, const float *actual, const float *expected, size_t count, double absolute,
                 double relative) {
  double worst = 0;
  size_t at = count;
  for (size_t i = 0; i < count; i++) {
    if (isnan(actual[i]) && isnan(expected[i])) {
      continue;
    }
    double error = fabs((double)actual[i] - (double)expected[i]);
    double excess = error / (absolute + relative * fabs((double)expected[i]));
    if (!(excess <= 1) && (at == count || !(excess <= worst))) {
      worst = excess;
      at = i;
    }
  }
  if (at < count) {
    check_failed(what, 0, "close", "element %zu of %zu is %.9g, expected %.9g (%.3g times the tolerance)", at, count,
                 (double)actual[at], (double)expected[at], worst);
  }
}

bool is_bf16_of(uint16_t actual, float value) {
  const uint16_t expected = gt_bf16_of_float(value);
  const int least_normal = 0x80;
  if (isnan(value)) {
    return isnan(gt_float_of_bf16(actual));
  }
  return actual == expected || ((expected & 0x7fff) < least_normal && (actual & 0x7fff) == 0);
}

void round_to_bf16(float *x, size_t count) {
  for (size_t i = 0; i < count; i++) {
    x[i] = gt_float_of_bf16(gt_bf16_of_float(x[i]));
  }
}

guarded guarded_allocate(size_t bytes, bool at_end) {
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  size_t inner = (bytes + page - 1) / page * page;
  inner = inner == 0 ? page : inner;
  guarded memory = {.mapping_bytes = inner + 2 * page};
  memory.mapping = mmap(NULL, memory.mapping_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory.mapping == MAP_FAILED || mprotect((char *)memory.mapping + page, inner, PROT_READ | PROT_WRITE) != 0) {
    perror("guarded_allocate");
    exit(2);
  }
  memory.data = (char *)memory.mapping + page + (at_end ? inner - bytes : 0);
  memset((char *)memory.mapping + page, 0xff, inner);
  return memory;
}

guarded guarded_bf16(const float *x, size_t count, bool at_end) {
  guarded memory = guarded_allocate(count * sizeof(uint16_t), at_end);
  for (size_t i = 0; i < count; i++) {
    ((uint16_t *)memory.data)[i] = gt_bf16_of_float(x[i]);
  }
  return memory;
}

void guarded_free(guarded *memory) {
  munmap(memory->mapping, memory->mapping_bytes);
}

int first_context(const gt_context *context) {
  const int32_t tier = gt_context_tier(context);
  return tier == GT_TIER_REFERENCE || tier == GT_TIER_CUDA ? 1 : 0;
}

gt_context *create_context(int32_t tier, int32_t threads) {
  char message[256];
  gt_context_params params = {.struct_size = sizeof params, .threads = threads, .tier = tier};
  gt_context *context;
  if (gt_context_create(&params, &context, message, sizeof message) != GT_OK) {
    fprintf(stderr, "%s\n", message);
    exit(2);
  }
  return context;
}
