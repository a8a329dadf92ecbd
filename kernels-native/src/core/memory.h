/* Aligned memory whose bytes a context counts. */
#ifndef GT_MEMORY_H
#define GT_MEMORY_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

enum { GT_ALIGNMENT = 64 };

/* 64-byte aligned, zeroed or undefined; from 2 MiB on mapped by itself, 2 MiB aligned, zeroed and advised to huge
 * pages. Adds what it takes to `*counter`. NULL when there is no memory. */
void *gt_memory_allocate(atomic_int_least64_t *counter, size_t bytes);
void *gt_memory_allocate_zeroed(atomic_int_least64_t *counter, size_t bytes);
/* NULL is allowed. */
void gt_memory_free(atomic_int_least64_t *counter, void *memory);

#endif
