/* The fake driver: that it does what a driver does, and that what is wrong with its callers shows. */
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

#include "check.h"
#include "driver_api.h"
#include "shim_test_kernels.h"

#define CHECK_RETURNS(expected, call)                                                           \
  do {                                                                                          \
    int status_ = (int)(call);                                                                  \
    CHECK(status_ == (int)(expected), "%s returns %d; %s", #call, status_, fake_cuda_report()); \
  } while (0)
#define CHECK_OK(call) CHECK_RETURNS(CUDA_SUCCESS, call)
#define CHECK_REPORT(part) CHECK(strstr(fake_cuda_report(), part) != nullptr, "%s", fake_cuda_report())

static CUcontext context;
static CUmodule module;
static CUstream stream;

static void set_up() {
  CHECK_OK(cuInit(0));
  CHECK_OK(cuDevicePrimaryCtxRetain(&context, 0));
  CHECK_OK(cuCtxPushCurrent_v2(context));
  CHECK_OK(cuModuleLoadData(&module, "image"));
  CHECK_OK(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
}

static void tear_down() {
  CHECK_OK(cuCtxPopCurrent_v2(nullptr));
  CHECK_OK(cuDevicePrimaryCtxRelease_v2(0));
}

static CUfunction find(const char *name) {
  CUfunction function = nullptr;
  CHECK_OK(cuModuleGetFunction(&function, module, name));
  return function;
}

static CUresult launch(const char *name, unsigned grid, unsigned threads, unsigned shared_bytes, test_args args,
                       CUstream on = stream) {
  void *params[] = {&args};
  return cuLaunchKernel(find(name), grid, 1, 1, threads, 1, 1, shared_bytes, on, params, nullptr);
}

/* y[i] += i for 64 numbers. */
static CUresult add_places(CUdeviceptr y, CUstream on = stream) {
  return launch("test_places", 1, 64, 0, {nullptr, nullptr, (float *)y, 0, NOTHING}, on);
}

static CUdeviceptr device_zeros(size_t bytes) {
  CUdeviceptr memory = 0;
  CHECK_OK(cuMemAlloc_v2(&memory, bytes));
  CHECK_OK(cuMemsetD8Async(memory, 0, bytes, stream));
  return memory;
}

static float *pinned(size_t bytes) {
  void *memory = nullptr;
  CHECK_OK(cuMemHostAlloc(&memory, bytes, 0));
  return (float *)memory;
}

/* Number 10 of y, by a copy that waits. */
static float tenth(CUdeviceptr y) {
  float value = NAN;
  CHECK_OK(cuMemcpyDtoHAsync_v2(&value, y + 40, 4, stream));
  return value;
}

static void before_everything() {
  CUdeviceptr memory;
  int count, value;
  CHECK_RETURNS(CUDA_ERROR_NOT_INITIALIZED, cuMemAlloc_v2(&memory, 4));
  CHECK_RETURNS(CUDA_ERROR_NOT_INITIALIZED, cuDeviceGetCount(&count));
  CHECK_OK(cuInit(0));
  CHECK_OK(cuDeviceGetCount(&count));
  CHECK(count == 1, "%d", count);
  CHECK_RETURNS(CUDA_ERROR_INVALID_CONTEXT, cuMemAlloc_v2(&memory, 4));
  CHECK_RETURNS(CUDA_ERROR_INVALID_DEVICE, cuDevicePrimaryCtxRetain(&context, 1));
  CHECK_RETURNS(CUDA_ERROR_INVALID_CONTEXT, cuCtxPopCurrent_v2(&context));
  CHECK_OK(cuDeviceGetAttribute(&value, CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN, 0));
  CHECK(value == 227 << 10, "%d", value);
}

static void memory() {
  set_up();
  size_t bytes, total;
  CHECK_OK(cuMemGetInfo_v2(&bytes, &total));
  CUdeviceptr y = device_zeros(256), other;
  CHECK_RETURNS(CUDA_ERROR_OUT_OF_MEMORY, cuMemAlloc_v2(&other, bytes));
  float host[64];
  CHECK_RETURNS(CUDA_ERROR_INVALID_VALUE, cuMemcpyDtoHAsync_v2(host, y + 4, 256, stream));
  CHECK_RETURNS(CUDA_ERROR_INVALID_VALUE, cuMemcpyHtoDAsync_v2((CUdeviceptr)host, host, 4, stream));
  CHECK_RETURNS(CUDA_ERROR_INVALID_VALUE, cuMemcpyDtoDAsync_v2(y, (CUdeviceptr)host, 4, stream));
  CHECK_OK(add_places(y));
  CHECK_OK(cuMemcpyDtoHAsync_v2(host, y, 256, stream));
  for (int i = 0; i < 64; i++) {
    CHECK(host[i] == (float)i, "%d: %g", i, host[i]);
  }
  CHECK_OK(cuMemGetAddressRange_v2(&other, &bytes, y + 255));
  CHECK(other == y && bytes == 256, "%zu bytes", bytes);
  CHECK_RETURNS(CUDA_ERROR_NOT_FOUND, cuMemGetAddressRange_v2(&other, &bytes, (CUdeviceptr)host));
  /* Fresh memory isn't zeros. */
  CHECK_OK(cuMemAlloc_v2(&other, 256));
  CHECK(isnan(tenth(other)), "%g", tenth(other));
  /* The host can't touch it. */
  pid_t child = fork();
  if (child == 0) {
    signal(SIGSEGV, SIG_DFL);
    _exit(*(volatile float *)y == 0);
  }
  int status;
  CHECK(waitpid(child, &status, 0) == child && !(WIFEXITED(status) && WEXITSTATUS(status) < 2), "status %d", status);
  CHECK_OK(cuMemFree_v2(other));
  CHECK_RETURNS(CUDA_ERROR_INVALID_VALUE, cuMemFree_v2(other));
  CHECK(fake_cuda_get("memory_used") == 256, "%ld", fake_cuda_get("memory_used"));
  tear_down();
}

/* Nothing happens before it is waited for. */
static void laziness() {
  set_up();
  CUdeviceptr y = device_zeros(256);
  float *staging = pinned(256);
  std::fill(staging, staging + 64, 1.0f);
  CHECK_OK(cuMemcpyHtoDAsync_v2(y, staging, 256, stream));
  std::fill(staging, staging + 64, 2.0f); /* too early */
  CHECK(tenth(y) == 2, "staging memory used again too early isn't seen");

  CHECK_OK(cuMemcpyDtoHAsync_v2(staging, y, 256, stream));
  staging[10] = 7;
  CHECK_OK(add_places(y));
  CHECK(staging[10] == 7, "a missing wait isn't seen: %g", staging[10]);
  CHECK_OK(cuStreamSynchronize(stream));
  CHECK(staging[10] == 2, "%g", staging[10]);
  CHECK(tenth(y) == 12, "%g", tenth(y));

  CHECK_OK(cuMemcpyHtoDAsync_v2(y, staging, 256, stream));
  CHECK_OK(cuMemFreeHost(staging));
  CHECK_RETURNS(CUDA_ERROR_ILLEGAL_ADDRESS, cuStreamSynchronize(stream));
  CHECK_REPORT("freed memory of 256 bytes");
  tear_down();
}

static void streams() {
  set_up();
  CUstream second;
  CUevent event, begin;
  CHECK_OK(cuStreamCreate(&second, CU_STREAM_NON_BLOCKING));
  CHECK_OK(cuEventCreate(&event, 0));
  CHECK_OK(cuEventCreate(&begin, 0));
  CUdeviceptr y = device_zeros(256);
  CHECK_OK(cuStreamSynchronize(stream));
  CHECK_OK(cuEventRecord(begin, stream));
  CHECK_OK(add_places(y));
  CHECK_OK(cuMemcpyDtoDAsync_v2(y, y + 128, 128, second));
  CHECK_OK(cuStreamSynchronize(second));
  CHECK(tenth(y) == 10, "work of another stream was waited for without an event: %g", tenth(y));

  CHECK_OK(add_places(y));
  CHECK_OK(cuEventRecord(event, stream));
  float time = -1;
  CHECK_RETURNS(CUDA_ERROR_NOT_READY, cuEventElapsedTime(&time, begin, event));
  CHECK_OK(cuStreamWaitEvent(second, event, 0));
  CHECK_OK(cuEventRecord(event, second)); /* the wait is for what it was before */
  CHECK_OK(cuMemcpyDtoDAsync_v2(y, y + 128, 128, second));
  CHECK_OK(cuStreamSynchronize(second));
  CHECK_OK(cuEventSynchronize(event));
  CHECK_OK(cuEventElapsedTime_v2(&time, begin, event));
  CHECK(time >= 0, "%g", time);
  CHECK(tenth(y) == 42 * 2, "%g", tenth(y));
  CHECK_OK(cuStreamDestroy_v2(second));
  CHECK_RETURNS(CUDA_ERROR_INVALID_HANDLE, cuStreamSynchronize(second));
  CHECK_OK(cuEventDestroy_v2(event));
  CHECK_RETURNS(CUDA_ERROR_INVALID_HANDLE, cuEventSynchronize(event));
  tear_down();
}

static void launches() {
  set_up();
  CUdeviceptr y = device_zeros(256);
  test_args args = {nullptr, nullptr, (float *)y, 0, NOTHING};
  CHECK_RETURNS(CUDA_ERROR_INVALID_VALUE, launch("test_places", 0, 64, 0, args));
  CHECK_RETURNS(CUDA_ERROR_INVALID_VALUE, launch("test_places", 1, 32, 0, args));
  CHECK_RETURNS(CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES, launch("test_places", 1, 128, 0, args));
  CHECK_RETURNS(CUDA_ERROR_INVALID_VALUE, launch("test_places", 1, 64, 50000, args));
  CUfunction places = find("test_places");
  const CUfunction_attribute most = CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES;
  CHECK_RETURNS(CUDA_ERROR_INVALID_VALUE, cuFuncSetAttribute(places, most, (227 << 10) + 1));
  CHECK_OK(cuFuncSetAttribute(places, most, 227 << 10));
  CHECK_OK(launch("test_places", 1, 64, 227 << 10, args));
  CHECK_RETURNS(CUDA_ERROR_NOT_FOUND, cuModuleGetFunction(&places, module, "no_such_kernel"));
  CHECK_RETURNS(CUDA_ERROR_INVALID_HANDLE, launch("test_places", 1, 64, 0, args, nullptr));

  size_t bytes = sizeof args;
  void *extra[] = {CU_LAUNCH_PARAM_BUFFER_POINTER, &args, CU_LAUNCH_PARAM_BUFFER_SIZE, &bytes, CU_LAUNCH_PARAM_END};
  CHECK_OK(cuLaunchKernel(places, 1, 1, 1, 64, 1, 1, 0, stream, nullptr, extra));
  bytes--;
  CHECK_RETURNS(CUDA_ERROR_INVALID_VALUE, cuLaunchKernel(places, 1, 1, 1, 64, 1, 1, 0, stream, nullptr, extra));
  CHECK(tenth(y) == 20, "%g", tenth(y));
  CHECK_OK(cuModuleUnload(module));
  CHECK_RETURNS(CUDA_ERROR_INVALID_HANDLE, cuLaunchKernel(places, 1, 1, 1, 64, 1, 1, 0, stream, nullptr, extra));
  tear_down();
}

static CUgraph capture(CUdeviceptr y, int kernels, float *staging) {
  CUgraph graph = nullptr;
  CHECK_OK(cuStreamBeginCapture_v2(stream, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL));
  CHECK_OK(cuMemcpyHtoDAsync_v2(y, staging, 256, stream));
  for (int i = 0; i < kernels; i++) {
    CHECK_OK(add_places(y));
  }
  CHECK_OK(cuStreamEndCapture(stream, &graph));
  return graph;
}

static void graphs() {
  set_up();
  CUdeviceptr y = device_zeros(256), z = device_zeros(256);
  float *staging = pinned(256);
  std::fill(staging, staging + 64, 1.0f);
  CUgraph graph = capture(y, 2, staging), same = capture(z, 2, staging), longer = capture(y, 3, staging);
  CUgraphExec executable;
  CUgraphExecUpdateResultInfo info;
  CHECK_OK(cuGraphInstantiateWithFlags(&executable, graph, 0));
  CHECK_OK(cuGraphDestroy(graph));
  CHECK(tenth(y) == 0, "captured work was done: %g", tenth(y));
  CHECK_OK(cuGraphLaunch(executable, stream));
  CHECK(tenth(y) == 21, "%g", tenth(y));
  CHECK_OK(cuGraphExecUpdate_v2(executable, same, &info));
  staging[10] = 5;
  CHECK_OK(cuGraphLaunch(executable, stream));
  CHECK(tenth(y) == 21 && tenth(z) == 25, "%g, %g", tenth(y), tenth(z));
  CHECK_RETURNS(CUDA_ERROR_GRAPH_EXEC_UPDATE_FAILURE, cuGraphExecUpdate_v2(executable, longer, &info));
  CHECK(info.result == CU_GRAPH_EXEC_UPDATE_ERROR_TOPOLOGY_CHANGED, "%d", (int)info.result);
  CHECK_OK(cuGraphExecDestroy(executable));
  CHECK_RETURNS(CUDA_ERROR_INVALID_VALUE, cuGraphLaunch(executable, stream));

  float here[64];
  CUdeviceptr more;
  CHECK_OK(cuStreamBeginCapture_v2(stream, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL));
  CHECK_RETURNS(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, cuMemcpyHtoDAsync_v2(y, here, 256, stream));
  CHECK_RETURNS(CUDA_ERROR_STREAM_CAPTURE_INVALIDATED, cuStreamEndCapture(stream, &graph));
  CHECK_OK(cuStreamBeginCapture_v2(stream, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL));
  CHECK_RETURNS(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, cuMemAlloc_v2(&more, 256));
  CHECK_RETURNS(CUDA_ERROR_STREAM_CAPTURE_INVALIDATED, cuStreamEndCapture(stream, &graph));
  CHECK_OK(cuStreamBeginCapture_v2(stream, CU_STREAM_CAPTURE_MODE_RELAXED));
  CHECK_OK(cuMemAlloc_v2(&more, 256));
  CHECK_RETURNS(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, cuStreamSynchronize(stream));
  CHECK_RETURNS(CUDA_ERROR_STREAM_CAPTURE_INVALIDATED, cuStreamEndCapture(stream, &graph));
  CHECK_OK(cuStreamSynchronize(stream));
  tear_down();
}

/* What a kernel does wrong is told at the next wait and by all calls after it. */
static void losses() {
  set_up();
  CUdeviceptr x = device_zeros(256), y = device_zeros(256);
  test_args args = {(void *)x, nullptr, (float *)y, 64, PAST_GLOBAL};
  CHECK_OK(launch("test_wrong", 1, 64, 1024, args));
  CHECK_RETURNS(CUDA_ERROR_ILLEGAL_ADDRESS, cuStreamSynchronize(stream));
  CHECK_REPORT("kernel test_wrong, block (0, 0, 0), thread 0: no memory at");
  CHECK_REPORT("0 bytes past the end of an allocation of 256 bytes");
  CHECK_RETURNS(CUDA_ERROR_ILLEGAL_ADDRESS, cuMemFree_v2(x));
  CHECK_RETURNS(CUDA_ERROR_ILLEGAL_ADDRESS, cuStreamSynchronize(stream));
  tear_down();

  set_up();
  x = device_zeros(256);
  CHECK_OK(cuMemAlloc_v2(&y, 64 * 5 * 4 - 4)); /* the last number is outside, but not in the guard page */
  CHECK_OK(launch("test_shuffles", 1, 64, 0, {(void *)x, nullptr, (float *)y, 0, NOTHING}));
  CHECK_RETURNS(CUDA_ERROR_ILLEGAL_ADDRESS, cuStreamSynchronize(stream));
  CHECK_REPORT("past the end of an allocation of 1276 bytes");
  tear_down();

  set_up();
  x = device_zeros(256);
  CHECK_OK(cuMemFree_v2(x));
  CHECK_OK(add_places(x));
  CHECK_RETURNS(CUDA_ERROR_ILLEGAL_ADDRESS, cuStreamSynchronize(stream));
  CHECK_REPORT("byte 0 of freed memory of 256 bytes");
  tear_down();

  set_up();
  y = device_zeros(256);
  fake_cuda_set("lose_after", 2);
  CHECK_OK(add_places(y));
  CHECK_OK(add_places(y));
  CHECK_OK(cuStreamSynchronize(stream));
  CHECK_OK(add_places(y));
  CHECK_RETURNS(CUDA_ERROR_ILLEGAL_ADDRESS, cuStreamSynchronize(stream));
  CHECK_RETURNS(CUDA_ERROR_ILLEGAL_ADDRESS, cuMemAlloc_v2(&x, 4));
  fake_cuda_set("lose_after", -1);
  CHECK_OK(add_places(y));
  CHECK(tenth(y) == 30, "%g", tenth(y));
  tear_down();
}

static void pretences() {
  setenv("FAKE_CUDA", "devices=2,capability=86,memory=1m,driver=11040,order=reverse,lacks=test_reduce", 1);
  CHECK_OK(cuInit(0));
  int value;
  size_t bytes;
  CHECK_OK(cuDeviceGetCount(&value));
  CHECK(value == 2, "%d", value);
  CHECK_OK(cuDriverGetVersion(&value));
  CHECK(value == 11040, "%d", value);
  CHECK_OK(cuDeviceGetAttribute(&value, CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN, 1));
  CHECK(value == 99 << 10, "%d", value);
  CHECK_OK(cuDeviceTotalMem_v2(&bytes, 1));
  CHECK(bytes == 1 << 20, "%zu", bytes);
  CHECK_OK(cuDevicePrimaryCtxRetain(&context, 1));
  CHECK_OK(cuCtxPushCurrent_v2(context));
  CHECK_RETURNS(CUDA_ERROR_UNSUPPORTED_PTX_VERSION, cuModuleLoadData(&module, "image"));
  CHECK(fake_cuda_set("driver", 13000) == 1 && fake_cuda_set("nonsense", 1) == 0, "set");
  CHECK_OK(cuModuleLoadData(&module, "image"));
  CUfunction function;
  CHECK_RETURNS(CUDA_ERROR_NOT_FOUND, cuModuleGetFunction(&function, module, "test_reduce"));
  CHECK_OK(cuCtxPopCurrent_v2(&context));
  CHECK_OK(cuDevicePrimaryCtxRelease_v2(1));
  CHECK_RETURNS(CUDA_ERROR_INVALID_CONTEXT, cuCtxPushCurrent_v2(context));
  setenv("FAKE_CUDA", "init_error=100", 1);
  CHECK_RETURNS(CUDA_ERROR_NO_DEVICE, cuInit(0));
  const char *text;
  CHECK_OK(cuGetErrorName(CUDA_ERROR_NO_DEVICE, &text));
  CHECK(strcmp(text, "CUDA_ERROR_NO_DEVICE") == 0, "%s", text);
}

int main() {
  setenv("FAKE_CUDA", "memory=64m", 1);
  before_everything();
  memory();
  laziness();
  streams();
  launches();
  graphs();
  losses();
  pretences();
  return finish();
}
