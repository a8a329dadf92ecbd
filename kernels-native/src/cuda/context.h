/* What a gt_context of the CUDA library holds. */
#ifndef GT_CUDA_CONTEXT_H
#define GT_CUDA_CONTEXT_H

#include <pthread.h>
#include <stdatomic.h>

#include "cuda/cublaslt.h"
#include "cuda/cuda_call.h"
#include "cuda/driver.h"
#include "cuda/images.h"

enum { GT_CUDA_MOST_IMAGES = 32, GT_CUDA_OLDEST_CAPABILITY = 80 };

/* A device in use: shared by a context and its forks. */
typedef struct gt_cuda_device {
  gt_cuda_driver driver;
  CUdevice device;
  int32_t index;
  CUcontext context; /* the device's primary context */
  CUmodule modules[GT_CUDA_MOST_IMAGES];
  CUfunction functions[GT_CUDA_KERNEL_COUNT];
  atomic_size_t shared_bytes[GT_CUDA_KERNEL_COUNT]; /* what a kernel has been allowed beyond the default */
  gt_cublaslt *blas;                                /* or NULL */
  int32_t processors;
  size_t shared_limit;
  atomic_int_least64_t bytes;
  atomic_bool lost;
  atomic_int references; /* the context and its forks */
} gt_cuda_device;

enum { GT_CUDA_HALVES = 2, GT_CUDA_STAGED = 8 };

/* Bytes on their way from the host: written to pinned memory, copied to its twin on the device. Two halves take turns;
 * one is written again once the copies out of it are done. */
typedef struct gt_cuda_ring {
  char *host;
  CUdeviceptr device;
  size_t half_bytes;
  size_t used; /* of the half in use */
  int half;
  int turns; /* changes of half since the call began: a second one would meet what the call itself has staged */
  CUevent copied[GT_CUDA_HALVES];
} gt_cuda_ring;

/* What was staged lately, to be found again: layers of a model stage the same offsets. */
typedef struct gt_cuda_staged {
  size_t at; /* in the ring */
  size_t bytes;
} gt_cuda_staged;

typedef struct gt_cuda_retired {
  char *host;
  CUdeviceptr device;
} gt_cuda_retired;

struct gt_context {
  gt_cuda_device *device;
  bool fork;
  pthread_mutex_t lock; /* from gt_cuda_begin to gt_cuda_end */
  CUstream stream;
  gt_cuda_ring ring;
  gt_cuda_staged staged[GT_CUDA_STAGED];
  int staged_next;
  CUdeviceptr scratch;
  size_t scratch_bytes;
  /* Rings and scratch that grew while the call still used them: freed when it ends. */
  gt_cuda_retired retired[8];
  int retired_count;
  bool capturing;
  CUgraphExec graph; /* of the last stretch, or NULL */
};

/* Opens the device of an index and finds its kernels; the last release closes it. */
gt_status gt_cuda_device_open(int32_t index, gt_cuda_device **opened, char *message, size_t message_size);
void gt_cuda_device_release(gt_cuda_device *device);

/* The call fails unless `result` is success; `doing` completes "embed: ... failed: CUDA_ERROR...". */
bool gt_cuda_check(gt_cuda_call *call, CUresult result, const char *doing);

void gt_cuda_ring_create(gt_cuda_call *call, size_t half_bytes);
/* Frees ring, scratch and graph. The stream is idle or the device lost. */
void gt_cuda_free_buffers(gt_context *context);
void gt_cuda_free_retired(gt_cuda_call *call);
/* Forgets what is staged: the ring is empty and its copies are done. */
void gt_cuda_ring_reset(gt_context *context);

/* Submits what a capture has gathered so far and goes on without one: for a call that has to wait after all. */
void gt_cuda_end_capture(gt_cuda_call *call);
/* Forgets what a capture has gathered: the context goes. */
void gt_cuda_drop_capture(gt_context *context);

#endif
