/*
 * The part of the CUDA driver API that Gatun uses, opened at run time: a machine without a driver loads the library and
 * hears why it can't be used. Declared here, so that neither the toolkit nor its runtime library is needed to build or
 * run the host code; names, types and values are those of NVIDIA's cuda.h.
 */
#ifndef GT_CUDA_DRIVER_H
#define GT_CUDA_DRIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/message.h"

typedef int CUresult;
typedef int CUdevice;
typedef unsigned long long CUdeviceptr;
typedef struct CUctx_st *CUcontext;
typedef struct CUmod_st *CUmodule;
typedef struct CUfunc_st *CUfunction;
typedef struct CUstream_st *CUstream;
typedef struct CUevent_st *CUevent;
typedef struct CUgraph_st *CUgraph;
typedef struct CUgraphExec_st *CUgraphExec;

enum {
  CUDA_SUCCESS = 0,
  CUDA_ERROR_OUT_OF_MEMORY = 2,
  CUDA_ERROR_DEINITIALIZED = 4,
  CUDA_ERROR_STUB_LIBRARY = 34,
  CUDA_ERROR_NO_DEVICE = 100,
  CUDA_ERROR_INVALID_IMAGE = 200,
  CUDA_ERROR_NO_BINARY_FOR_GPU = 209,
  CUDA_ERROR_ECC_UNCORRECTABLE = 214,
  CUDA_ERROR_NVLINK_UNCORRECTABLE = 220,
  CUDA_ERROR_UNSUPPORTED_PTX_VERSION = 222,
  CUDA_ERROR_CONTAINED = 226,
  CUDA_ERROR_NOT_FOUND = 500,
  CUDA_ERROR_ILLEGAL_ADDRESS = 700,
  CUDA_ERROR_LAUNCH_TIMEOUT = 702,
  CUDA_ERROR_CONTEXT_IS_DESTROYED = 709,
  CUDA_ERROR_LAUNCH_FAILED = 719,
  CUDA_ERROR_SYSTEM_DRIVER_MISMATCH = 803,
  CUDA_ERROR_MPS_CLIENT_TERMINATED = 810,
  CUDA_ERROR_UNKNOWN = 999,

  CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT = 16,
  CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR = 75,
  CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR = 76,
  CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN = 97,
  CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES = 8,
  CU_STREAM_NON_BLOCKING = 1,
  CU_EVENT_DISABLE_TIMING = 2,
  CU_MEMHOSTALLOC_PORTABLE = 1,
  CU_STREAM_CAPTURE_MODE_RELAXED = 2, /* begun and ended by whatever thread: a virtual thread changes its carrier */
};

typedef struct CUgraphExecUpdateResultInfo {
  int result;
  void *error_node;
  void *error_from_node;
} CUgraphExecUpdateResultInfo;

