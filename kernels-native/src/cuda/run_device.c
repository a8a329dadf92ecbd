/* Devices: what there is, and opening one. */
#include <stdio.h>
#include <stdlib.h>

#include "cuda/context.h"

static gt_status count_devices(const gt_cuda_driver *driver, int32_t *count, const char *op, char *message,
                               size_t message_size) {
  char text[160];
  int found = 0;
  CUresult result = driver->device_count(&found);
  if (result != CUDA_SUCCESS || found == 0) {
    return gt_fail(GT_NO_DEVICE, message, message_size, "%s: the NVIDIA driver finds no GPU%s%s. Run on the CPU.", op,
                   result == CUDA_SUCCESS ? "" : ": ",
                   result == CUDA_SUCCESS ? "" : gt_cuda_error_text(driver, result, text, sizeof text));
  }
  *count = found;
  return GT_OK;
}

gt_status gt_run_device_count(int32_t *count, char *message, size_t message_size) {
  gt_cuda_driver driver;
  gt_status status = gt_cuda_driver_open(&driver, "device_count", message, message_size);
  return status == GT_OK ? count_devices(&driver, count, "device_count", message, message_size) : status;
}

/* A device's facts, and whether this library has code for it. */
static gt_status inspect(const gt_cuda_driver *driver, int32_t index, CUdevice *device, gt_device_info *info,
                         int *shared_limit, const char *op, char *message, size_t message_size) {
  int32_t count = 0;
  gt_status status = count_devices(driver, &count, op, message, message_size);
  if (status != GT_OK) {
    return status;
  }
  if (index >= count) {
    return gt_fail(GT_NO_DEVICE, message, message_size, "%s: there is no cuda:%d; the last of %d GPUs is cuda:%d.", op,
                   index, count, count - 1);
  }
  size_t total = 0;
  int processors = 0, major = 0, minor = 0;
  CUresult result = driver->device_get(device, index);
  result = result == CUDA_SUCCESS ? driver->device_name(info->name, sizeof info->name, *device) : result;
  result = result == CUDA_SUCCESS ? driver->device_total_memory(&total, *device) : result;
  const struct {
    int attribute, *value;
  } attributes[] = {{CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT, &processors},
                    {CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, &major},
                    {CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, &minor},
                    {CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN, shared_limit}};
  for (size_t i = 0; i < sizeof attributes / sizeof attributes[0] && result == CUDA_SUCCESS; i++) {
    result = driver->device_attribute(attributes[i].value, attributes[i].attribute, *device);
  }
  if (result != CUDA_SUCCESS) {
    char text[160];
    return gt_fail(GT_NO_DEVICE, message, message_size, "%s: cuda:%d can't be asked what it is: %s.", op, index,
                   gt_cuda_error_text(driver, result, text, sizeof text));
  }
  info->compute_major = major;
  info->compute_minor = minor;
  info->driver_version = driver->version;
  info->processors = processors;
  info->total_bytes = (int64_t)total;
  if (10 * major + minor < GT_CUDA_OLDEST_CAPABILITY) {
    return gt_fail(GT_UNSUPPORTED_DEVICE, message, message_size,
                   "%s: cuda:%d is a %s of compute capability %d.%d; this library has code from %d.%d on. Run on the "
                   "CPU.",
                   op, index, info->name, major, minor, GT_CUDA_OLDEST_CAPABILITY / 10, GT_CUDA_OLDEST_CAPABILITY % 10);
  }
  return GT_OK;
}

/* What a failure to get or use the primary context means. */
static gt_status status_of_opening(CUresult result) {
  switch (result) {
    case CUDA_ERROR_OUT_OF_MEMORY:
      return GT_OUT_OF_MEMORY;
    case CUDA_ERROR_NO_BINARY_FOR_GPU:
      return GT_UNSUPPORTED_DEVICE;
    case CUDA_ERROR_UNSUPPORTED_PTX_VERSION:
    case CUDA_ERROR_INVALID_IMAGE:
      return GT_DRIVER_TOO_OLD;
    default:
      return gt_cuda_is_fatal(result) ? GT_DEVICE_LOST : GT_NO_DEVICE;
  }
}

static gt_status fail_opening(const gt_cuda_driver *driver, int32_t index, CUresult result, const char *op,
                              const char *what, char *message, size_t message_size) {
  char text[160];
  return gt_fail(status_of_opening(result), message, message_size, "%s: cuda:%d can't be used: %s failed: %s.", op,
                 index, what, gt_cuda_error_text(driver, result, text, sizeof text));
}

