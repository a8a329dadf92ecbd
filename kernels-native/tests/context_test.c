/* Library facts, contexts, memory, and many callers on one context. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

/* Called as the runtime does, with memory of the device: not through the proxy of the CUDA library's tests. */
#undef gt_activate

#include "core/memory.h"
#include "harness.h"

static char message[256];

static void facts_of_tier(const gt_kernel_table *kernels) {
  const char *name = gt_tier_name(kernels->tier);
  CHECK(name != NULL && strcmp(name, kernels->name) == 0, "tier %d is named %s, not %s", kernels->tier, name,
        kernels->name);
}

static void library_facts(void) {
  CHECK(gt_abi_version() == GT_ABI_VERSION, "version %u", (unsigned)gt_abi_version());
  CHECK(gt_tier_name(-1) == NULL && gt_tier_name(99) == NULL, "names of unknown tiers");
  for_each_tier(facts_of_tier);
  const char *line = "gt_context_params size=16 struct_size@0:4 threads@4:4 tier@8:4 device@12:4\n";
  CHECK(strstr(gt_layout(), line) != NULL, "layout lacks \"%s\": %s", line, gt_layout());
}

/* Every field of every struct is listed: they cover the struct but for padding below 8 bytes. */
static void layout_is_complete(void) {
  int structs = 0;
  for (const char *line = gt_layout(); *line != '\0'; line = strchr(line, '\n') + 1, structs++) {
    int size, used, end = 0;
    char name[64];
    CHECK(sscanf(line, "%63s size=%d%n", name, &size, &used) == 2, "line is %s", line);
    int offset, bytes, step;
    for (const char *p = line + used; sscanf(p, " %63[a-z_]@%d:%d%n", name, &offset, &bytes, &step) == 3; p += step) {
      CHECK(offset >= end && offset - end < 8, "%s begins at %d, the field before ends at %d", name, offset, end);
      end = offset + bytes;
      if (p[step] == '\n') {
        break;
      }
    }
    CHECK(size >= end && size - end < 8, "fields end at %d of %d: %.60s", end, size, line);
  }
  CHECK(structs == 8, "%d structs", structs);
}

static void create_on_tier(int32_t tier, int32_t expected) {
  gt_context *context = create_context(tier, 2);
  CHECK(gt_context_threads(context) == (expected == GT_TIER_CUDA ? 1 : 2), "threads %d", gt_context_threads(context));
  CHECK(gt_context_tier(context) == expected, "tier %d", gt_context_tier(context));
  gt_context_destroy(context);
}

static void create_and_destroy_on_tier(const gt_kernel_table *kernels) {
  create_on_tier(kernels->tier, kernels->tier);
}

static void create_and_destroy(void) {
  for_each_tier(create_and_destroy_on_tier);
  create_on_tier(GT_TIER_AUTO, gt_best_tier());
  gt_context_destroy(NULL);
  gt_context *all = create_context(GT_TIER_AUTO, 0);
  CHECK(gt_context_threads(all) >= 1, "threads %d", gt_context_threads(all));
  gt_context_destroy(all);
}

static void wrong_arguments(void) {
  gt_context *context = NULL;
  gt_context_params params = {.struct_size = sizeof params, .threads = -1, .tier = GT_TIER_AUTO};
  CHECK_FAILS(GT_INVALID_ARGUMENT, "threads is -1", gt_context_create(&params, &context, message, sizeof message));
  params.threads = 1;
  params.tier = 77;
  CHECK_FAILS(GT_INVALID_ARGUMENT, "tier 77", gt_context_create(&params, &context, message, sizeof message));
  params.struct_size = 4;
  CHECK_FAILS(GT_INVALID_ARGUMENT, "struct_size 4", gt_context_create(&params, &context, message, sizeof message));
  CHECK_FAILS(GT_INVALID_ARGUMENT, "params is NULL", gt_context_create(NULL, &context, message, sizeof message));
  CHECK(gt_context_create(NULL, &context, NULL, 0) == GT_INVALID_ARGUMENT, "without a message buffer");
  CHECK(context == NULL, "context is written");
  char small[8];
  memset(small, 'x', sizeof small);
  gt_context_create(NULL, &context, small, 4);
  CHECK(small[3] == '\0' && small[4] == 'x', "message buffer of 4 holds %.8s", small);
}

