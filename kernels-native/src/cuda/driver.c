#include "cuda/driver.h"

#include <dlfcn.h>
#include <stdio.h>

#include "cuda/images.h"

/* dlsym gives data pointers; ISO C has no cast from one to a function pointer, POSIX promises it works. */
static bool find(void *library, const char *symbol, void *function) {
  *(void **)function = dlsym(library, symbol);
  return *(void **)function != NULL;
}

static gt_status bind(gt_cuda_driver *driver, void *library, const char *op, char *message, size_t message_size) {
  const char *missing = NULL;
#define GT_CUDA_BIND(field, symbol, parameters)    \
  if (!find(library, #symbol, &driver->field)) {   \
    missing = missing == NULL ? #symbol : missing; \
  }
  GT_CUDA_DRIVER_FUNCTIONS(GT_CUDA_BIND)
#undef GT_CUDA_BIND
  if (missing != NULL) {
    return gt_fail(GT_DRIVER_TOO_OLD, message, message_size,
                   "%s: the NVIDIA driver's libcuda.so.1 lacks %s; this library needs a driver for CUDA %d.0 or later. "
                   "Update the driver, or run on the CPU.",
                   op, missing, gt_cuda_toolkit_version / 1000);
  }
  return GT_OK;
}

const char *gt_cuda_error_text(const gt_cuda_driver *driver, CUresult error, char *text, size_t text_size) {
  const char *name = NULL, *explanation = NULL;
  driver->error_name(error, &name);
  driver->error_string(error, &explanation);
  snprintf(text, text_size, "%s: %s (%d)", name == NULL ? "CUDA error" : name,
           explanation == NULL ? "unknown" : explanation, error);
  return text;
}

bool gt_cuda_is_fatal(CUresult error) {
  switch (error) {
    case CUDA_ERROR_DEINITIALIZED:
    case CUDA_ERROR_ECC_UNCORRECTABLE:
    case CUDA_ERROR_NVLINK_UNCORRECTABLE:
    case CUDA_ERROR_CONTAINED:
    case CUDA_ERROR_ILLEGAL_ADDRESS:
    case CUDA_ERROR_LAUNCH_TIMEOUT:
    case CUDA_ERROR_MPS_CLIENT_TERMINATED:
    case CUDA_ERROR_UNKNOWN:
      return true;
    default:
      return error >= CUDA_ERROR_CONTEXT_IS_DESTROYED && error <= CUDA_ERROR_LAUNCH_FAILED;
  }
}

gt_status gt_cuda_driver_open(gt_cuda_driver *driver, const char *op, char *message, size_t message_size) {
  void *library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
  if (library == NULL) {
    return gt_fail(GT_NO_DEVICE, message, message_size,
                   "%s: no NVIDIA driver: libcuda.so.1 can't be opened (%s). Install the driver, give the container "
                   "access to the GPU, or run on the CPU.",
                   op, dlerror());
  }
  gt_status status = bind(driver, library, op, message, message_size);
  if (status != GT_OK) {
    return status;
  }
  char text[160];
  CUresult result = driver->init(0);
  if (result == CUDA_ERROR_NO_DEVICE) {
    return gt_fail(GT_NO_DEVICE, message, message_size, "%s: the NVIDIA driver finds no GPU. Run on the CPU.", op);
  }
  if (result == CUDA_ERROR_STUB_LIBRARY) {
    return gt_fail(
        GT_NO_DEVICE, message, message_size,
        "%s: the libcuda.so.1 that is found is the CUDA toolkit's stub, not a driver. Take its folder out of "
        "LD_LIBRARY_PATH, or run on the CPU.",
        op);
  }
  if (result != CUDA_SUCCESS) {
    status = result == CUDA_ERROR_SYSTEM_DRIVER_MISMATCH ? GT_DRIVER_TOO_OLD : GT_NO_DEVICE;
    return gt_fail(status, message, message_size, "%s: the NVIDIA driver can't be used: %s.", op,
                   gt_cuda_error_text(driver, result, text, sizeof text));
  }
  result = driver->driver_version(&driver->version);
  if (result != CUDA_SUCCESS) {
    return gt_fail(GT_NO_DEVICE, message, message_size, "%s: the NVIDIA driver doesn't tell its version: %s.", op,
                   gt_cuda_error_text(driver, result, text, sizeof text));
  }
  /* Code of one major version runs on every driver of that version, and on none before. */
  if (driver->version < gt_cuda_toolkit_version / 1000 * 1000) {
    return gt_fail(GT_DRIVER_TOO_OLD, message, message_size,
                   "%s: the NVIDIA driver runs CUDA %d.%d; this library needs one for CUDA %d.0 or later. Update the "
                   "driver, or run on the CPU.",
                   op, driver->version / 1000, driver->version % 1000 / 10, gt_cuda_toolkit_version / 1000);
  }
  return GT_OK;
}