gt_status gt_run_device_describe(int32_t index, gt_device_info *info, char *message, size_t message_size) {
  gt_cuda_driver driver;
  CUdevice device;
  int shared_limit = 0;
  gt_status status = gt_cuda_driver_open(&driver, "device_describe", message, message_size);
  if (status == GT_OK) {
    status = inspect(&driver, index, &device, info, &shared_limit, "device_describe", message, message_size);
  }
  if (status != GT_OK) {
    return status;
  }
  CUcontext context;
  CUresult result = driver.context_retain(&context, device);
  if (result != CUDA_SUCCESS) {
    return fail_opening(&driver, index, result, "device_describe", "its context", message, message_size);
  }
  size_t free = 0, total = 0;
  result = driver.context_push(context);
  if (result == CUDA_SUCCESS) {
    result = driver.memory_info(&free, &total);
    driver.context_pop(&context);
  }
  driver.context_release(device);
  if (result != CUDA_SUCCESS) {
    return fail_opening(&driver, index, result, "device_describe", "asking for its memory", message, message_size);
  }
  info->free_bytes = (int64_t)free;
  info->usable = 1;
  return GT_OK;
}

static const char *const kernel_names[] = {
#define GT_CUDA_NAME(name, args, threads) #name,
    GT_CUDA_KERNELS(GT_CUDA_NAME)
#undef GT_CUDA_NAME
};

/* Finds every kernel in one of the modules: one that is missing is named now, not when a model needs it. */
static gt_status load_kernels(gt_cuda_device *device, char *message, size_t message_size) {
  int modules = 0;
  for (const gt_cuda_image *image = gt_cuda_images; image->name != NULL; image++) {
    CUresult result = modules == GT_CUDA_MOST_IMAGES
                          ? CUDA_ERROR_INVALID_IMAGE
                          : device->driver.module_load(&device->modules[modules], image->fatbin);
    if (result != CUDA_SUCCESS) {
      char what[96];
      snprintf(what, sizeof what, "loading the kernels of %s", image->name);
      return fail_opening(&device->driver, device->index, result, "context_create", what, message, message_size);
    }
    modules++;
  }
  for (int kernel = 0; kernel < GT_CUDA_KERNEL_COUNT; kernel++) {
    CUresult result = CUDA_ERROR_NOT_FOUND;
    for (int m = 0; m < modules && result == CUDA_ERROR_NOT_FOUND; m++) {
      result = device->driver.module_function(&device->functions[kernel], device->modules[m], kernel_names[kernel]);
    }
    if (result == CUDA_ERROR_NOT_FOUND) {
      return gt_fail(GT_UNSUPPORTED, message, message_size,
                     "context_create: this library has no kernel %s for cuda:%d.", kernel_names[kernel], device->index);
    }
    if (result != CUDA_SUCCESS) {
      return fail_opening(&device->driver, device->index, result, "context_create", "finding its kernels", message,
                          message_size);
    }
  }
  return GT_OK;
}

void gt_cuda_device_release(gt_cuda_device *device) {
  if (atomic_fetch_sub(&device->references, 1) != 1) {
    return;
  }
  CUcontext context;
  if (device->context != NULL && device->driver.context_push(device->context) == CUDA_SUCCESS) {
    gt_cublaslt_close(device->blas);
    for (int m = 0; m < GT_CUDA_MOST_IMAGES && device->modules[m] != NULL; m++) {
      device->driver.module_unload(device->modules[m]);
    }
    device->driver.context_pop(&context);
  }
  if (device->context != NULL) {
    device->driver.context_release(device->device);
  }
  free(device);
}

gt_status gt_cuda_device_open(int32_t index, gt_cuda_device **opened, char *message, size_t message_size) {
  gt_cuda_device *device = calloc(1, sizeof *device);
  if (device == NULL) {
    return gt_fail(GT_OUT_OF_MEMORY, message, message_size, "context_create: no memory for a context.");
  }
  atomic_init(&device->references, 1);
  device->index = index;
  gt_device_info info = {0};
  int shared_limit = 0;
  gt_status status = gt_cuda_driver_open(&device->driver, "context_create", message, message_size);
  if (status == GT_OK) {
    status =
        inspect(&device->driver, index, &device->device, &info, &shared_limit, "context_create", message, message_size);
  }
  if (status == GT_OK) {
    device->processors = info.processors;
    device->shared_limit = (size_t)shared_limit;
    CUresult result = device->driver.context_retain(&device->context, device->device);
    if (result != CUDA_SUCCESS) {
      device->context = NULL;
      status = fail_opening(&device->driver, index, result, "context_create", "its context", message, message_size);
    } else if ((result = device->driver.context_push(device->context)) != CUDA_SUCCESS) {
      status = fail_opening(&device->driver, index, result, "context_create", "its context", message, message_size);
    } else {
      CUcontext popped;
      status = load_kernels(device, message, message_size);
      if (status == GT_OK) {
        device->blas = gt_cublaslt_open();
      }
      device->driver.context_pop(&popped);
    }
  }
  if (status != GT_OK) {
    gt_cuda_device_release(device);
    return status;
  }
  *opened = device;
  return GT_OK;
}