/* A fork is the same device: memory and weights of one serve the other, and it may outlive neither. */
static void forks_and_graphs(void) {
  gt_context *context = create_context(GT_TIER_AUTO, 2), *fork = NULL;
  CHECK_OK(gt_context_fork(context, &fork, message, sizeof message));
  float x[3] = {1, -2, 3}, y[3];
  void *memory;
  CHECK_OK(gt_allocate(context, sizeof x, &memory, message, sizeof message));
  CHECK_OK(gt_upload(context, memory, x, sizeof x, message, sizeof message));
  CHECK_OK(gt_graph_begin(fork, message, sizeof message));
  CHECK_OK(gt_activate(fork, memory, memory, 1, 3, 3, 3, GT_ACT_LEAKY_RELU, message, sizeof message));
  CHECK_OK(gt_activate(fork, memory, memory, 1, 3, 3, 3, GT_ACT_RELU2, message, sizeof message));
  CHECK_OK(gt_graph_end(fork, message, sizeof message));
  CHECK_OK(gt_synchronize(fork, message, sizeof message));
  CHECK_OK(gt_download(context, y, memory, sizeof y, message, sizeof message));
  CHECK(y[0] == 1 && y[1] == 0 && y[2] == 9, "relu2 gives %g, %g, %g", (double)y[0], (double)y[1], (double)y[2]);
  gt_context_destroy(fork);
  CHECK_OK(gt_activate(context, memory, memory, 1, 3, 3, 3, GT_ACT_SIGMOID, message, sizeof message));
  CHECK_OK(gt_download(context, y, memory, sizeof y, message, sizeof message));
  CHECK(y[1] == 0.5f, "sigmoid of 0 is %g", (double)y[1]);
  gt_free(context, memory);
  gt_context_destroy(context);
  CHECK_FAILS(GT_INVALID_ARGUMENT, "context is NULL", gt_context_fork(NULL, &fork, message, sizeof message));
  CHECK(fork == NULL, "fork is written");
}

static void devices(void) {
  int32_t count = -1;
  CHECK_OK(gt_device_count(&count, message, sizeof message));
  CHECK(count >= 1, "%d devices", count);
  gt_device_info info = {.struct_size = sizeof info};
  CHECK_OK(gt_device_describe(0, &info, message, sizeof message));
  CHECK(info.usable == 1 && info.processors >= 1 && info.total_bytes >= info.free_bytes && info.name[0] != '\0',
        "usable %d, %d processors, %lld bytes, %lld free, \"%s\"", info.usable, info.processors,
        (long long)info.total_bytes, (long long)info.free_bytes, info.name);
  CHECK_FAILS(GT_NO_DEVICE, "no ", gt_device_describe(count, &info, message, sizeof message));
  CHECK(info.usable == 0 && info.processors == 0, "what is not there is described");
  gt_context *context = NULL;
  gt_context_params params = {.struct_size = sizeof params, .threads = 1, .tier = GT_TIER_AUTO, .device = count + 2};
  CHECK_FAILS(GT_NO_DEVICE, "no ", gt_context_create(&params, &context, message, sizeof message));
}

static void memory(void) {
  gt_context *context = create_context(GT_TIER_AUTO, 1);
  int64_t before = gt_context_bytes(context);
  static const size_t sizes[] = {0, 1, 63, 64, 65, 4096, 1 << 20, (2 << 20) - 1, 2 << 20, 5 << 20};
  for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
    void *p;
    CHECK_OK(gt_allocate(context, sizes[i], &p, message, sizeof message));
    CHECK(p != NULL && (uintptr_t)p % GT_ALIGNMENT == 0, "%zu bytes at %p", sizes[i], p);
    unsigned char *from = malloc(sizes[i] + 1), *to = calloc(sizes[i] + 1, 1);
    for (size_t b = 0; b < sizes[i]; b++) {
      from[b] = (unsigned char)random_below(256);
    }
    CHECK_OK(gt_upload(context, p, from, sizes[i], message, sizeof message));
    CHECK_OK(gt_download(context, to, p, sizes[i], message, sizeof message));
    CHECK(memcmp(from, to, sizes[i]) == 0, "%zu bytes come back changed", sizes[i]);
    free(from);
    free(to);
    CHECK(gt_context_bytes(context) >= before + (int64_t)sizes[i], "%lld bytes counted",
          (long long)gt_context_bytes(context));
    gt_free(context, p);
    CHECK(gt_context_bytes(context) == before, "%zu bytes: %lld remain", sizes[i],
          (long long)(gt_context_bytes(context) - before));
  }
  gt_free(context, NULL);
  void *p = &p;
  CHECK_FAILS(GT_OUT_OF_MEMORY, "no memory for", gt_allocate(context, SIZE_MAX, &p, message, sizeof message));
  CHECK_FAILS(GT_OUT_OF_MEMORY, "no memory for", gt_allocate(context, SIZE_MAX / 4, &p, message, sizeof message));
  CHECK_OK(gt_upload(context, NULL, NULL, 0, message, sizeof message));
  CHECK_FAILS(GT_INVALID_ARGUMENT, "host is NULL", gt_upload(context, &p, NULL, 5, message, sizeof message));
  gt_context_destroy(context);
}

