/*
 * One op on the GPU: what src/cuda/run_*.c are written with. A call remembers the first failure; after it nothing more
 * is done and gt_cuda_end returns it:
 *
 *   gt_cuda_call call = gt_cuda_begin(context, "embed", message, message_size);
 *   gt_embed_args args = {.ids = gt_cuda_stage(&call, ids, (size_t)tokens * sizeof *ids), ...};
 *   gt_cuda_launch(&call, GT_CUDA_embed_f32, (gt_cuda_grid){tokens, 1, 1}, 0, &args);
 *   return gt_cuda_end(&call);
 */
#ifndef GT_CUDA_CALL_H
#define GT_CUDA_CALL_H

#include "core/device.h"
#include "cuda/kernel_list.h"

typedef struct gt_cuda_call {
  gt_context *context;
  const char *op;
  char *message;
  size_t message_size;
  gt_status status;
  bool entered; /* the driver's context is the thread's */
} gt_cuda_call;

typedef struct gt_cuda_grid {
  int64_t x, y, z; /* blocks: x to 2^31 - 1, y and z to 65535; more is a failure of the call */
} gt_cuda_grid;

/* Every kernel by name: GT_CUDA_layer_norm_f32, ... */
typedef enum gt_cuda_kernel {
#define GT_CUDA_ENUM(name, args, threads) GT_CUDA_##name,
  GT_CUDA_KERNELS(GT_CUDA_ENUM)
#undef GT_CUDA_ENUM
      GT_CUDA_KERNEL_COUNT
} gt_cuda_kernel;

gt_cuda_call gt_cuda_begin(gt_context *context, const char *op, char *message, size_t message_size);
gt_status gt_cuda_end(gt_cuda_call *call);

/* Queues a kernel with as many threads per block as its row in the list and `shared_bytes` of dynamic shared memory (up
 * to what the device allows, raised above 48 KiB where needed). `args` is the struct of its row, copied. */
void gt_cuda_launch(gt_cuda_call *call, gt_cuda_kernel kernel, gt_cuda_grid grid, size_t shared_bytes,
                    const void *args);

/* A copy of host bytes (index arrays, tile lists) in device memory, 16-byte aligned, good until gt_cuda_end and for the
 * kernels queued by then. Equal bytes staged shortly before are not copied again. NULL after a failure. */
const void *gt_cuda_stage(gt_cuda_call *call, const void *host, size_t bytes);

/* Device memory, 256-byte aligned, for the kernels of this call. A second request must not come before the last kernel
 * that uses the first is queued, unless `bytes` of both are asked for as one. NULL after a failure. */
void *gt_cuda_scratch(gt_cuda_call *call, size_t bytes);

/* Fails between gt_graph_begin and gt_graph_end: for ops that will wait, before they queue anything. */
bool gt_cuda_may_wait(gt_cuda_call *call);
/* Waits for what is queued. */
void gt_cuda_wait(gt_cuda_call *call);
/* Host to device and back in the order of the context's kernels, through pinned memory; host memory is the caller's
 * again on return. What the call has staged before is of no more use. */
void gt_cuda_copy_in(gt_cuda_call *call, void *device, const void *host, size_t bytes);
void gt_cuda_copy_out(gt_cuda_call *call, void *host, const void *device, size_t bytes);

/* Device memory counted by the context; NULL after a failure (out of memory says how much was wanted and is free). */
void *gt_cuda_allocate(gt_cuda_call *call, size_t bytes);
void gt_cuda_free(gt_context *context, void *device);

/* Notes a failure of the caller's own; false, for `return`. */
__attribute__((format(printf, 3, 4))) bool gt_cuda_fail(gt_cuda_call *call, gt_status status, const char *format, ...);

/* Facts of the device. */
int32_t gt_cuda_processors(const gt_context *context);  /* streaming multiprocessors */
size_t gt_cuda_shared_limit(const gt_context *context); /* most dynamic shared memory of a block, in bytes */

/* NULL where there is no cuBLASLt. */
typedef struct gt_cublaslt gt_cublaslt;
gt_cublaslt *gt_cuda_blas(const gt_context *context);
/* The CUstream that kernels are queued on. */
void *gt_cuda_stream(const gt_context *context);

#endif
