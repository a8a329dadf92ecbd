/* Devices, contexts, errors. */
#include "fake_driver.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

bool initialized;
std::map<int, std::unique_ptr<CUctx_st>> contexts;

static std::mutex &the_lock() {
  static std::mutex lock;
  return lock;
}
static thread_local std::vector<CUcontext> current;

fake_call::fake_call(const char *its_name)
    : lock(the_lock()), name(its_name), context(current.empty() ? nullptr : current.back()) {}

CUresult fake_call::enter() const {
  return !initialized               ? CUDA_ERROR_NOT_INITIALIZED
         : context == nullptr       ? refuse(CUDA_ERROR_INVALID_CONTEXT, "no context is current")
         : context->references == 0 ? refuse(CUDA_ERROR_CONTEXT_IS_DESTROYED, "the current context was released")
                                    : context->error;
}

CUresult fake_call::refuse(CUresult result, const char *format, ...) const {
  char text[512];
  va_list list;
  va_start(list, format);
  vsnprintf(text, sizeof text, format, list);
  va_end(list);
  note_report("%s: %s", name, text);
  return result;
}

CUresult fake_call::unsafe_in_capture() const {
  for (auto &entry : contexts) {
    for (auto &owned : entry.second->streams) {
      fake_capture *capture = owned.second->capture.get();
      if (capture != nullptr && capture->mode != CU_STREAM_CAPTURE_MODE_RELAXED &&
          (capture->mode == CU_STREAM_CAPTURE_MODE_GLOBAL || pthread_equal(capture->thread, pthread_self()))) {
        capture->invalid = true;
        return refuse(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, "not allowed while a stream is captured");
      }
    }
  }
  return CUDA_SUCCESS;
}

void lose(CUcontext context, const char *format, ...) {
  char text[768];
  va_list list;
  va_start(list, format);
  vsnprintf(text, sizeof text, format, list);
  va_end(list);
  note_report("%s", text);
  context->error = (CUresult)config.lost_error;
  for (auto &stream : context->destroyed_streams) {
    stream->forget();
  }
  for (auto &entry : context->streams) {
    entry.second->forget();
  }
}

/* ---- errors --------------------------------------------------------------------------------------------------- */

static const struct {
  CUresult error;
  const char *name, *text;
} errors[] = {
    {CUDA_SUCCESS, "CUDA_SUCCESS", "no error"},
    {CUDA_ERROR_INVALID_VALUE, "CUDA_ERROR_INVALID_VALUE", "invalid argument"},
    {CUDA_ERROR_OUT_OF_MEMORY, "CUDA_ERROR_OUT_OF_MEMORY", "out of memory"},
    {CUDA_ERROR_NOT_INITIALIZED, "CUDA_ERROR_NOT_INITIALIZED", "initialization error"},
    {CUDA_ERROR_DEINITIALIZED, "CUDA_ERROR_DEINITIALIZED", "driver shutting down"},
    {CUDA_ERROR_STUB_LIBRARY, "CUDA_ERROR_STUB_LIBRARY", "CUDA driver is a stub library"},
    {CUDA_ERROR_DEVICE_UNAVAILABLE, "CUDA_ERROR_DEVICE_UNAVAILABLE",
     "CUDA-capable device(s) is/are busy or unavailable"},
    {CUDA_ERROR_NO_DEVICE, "CUDA_ERROR_NO_DEVICE", "no CUDA-capable device is detected"},
    {CUDA_ERROR_INVALID_DEVICE, "CUDA_ERROR_INVALID_DEVICE", "invalid device ordinal"},
    {CUDA_ERROR_INVALID_IMAGE, "CUDA_ERROR_INVALID_IMAGE", "device kernel image is invalid"},
    {CUDA_ERROR_INVALID_CONTEXT, "CUDA_ERROR_INVALID_CONTEXT", "invalid device context"},
    {CUDA_ERROR_NO_BINARY_FOR_GPU, "CUDA_ERROR_NO_BINARY_FOR_GPU",
     "no kernel image is available for execution on the device"},
    {CUDA_ERROR_ECC_UNCORRECTABLE, "CUDA_ERROR_ECC_UNCORRECTABLE", "uncorrectable ECC error encountered"},
    {CUDA_ERROR_NVLINK_UNCORRECTABLE, "CUDA_ERROR_NVLINK_UNCORRECTABLE", "uncorrectable NVLink error detected"},
    {CUDA_ERROR_UNSUPPORTED_PTX_VERSION, "CUDA_ERROR_UNSUPPORTED_PTX_VERSION",
     "the provided PTX was compiled with an unsupported toolchain."},
    {CUDA_ERROR_CONTAINED, "CUDA_ERROR_CONTAINED", "Invalid access or hardware error was contained"},
    {CUDA_ERROR_INVALID_HANDLE, "CUDA_ERROR_INVALID_HANDLE", "invalid resource handle"},
    {CUDA_ERROR_ILLEGAL_STATE, "CUDA_ERROR_ILLEGAL_STATE", "the operation cannot be performed in the present state"},
    {CUDA_ERROR_NOT_FOUND, "CUDA_ERROR_NOT_FOUND", "named symbol not found"},
    {CUDA_ERROR_NOT_READY, "CUDA_ERROR_NOT_READY", "device not ready"},
    {CUDA_ERROR_ILLEGAL_ADDRESS, "CUDA_ERROR_ILLEGAL_ADDRESS", "an illegal memory access was encountered"},
    {CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES, "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES",
     "too many resources requested for launch"},
    {CUDA_ERROR_LAUNCH_TIMEOUT, "CUDA_ERROR_LAUNCH_TIMEOUT", "the launch timed out and was terminated"},
    {CUDA_ERROR_LAUNCH_FAILED, "CUDA_ERROR_LAUNCH_FAILED", "unspecified launch failure"},
    {CUDA_ERROR_SYSTEM_DRIVER_MISMATCH, "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH",
     "system has unsupported display driver / cuda driver combination"},
    {CUDA_ERROR_MPS_CLIENT_TERMINATED, "CUDA_ERROR_MPS_CLIENT_TERMINATED",
     "MPS client has been terminated by the server"},
    {CUDA_ERROR_UNKNOWN, "CUDA_ERROR_UNKNOWN", "unknown error"},
    {CUDA_ERROR_CONTEXT_IS_DESTROYED, "CUDA_ERROR_CONTEXT_IS_DESTROYED", "context is destroyed"},
    {CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED",
     "operation not permitted when stream is capturing"},
    {CUDA_ERROR_STREAM_CAPTURE_INVALIDATED, "CUDA_ERROR_STREAM_CAPTURE_INVALIDATED",
     "operation failed due to a previous error during capture"},
    {CUDA_ERROR_STREAM_CAPTURE_ISOLATION, "CUDA_ERROR_STREAM_CAPTURE_ISOLATION",
     "dependency created on uncaptured work in another stream"},
    {CUDA_ERROR_CAPTURED_EVENT, "CUDA_ERROR_CAPTURED_EVENT",
     "operation not permitted on an event last recorded in a capturing stream"},
    {CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD, "CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD",
     "attempt to terminate a thread-local capture sequence from another thread"},
    {CUDA_ERROR_GRAPH_EXEC_UPDATE_FAILURE, "CUDA_ERROR_GRAPH_EXEC_UPDATE_FAILURE",
     "the graph update was not performed because it included changes which violated constraints specific to "
     "instantiated graph update"},
};

