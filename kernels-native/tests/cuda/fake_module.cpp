/* Modules, their functions, launches. */
#include "fake_driver.h"

CUresult cuModuleLoadData(CUmodule *module, const void *image) {
  ENTER
  if (image == nullptr) {
    return CUDA_ERROR_INVALID_VALUE;
  }
  if (config.driver < 12000) {
    return CUDA_ERROR_UNSUPPORTED_PTX_VERSION;
  }
  if (config.capability < 80) {
    return CUDA_ERROR_NO_BINARY_FOR_GPU;
  }
  std::unique_ptr<CUmod_st> made(new CUmod_st);
  made->context = call.context;
  *module = made.get();
  call.context->modules[*module] = std::move(made);
  return CUDA_SUCCESS;
}

CUresult cuModuleUnload(CUmodule module) {
  ENTER
  auto found = call.context->modules.find(module);
  if (found == call.context->modules.end()) {
    return call.refuse(CUDA_ERROR_INVALID_HANDLE, "no such module");
  }
  for (const auto &entry : found->second->functions) {
    call.context->functions.erase(entry.second.get());
  }
  call.context->modules.erase(found);
  return CUDA_SUCCESS;
}

CUresult cuModuleGetFunction(CUfunction *function, CUmodule module, const char *name) {
  ENTER
  auto found = call.context->modules.find(module);
  if (found == call.context->modules.end()) {
    return call.refuse(CUDA_ERROR_INVALID_HANDLE, "no such module");
  }
  const gt_shim::kernel *kernel = gt_shim::find_kernel(name);
  if (kernel == nullptr || config.lacks == name) {
    return call.refuse(CUDA_ERROR_NOT_FOUND, "no kernel \"%s\"", name);
  }
  std::unique_ptr<CUfunc_st> &made = found->second->functions[name];
  if (made == nullptr) {
    made.reset(new CUfunc_st{module, kernel, 48 << 10});
    call.context->functions[made.get()] = made.get();
  }
  *function = made.get();
  return CUDA_SUCCESS;
}

CUresult cuFuncSetAttribute(CUfunction function, CUfunction_attribute attribute, int value) {
  ENTER
  if (call.context->functions.count(function) == 0) {
    return call.refuse(CUDA_ERROR_INVALID_HANDLE, "no such function");
  }
  if (attribute == CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT && value >= -1 && value <= 100) {
    return CUDA_SUCCESS;
  }
  if (attribute != CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES || value < 0 || (size_t)value > most_shared()) {
    return call.refuse(CUDA_ERROR_INVALID_VALUE, "%s: attribute %d can't be %d", function->kernel->name, (int)attribute,
                       value);
  }
  function->most_shared = (size_t)value;
  return CUDA_SUCCESS;
}

/* The one argument of a kernel, in either way to give it. */
static const void *find_args(const gt_shim::kernel *kernel, void **params, void **extra) {
  if (params != nullptr) {
    return extra == nullptr ? params[0] : nullptr;
  }
  const void *args = nullptr;
  size_t bytes = 0;
  for (; extra != nullptr && *extra != CU_LAUNCH_PARAM_END; extra += 2) {
    if (*extra == CU_LAUNCH_PARAM_BUFFER_POINTER) {
      args = extra[1];
    } else if (*extra == CU_LAUNCH_PARAM_BUFFER_SIZE) {
      bytes = *(const size_t *)extra[1];
    }
  }
  return bytes == kernel->args_bytes ? args : nullptr;
}

CUresult cuLaunchKernel(CUfunction function, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x,
                        unsigned block_y, unsigned block_z, unsigned shared_bytes, CUstream stream, void **params,
                        void **extra) {
  ENTER
  if (call.context->functions.count(function) == 0) {
    return call.refuse(CUDA_ERROR_INVALID_HANDLE, "no such function");
  }
  const gt_shim::kernel *kernel = function->kernel;
  if (grid_x == 0 || grid_y == 0 || grid_z == 0 || grid_x > 0x7fffffff || grid_y > 65535 || grid_z > 65535) {
    return call.refuse(CUDA_ERROR_INVALID_VALUE, "%s: a grid of (%u, %u, %u)", kernel->name, grid_x, grid_y, grid_z);
  }
  if (block_x != kernel->threads || block_y != 1 || block_z != 1) {
    return call.refuse(block_x > kernel->threads ? CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES : CUDA_ERROR_INVALID_VALUE,
                       "%s: blocks of (%u, %u, %u) threads instead of %u", kernel->name, block_x, block_y, block_z,
                       kernel->threads);
  }
  if (shared_bytes > function->most_shared) {
    return call.refuse(CUDA_ERROR_INVALID_VALUE, "%s: %u bytes of shared memory, allowed are %zu", kernel->name,
                       shared_bytes, function->most_shared);
  }
  const unsigned char *args = (const unsigned char *)find_args(kernel, params, extra);
  if (args == nullptr) {
    return call.refuse(CUDA_ERROR_INVALID_VALUE, "%s: no arguments of %zu bytes", kernel->name, kernel->args_bytes);
  }
  operation launch(KERNEL);
  launch.kernel = kernel;
  launch.grid = {grid_x, grid_y, grid_z};
  launch.shared_bytes = shared_bytes;
  launch.args.assign(args, args + kernel->args_bytes);
  return submit(call, stream, std::move(launch));
}
