/* Checks that keep counting: of tests of what the harness itself is run over. */
#ifndef CUDA_CHECK_H
#define CUDA_CHECK_H

#include <stdio.h>

static int failures;

#define CHECK(condition, ...)                                \
  do {                                                       \
    if (!(condition)) {                                      \
      failures++;                                            \
      printf("%s:%d: %s: ", __FILE__, __LINE__, #condition); \
      printf(__VA_ARGS__);                                   \
      printf("\n");                                          \
    }                                                        \
  } while (0)

/* Prints the verdict; the exit code of main. */
static inline int finish() {
  printf(failures == 0 ? "passed\n" : "%d checks failed\n", failures);
  return failures != 0;
}

#endif