/* F(field, symbol, parameters) */
#define GT_CUDA_DRIVER_FUNCTIONS(F)                                                                                \
  F(init, cuInit, (unsigned flags))                                                                                \
  F(driver_version, cuDriverGetVersion, (int *version))                                                            \
  F(device_count, cuDeviceGetCount, (int *count))                                                                  \
  F(device_get, cuDeviceGet, (CUdevice * device, int ordinal))                                                     \
  F(device_name, cuDeviceGetName, (char *name, int bytes, CUdevice device))                                        \
  F(device_total_memory, cuDeviceTotalMem_v2, (size_t * bytes, CUdevice device))                                   \
  F(device_attribute, cuDeviceGetAttribute, (int *value, int attribute, CUdevice device))                          \
  F(context_retain, cuDevicePrimaryCtxRetain, (CUcontext * context, CUdevice device))                              \
  F(context_release, cuDevicePrimaryCtxRelease_v2, (CUdevice device))                                              \
  F(context_push, cuCtxPushCurrent_v2, (CUcontext context))                                                        \
  F(context_pop, cuCtxPopCurrent_v2, (CUcontext * context))                                                        \
  F(memory_info, cuMemGetInfo_v2, (size_t * free, size_t * total))                                                 \
  F(memory_allocate, cuMemAlloc_v2, (CUdeviceptr * memory, size_t bytes))                                          \
  F(memory_free, cuMemFree_v2, (CUdeviceptr memory))                                                               \
  F(memory_range, cuMemGetAddressRange_v2, (CUdeviceptr * base, size_t * bytes, CUdeviceptr memory))               \
  F(host_allocate, cuMemHostAlloc, (void **memory, size_t bytes, unsigned flags))                                  \
  F(host_free, cuMemFreeHost, (void *memory))                                                                      \
  F(copy_in, cuMemcpyHtoDAsync_v2, (CUdeviceptr to, const void *from, size_t bytes, CUstream stream))              \
  F(copy_out, cuMemcpyDtoHAsync_v2, (void *to, CUdeviceptr from, size_t bytes, CUstream stream))                   \
  F(module_load, cuModuleLoadData, (CUmodule * module, const void *image))                                         \
  F(module_unload, cuModuleUnload, (CUmodule module))                                                              \
  F(module_function, cuModuleGetFunction, (CUfunction * function, CUmodule module, const char *name))              \
  F(function_set, cuFuncSetAttribute, (CUfunction function, int attribute, int value))                             \
  F(launch, cuLaunchKernel,                                                                                        \
    (CUfunction function, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x, unsigned block_y,   \
     unsigned block_z, unsigned shared_bytes, CUstream stream, void **params, void **extra))                       \
  F(stream_create, cuStreamCreate, (CUstream * stream, unsigned flags))                                            \
  F(stream_destroy, cuStreamDestroy_v2, (CUstream stream))                                                         \
  F(stream_synchronize, cuStreamSynchronize, (CUstream stream))                                                    \
  F(event_create, cuEventCreate, (CUevent * event, unsigned flags))                                                \
  F(event_destroy, cuEventDestroy_v2, (CUevent event))                                                             \
  F(event_record, cuEventRecord, (CUevent event, CUstream stream))                                                 \
  F(event_synchronize, cuEventSynchronize, (CUevent event))                                                        \
  F(capture_begin, cuStreamBeginCapture_v2, (CUstream stream, int mode))                                           \
  F(capture_end, cuStreamEndCapture, (CUstream stream, CUgraph * graph))                                           \
  F(graph_instantiate, cuGraphInstantiateWithFlags, (CUgraphExec * exec, CUgraph graph, unsigned long long flags)) \
  F(graph_update, cuGraphExecUpdate_v2, (CUgraphExec exec, CUgraph graph, CUgraphExecUpdateResultInfo * info))     \
  F(graph_launch, cuGraphLaunch, (CUgraphExec exec, CUstream stream))                                              \
  F(graph_destroy, cuGraphDestroy, (CUgraph graph))                                                                \
  F(graph_exec_destroy, cuGraphExecDestroy, (CUgraphExec exec))                                                    \
  F(error_name, cuGetErrorName, (CUresult error, const char **name))                                               \
  F(error_string, cuGetErrorString, (CUresult error, const char **text))

typedef struct gt_cuda_driver {
#define GT_CUDA_FIELD(field, symbol, parameters) CUresult(*field) parameters;
  GT_CUDA_DRIVER_FUNCTIONS(GT_CUDA_FIELD)
#undef GT_CUDA_FIELD
  int version; /* 1000 major + 10 minor of the CUDA it runs */
} gt_cuda_driver;

/* Opens and initialises the driver. It stays loaded. GT_NO_DEVICE when there is none or it finds no device,
 * GT_DRIVER_TOO_OLD when it can't run this library. */
gt_status gt_cuda_driver_open(gt_cuda_driver *driver, const char *op, char *message, size_t message_size);

/* As in "CUDA_ERROR_OUT_OF_MEMORY: out of memory", in `text`. */
const char *gt_cuda_error_text(const gt_cuda_driver *driver, CUresult error, char *text, size_t text_size);

/* Whether nothing will work any more in the driver's context. */
bool gt_cuda_is_fatal(CUresult error);

#endif
