/* Parts of memory_bench. */
#ifndef GT_MEMORY_BENCH_H
#define GT_MEMORY_BENCH_H

#include "measure.h"

/* A line of the tables: what `body` moves per call, against the streams. */
void print_comparison(const char *name, const char *set, gt_context *context, const stream *streams,
                      int32_t stream_count, void (*body)(void *argument), void *argument);

/* The walk over distinct weights of GPT-2's shape, decoding attention, and packing. */
void bench_decoding(gt_context *context);
void bench_attention(gt_context *context);
void bench_packing(gt_context *context);

#endif