CUresult cuGetErrorName(CUresult error, const char **text) {
  for (const auto &e : errors) {
    if (e.error == error) {
      *text = e.name;
      return CUDA_SUCCESS;
    }
  }
  *text = nullptr;
  return CUDA_ERROR_INVALID_VALUE;
}

CUresult cuGetErrorString(CUresult error, const char **text) {
  for (const auto &e : errors) {
    if (e.error == error) {
      *text = e.text;
      return CUDA_SUCCESS;
    }
  }
  *text = nullptr;
  return CUDA_ERROR_INVALID_VALUE;
}

/* ---- devices -------------------------------------------------------------------------------------------------- */

CUresult cuInit(unsigned flags) {
  fake_call call(__func__);
  read_config();
  if (flags != 0) {
    return CUDA_ERROR_INVALID_VALUE;
  }
  sleep((unsigned)config.init_seconds);
  if (config.init_error != 0) {
    return (CUresult)config.init_error;
  }
  if (config.devices == 0) {
    return CUDA_ERROR_NO_DEVICE;
  }
  gt_shim::describe_addresses_by(describe_memory);
  initialized = true;
  return CUDA_SUCCESS;
}

/* Of calls that need no context. */
static CUresult check_device(CUdevice device) {
  return !initialized                             ? CUDA_ERROR_NOT_INITIALIZED
         : device < 0 || device >= config.devices ? CUDA_ERROR_INVALID_DEVICE
                                                  : CUDA_SUCCESS;
}

CUresult cuDriverGetVersion(int *version) {
  fake_call call(__func__);
  read_config();
  *version = (int)config.driver;
  return CUDA_SUCCESS;
}

CUresult cuDeviceGetCount(int *count) {
  fake_call call(__func__);
  *count = (int)config.devices;
  return initialized ? CUDA_SUCCESS : CUDA_ERROR_NOT_INITIALIZED;
}

CUresult cuDeviceGet(CUdevice *device, int ordinal) {
  fake_call call(__func__);
  *device = ordinal;
  return check_device(ordinal);
}

CUresult cuDeviceGetName(char *name, int length, CUdevice device) {
  fake_call call(__func__);
  snprintf(name, (size_t)length, "Fake GPU %d", device);
  return check_device(device);
}