enum { CALLERS = 4, CALLS = 60, IN = 70, OUT = 90, ROWS = 20 };

typedef struct caller {
  gt_context *context;
  const gt_linear *linear;
  const float *x;
  const float *expected;
  int wrong;
} caller;

static void *call_often(void *argument) {
  caller *c = argument;
  float y[ROWS * OUT], normal[ROWS * OUT];
  float weight[OUT];
  for (int i = 0; i < OUT; i++) {
    weight[i] = 1;
  }
  gt_linear_params params = {.struct_size = sizeof params, .rows = ROWS, .x_stride = IN, .y_stride = OUT, .scale = 1};
  for (int i = 0; i < CALLS; i++) {
    memset(y, 0, sizeof y);
    if (gt_linear_forward(c->context, c->linear, c->x, NULL, y, &params, NULL, 0) != GT_OK ||
        gt_layer_norm(c->context, y, weight, NULL, normal, ROWS, OUT, OUT, OUT, 0, NULL, 0) != GT_OK ||
        memcmp(y, c->expected, sizeof y) != 0) {
      c->wrong++;
    }
  }
  return NULL;
}

/* Callers on one context get the same bits as one alone, and leave no memory behind. */
static void concurrent_callers(void) {
  gt_context *context = create_context(GT_TIER_AUTO, 3);
  float x[ROWS * IN], weight[OUT * IN], expected[ROWS * OUT];
  random_fill(x, ROWS * IN);
  random_fill(weight, OUT * IN);
  gt_linear *linear;
  CHECK_OK(gt_linear_create(context, IN, OUT, GT_F32, 0, &linear, message, sizeof message));
  CHECK_OK(gt_linear_pack(context, linear, 0, OUT, weight, GT_F32, GT_OUT_IN, NULL, 0, message, sizeof message));
  gt_linear_params params = {.struct_size = sizeof params, .rows = ROWS, .x_stride = IN, .y_stride = OUT, .scale = 1};
  CHECK_OK(gt_linear_forward(context, linear, x, NULL, expected, &params, message, sizeof message));
  int64_t most = 0;
  for (int round = 0; round < 3; round++) {
    pthread_t threads[CALLERS];
    caller callers[CALLERS];
    for (int i = 0; i < CALLERS; i++) {
      callers[i] = (caller){context, linear, x, expected, 0};
      pthread_create(&threads[i], NULL, call_often, &callers[i]);
    }
    for (int i = 0; i < CALLERS; i++) {
      pthread_join(threads[i], NULL);
      CHECK(callers[i].wrong == 0, "caller %d: %d of %d calls wrong", i, callers[i].wrong, CALLS);
    }
    most = gt_context_bytes(context);
  }
  gt_linear_destroy(context, linear);
  if (kernels_of(context) != NULL) { /* one scratch per thread that ever called or worked at once, no more */
    const int64_t scratch = (int64_t)kernels_of(context)->linear_f32_f32_f32->scratch_bytes + 2 * GT_ALIGNMENT;
    CHECK(most <= (CALLERS + 2) * scratch + (int64_t)sizeof(float) * (IN + 1) * (OUT + 64), "%lld bytes held",
          (long long)most);
  }
  gt_context_destroy(context);
}

/* Bytes held after a call are the same every time. */
static void stable_bytes(void) {
  gt_context *context = create_context(GT_TIER_AUTO, 2);
  float x[40 * 33] = {0}, weight[50 * 33] = {0}, y[40 * 50];
  int64_t held = -1;
  for (int i = 0; i < 5; i++) {
    gt_linear *linear;
    CHECK_OK(gt_linear_create(context, 33, 50, GT_F32, 0, &linear, message, sizeof message));
    CHECK_OK(gt_linear_pack(context, linear, 0, 50, weight, GT_F32, GT_OUT_IN, NULL, 0, message, sizeof message));
    gt_linear_params params = {.struct_size = sizeof params, .rows = 40, .x_stride = 33, .y_stride = 50, .scale = 1};
    CHECK_OK(gt_linear_forward(context, linear, x, NULL, y, &params, message, sizeof message));
    gt_linear_destroy(context, linear);
    int64_t now = gt_context_bytes(context);
    CHECK(held < 0 || now == held, "round %d holds %lld bytes, before %lld", i, (long long)now, (long long)held);
    held = now;
  }
  gt_context_destroy(context);
}

int main(void) {
  RUN(library_facts);
  RUN(layout_is_complete);
  RUN(create_and_destroy);
  RUN(wrong_arguments);
  RUN(forks_and_graphs);
  RUN(devices);
  RUN(memory);
  RUN(concurrent_callers);
  RUN(stable_bytes);
  return finish();
}
