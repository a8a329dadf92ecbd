/*
 * What the CUDA library says of machines that can't run it and of devices that fail: each in a process of its own, with
 * FAKE_CUDA telling the fake driver what to be. Without that driver only `no_driver` is tried.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"

static char message[512];

/* Runs `body` where the driver is `fake`; a failure there is one here. */
static void with_driver(const char *fake, void (*body)(void)) {
  fflush(stdout);
  fflush(stderr);
  pid_t child = fork();
  if (child == 0) {
    setenv("FAKE_CUDA", fake, 1);
    body();
    _exit(finish());
  }
  int status = 0;
  waitpid(child, &status, 0);
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0, "with FAKE_CUDA=%s the process ended with status %d", fake,
        status);
}

static gt_status open_device(int32_t device, gt_context **context) {
  const gt_context_params params = {.struct_size = sizeof params, .tier = GT_TIER_AUTO, .device = device};
  return gt_context_create(&params, context, message, sizeof message);
}

/* Counting, describing and opening agree on why there is nothing to use. */
static void check_unusable(gt_status expected, const char *part) {
  int32_t count = -1;
  gt_device_info info = {.struct_size = sizeof info};
  gt_context *context = NULL;
  CHECK_FAILS(expected, part, gt_device_count(&count, message, sizeof message));
  CHECK(count == 0, "%d devices", count);
  CHECK_FAILS(expected, part, gt_device_describe(0, &info, message, sizeof message));
  CHECK_FAILS(expected, part, open_device(0, &context));
  CHECK(context == NULL, "a context was made");
}

static void no_driver(void) {
  void *driver = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
  if (driver == NULL) {
    check_unusable(GT_NO_DEVICE, "libcuda.so.1 can't be opened");
  } else {
    dlclose(driver);
    printf("  skipped: there is a driver\n");
  }
}

static void no_device(void) {
  check_unusable(GT_NO_DEVICE, "finds no GPU");
}

static void stub(void) {
  check_unusable(GT_NO_DEVICE, "is the CUDA toolkit's stub");
}

static void old_driver(void) {
  check_unusable(GT_DRIVER_TOO_OLD, "runs CUDA 12.4");
}

/* Known by name and memory, and refused. */
static void old_device(void) {
  gt_device_info info = {.struct_size = sizeof info};
  gt_context *context = NULL;
  CHECK_FAILS(GT_UNSUPPORTED_DEVICE, "compute capability 7.5", gt_device_describe(0, &info, message, sizeof message));
  CHECK(info.usable == 0 && info.compute_major == 7 && info.compute_minor == 5 && info.name[0] != '\0' &&
            info.total_bytes > 0,
        "described as \"%s\" %d.%d, usable %d", info.name, info.compute_major, info.compute_minor, info.usable);
  CHECK_FAILS(GT_UNSUPPORTED_DEVICE, "compute capability 7.5", open_device(0, &context));
}

static void index_beyond(void) {
  gt_context *context = NULL;
  int32_t count = 0;
  CHECK_OK(gt_device_count(&count, message, sizeof message));
  CHECK(count == 2, "%d devices", count);
  CHECK_FAILS(GT_NO_DEVICE, "no cuda:2; the last of 2 GPUs is cuda:1", open_device(2, &context));
  CHECK_OK(open_device(1, &context));
  gt_context_destroy(context);
}

static void out_of_memory(void) {
  gt_context *context = NULL;
  CHECK_OK(open_device(0, &context));
  const int64_t held = gt_context_bytes(context);
  void *some = NULL, *more = NULL;
  CHECK_OK(gt_allocate(context, 8 << 20, &some, message, sizeof message));
  CHECK_FAILS(GT_OUT_OF_MEMORY, "allocate: no memory for 104857600 bytes: cuda:0 has",
              gt_allocate(context, 100 << 20, &more, message, sizeof message));
  CHECK(more == NULL, "memory was given");
  gt_linear *linear = NULL;
  CHECK_FAILS(GT_OUT_OF_MEMORY, "no memory for",
              gt_linear_create(context, 8192, 8192, GT_F32, 0, &linear, message, sizeof message));
  CHECK(linear == NULL, "a layer was made");
  /* And goes on. */
  float x[2] = {-1, 2};
  CHECK_OK(gt_upload(context, some, x, sizeof x, message, sizeof message));
  CHECK_OK(gt_activate(context, some, some, 1, 2, 2, 2, GT_ACT_RELU, message, sizeof message));
  CHECK_OK(gt_download(context, x, some, sizeof x, message, sizeof message));
  CHECK(x[0] == 0 && x[1] == 2, "relu gives %g, %g", (double)x[0], (double)x[1]);
  gt_free(context, some);
  CHECK(gt_context_bytes(context) == held, "%lld bytes are held, %lld before", (long long)gt_context_bytes(context),
        (long long)held);
  gt_context_destroy(context);
}

/* A context that can't even be made leaves nothing behind. */
static void no_memory_for_a_context(void) {
  gt_context *context = NULL;
  CHECK_FAILS(GT_OUT_OF_MEMORY, "context_create: no memory for", open_device(0, &context));
  CHECK(context == NULL, "a context was made");
}

static void lost(void) {
  gt_context *context = NULL, *fork = NULL, *late = NULL;
  CHECK_OK(open_device(0, &context));
  CHECK_OK(gt_context_fork(context, &fork, message, sizeof message));
  void *memory = NULL;
  CHECK_OK(gt_allocate(context, 64, &memory, message, sizeof message));
  float x[4] = {1, 2, 3, 4};
  CHECK_OK(gt_upload(fork, memory, x, sizeof x, message, sizeof message));
  gt_status status = GT_OK;
  for (int i = 0; i < 100 && status == GT_OK; i++) {
    status = gt_activate(fork, memory, memory, 1, 4, 4, 4, GT_ACT_RELU, message, sizeof message);
    status = status == GT_OK ? gt_synchronize(fork, message, sizeof message) : status;
  }
  CHECK(status == GT_DEVICE_LOST && strstr(message, "cuda:0 was lost") != NULL, "status %d: %s", (int)status, message);
  /* From then on nothing is tried, on any of its contexts, and nothing crashes. */
  CHECK_FAILS(GT_DEVICE_LOST, "failed in an earlier call",
              gt_download(context, x, memory, sizeof x, message, sizeof message));
  CHECK_FAILS(GT_DEVICE_LOST, "failed in an earlier call", gt_graph_begin(fork, message, sizeof message));
  CHECK_FAILS(GT_DEVICE_LOST, "failed in an earlier call", gt_context_fork(context, &late, message, sizeof message));
  gt_free(context, memory);
  gt_context_destroy(fork);
  gt_context_destroy(context);
}

static void all_faults(void) {
  with_driver("devices=0", no_device);
  with_driver("init_error=34", stub);
  with_driver("driver=12040", old_driver);
  with_driver("capability=75", old_device);
  with_driver("devices=2", index_beyond);
  with_driver("memory=64m", out_of_memory);
  with_driver("memory=1m", no_memory_for_a_context);
  with_driver("lose_after=3", lost);
  with_driver("lose_after=3,lost_error=220", lost); /* by its NVLink */
  with_driver("lose_after=3,lost_error=226", lost); /* by hardware, contained */
  with_driver("lose_after=3,lost_error=810", lost); /* by MPS */
}

int main(int argc, char **argv) {
  if (argc == 2 && strcmp(argv[1], "no-driver") == 0) {
    RUN(no_driver);
  } else {
    RUN(all_faults);
  }
  return finish();
}