CUresult cuDeviceTotalMem_v2(size_t *bytes, CUdevice device) {
  fake_call call(__func__);
  *bytes = (size_t)config.memory;
  return check_device(device);
}

size_t most_shared() {
  switch (config.capability) {
    case 80:
    case 87:
      return 163 << 10;
    case 86:
    case 89:
    case 120:
      return 99 << 10;
    default:
      return 227 << 10;
  }
}

CUresult cuDeviceGetAttribute(int *value, CUdevice_attribute attribute, CUdevice device) {
  fake_call call(__func__);
  CUresult status = check_device(device);
  if (status != CUDA_SUCCESS) {
    return status;
  }
  switch (attribute) {
    case CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK:
    case CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_X:
      *value = 1024;
      return CUDA_SUCCESS;
    case CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_X:
      *value = 0x7fffffff;
      return CUDA_SUCCESS;
    case CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Y:
    case CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Z:
      *value = 65535;
      return CUDA_SUCCESS;
    case CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK:
      *value = 48 << 10;
      return CUDA_SUCCESS;
    case CU_DEVICE_ATTRIBUTE_WARP_SIZE:
      *value = 32;
      return CUDA_SUCCESS;
    case CU_DEVICE_ATTRIBUTE_CLOCK_RATE:
      *value = 1000000;
      return CUDA_SUCCESS;
    case CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT:
      *value = (int)config.processors;
      return CUDA_SUCCESS;
    case CU_DEVICE_ATTRIBUTE_INTEGRATED:
    case CU_DEVICE_ATTRIBUTE_COMPUTE_MODE:
      *value = 0;
      return CUDA_SUCCESS;
    case CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE:
      *value = 32 << 20;
      return CUDA_SUCCESS;
    case CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_MULTIPROCESSOR:
      *value = 2048;
      return CUDA_SUCCESS;
    case CU_DEVICE_ATTRIBUTE_UNIFIED_ADDRESSING:
      *value = 1;
      return CUDA_SUCCESS;
    case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR:
      *value = (int)config.capability / 10;
      return CUDA_SUCCESS;
    case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR:
      *value = (int)config.capability % 10;
      return CUDA_SUCCESS;
    case CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_MULTIPROCESSOR:
      *value = (int)most_shared() + 1024;
      return CUDA_SUCCESS;
    case CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN:
      *value = (int)most_shared();
      return CUDA_SUCCESS;
    default:
      note_report("cuDeviceGetAttribute: attribute %d isn't known here", (int)attribute);
      return CUDA_ERROR_INVALID_VALUE;
  }
}

/* ---- contexts ------------------------------------------------------------------------------------------------- */

CUresult cuDevicePrimaryCtxRetain(CUcontext *context, CUdevice device) {
  fake_call call(__func__);
  CUresult status = check_device(device);
  if (status != CUDA_SUCCESS) {
    return status;
  }
  std::unique_ptr<CUctx_st> &primary = contexts[device];
  if (primary == nullptr) {
    primary.reset(new CUctx_st);
    primary->device = device;
  }
  primary->references++;
  *context = primary.get();
  return primary->error;
}

/* The last release destroys what is in it; the object stays, so that its use is seen. */
CUresult cuDevicePrimaryCtxRelease_v2(CUdevice device) {
  fake_call call(__func__);
  CUresult status = check_device(device);
  if (status != CUDA_SUCCESS) {
    return status;
  }
  CUctx_st *context = contexts[device].get();
  if (context == nullptr || context->references == 0) {
    return call.refuse(CUDA_ERROR_INVALID_CONTEXT, "device %d has no context", device);
  }
  if (--context->references > 0) {
    return CUDA_SUCCESS;
  }
  drain_all(context);
  free_all_memory(context);
  context->streams.clear();
  context->destroyed_streams.clear();
  context->events.clear();
  context->functions.clear();
  context->modules.clear();
  context->graphs.clear();
  context->executables.clear();
  context->error = CUDA_SUCCESS;
  return CUDA_SUCCESS;
}

CUresult cuCtxPushCurrent_v2(CUcontext context) {
  fake_call call(__func__);
  if (!initialized) {
    return CUDA_ERROR_NOT_INITIALIZED;
  }
  for (const auto &entry : contexts) {
    if (entry.second.get() == context && context->references > 0) {
      current.push_back(context);
      return CUDA_SUCCESS;
    }
  }
  return call.refuse(CUDA_ERROR_INVALID_CONTEXT, "no such context");
}

CUresult cuCtxPopCurrent_v2(CUcontext *context) {
  if (current.empty()) {
    note_report("cuCtxPopCurrent: no context is current");
    return CUDA_ERROR_INVALID_CONTEXT;
  }
  if (context != nullptr) {
    *context = current.back();
  }
  current.pop_back();
  return CUDA_SUCCESS;
}
