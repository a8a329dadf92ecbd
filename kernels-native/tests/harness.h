/*
 * The tests' own small harness: checks that keep counting, guarded buffers, tiers, random numbers, comparison.
 *
 *   static void adds(void) { CHECK(1 + 1 == 2, "sum is %d", 1 + 1); }
 *   int main(int argc, char **argv) { RUN(adds); return finish(); }
 */
#ifndef GT_HARNESS_H
#define GT_HARNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "cpu/kernel_table.h"
#include "gatun.h"

/* ---- checks --------------------------------------------------------------------------------------------------- */

__attribute__((format(printf, 4, 5))) void check_failed(const char *file, int line, const char *condition,
                                                        const char *format, ...);
/* Counts and prints a failure (the first 20) and goes on. Printf-style details are required: numbers, not "wrong". */
#define CHECK(condition, ...)                                    \
  do {                                                           \
    if (!(condition)) {                                          \
      check_failed(__FILE__, __LINE__, #condition, __VA_ARGS__); \
    }                                                            \
  } while (0)

/* Status GT_OK, else the message is printed. `message` must be in scope. */
#define CHECK_OK(call)                                               \
  do {                                                               \
    gt_status status_ = (call);                                      \
    CHECK(status_ == GT_OK, "status %d: %s", (int)status_, message); \
  } while (0)

/* The call fails with `expected` and its message holds `part`. */
#define CHECK_FAILS(expected, part, call)                                                               \
  do {                                                                                                  \
    strcpy(message, "(nothing written)");                                                               \
    gt_status status_ = (call);                                                                         \
    CHECK(status_ == (expected), "status %d, expected %d: %s", (int)status_, (int)(expected), message); \
    CHECK(strstr(message, part) != NULL, "message \"%s\" lacks \"%s\"", message, part);                 \
  } while (0)

void run_named(const char *name, void (*test)(void));
#define RUN(test) run_named(#test, test)
/* True for all but about one of GT_TEST_EVERY calls, where the environment has that: for the cases of long lists, under
 * tools that make a GPU slow. */
bool skip_case(void);
/* Prints the verdict; the exit code of main. */
int finish(void);

/* ---- numbers -------------------------------------------------------------------------------------------------- */

/* Uniform in [-1, 1), deterministic. */
float random_float(void);
void random_fill(float *x, size_t count);
int64_t random_below(int64_t bound);
void reseed(uint64_t seed);

/* Distance in units in the last place of `expected`; huge for NaN against a number. */
double ulps(float actual, double expected);

/* |actual - expected| <= absolute + relative * |expected| everywhere, else one failure that names the worst element.
 * NaN equals NaN. */
void check_close(const char *what, const float *actual, const float *expected, size_t count, double absolute,
                 double relative);

/* Is `actual` the bf16 nearest to `value`, of two the even one? Any NaN is one; what is subnormal may be 0. */
bool is_bf16_of(uint16_t actual, float value);
/* Rounds to what bf16 can hold. */
void round_to_bf16(float *x, size_t count);

/* ---- memory ---------------------------------------------------------------------------------------------------- */

/* `bytes` bytes that end right before an unreadable page (at_end) or begin right behind one, so that one byte read
 * too far crashes the test. Filled with NaN patterns. */
typedef struct guarded {
  void *data;
  void *mapping;
  size_t mapping_bytes;
} guarded;

guarded guarded_allocate(size_t bytes, bool at_end);
/* `count` floats as bf16. */
guarded guarded_bf16(const float *x, size_t count, bool at_end);
void guarded_free(guarded *memory);

/* ---- tiers ----------------------------------------------------------------------------------------------------- */

/* Calls `test` with each tier this CPU runs; with one that has only a name where the tests are linked with the CUDA
 * library. */
void for_each_tier(void (*test)(const gt_kernel_table *kernels));
/* NULL of a CUDA context. */
const gt_kernel_table *kernels_of(const gt_context *context);
/* Scratch holds NaN, on the caller and whoever else comes: a kernel may only read what it has written. */
void poison_scratch(gt_context *context, size_t bytes);
/* Of two contexts that differ in their threads, the first to try. The second alone where threads change nothing: on a
 * GPU, and of the reference, whose queries are each computed alone and which is slow under the sanitizers. */
int first_context(const gt_context *context);
/* A context or a failed test run. */
gt_context *create_context(int32_t tier, int32_t threads);

#endif
