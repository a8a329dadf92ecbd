/* Failure messages of the ABI entry points. */
#ifndef GT_MESSAGE_H
#define GT_MESSAGE_H

#include "gatun.h"

/* Writes the formatted sentence to `message` (which may be NULL) and returns `status`. */
__attribute__((format(printf, 4, 5))) gt_status gt_fail(gt_status status, char *message, size_t message_size,
                                                        const char *format, ...);

/* Returns from an entry point whose `message` and `message_size` are in scope, unless `condition` holds. */
#define GT_REQUIRE(condition, ...)                                             \
  do {                                                                         \
    if (!(condition)) {                                                        \
      return gt_fail(GT_INVALID_ARGUMENT, message, message_size, __VA_ARGS__); \
    }                                                                          \
  } while (0)

#define GT_REQUIRE_NOT_NULL(op, pointer) GT_REQUIRE((pointer) != NULL, op ": %s is NULL.", #pointer)

#define GT_REQUIRE_STRIDES(op, features, x_stride, y_stride)                                                   \
  GT_REQUIRE((x_stride) >= (features) && (y_stride) >= (features),                                             \
             op ": rows of x and y are %lld and %lld apart; it must be at least %lld.", (long long)(x_stride), \
             (long long)(y_stride), (long long)(features))

/* The caller's struct must be the one this library was compiled with. */
#define GT_REQUIRE_PARAMS(op, params, type)                                                                          \
  do {                                                                                                               \
    GT_REQUIRE_NOT_NULL(op, params);                                                                                 \
    GT_REQUIRE((params)->struct_size == sizeof(type),                                                                \
               op ": params has struct_size %u; this library's " #type " has %zu.", (unsigned)(params)->struct_size, \
               sizeof(type));                                                                                        \
  } while (0)

#endif
