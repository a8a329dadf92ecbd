/*
 * A libcublasLt.so.13 for the fake driver: a product is a kernel that is queued as the library's own are. It is as hard
 * to please as the real one may be, and now and then harder, so that the ways around it are walked: no algorithm for an
 * odd k; one chosen for another n is refused where n % 7 is 3; pointers and leading dimensions must be aligned as the
 * preference promised.
 */
#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fake_cublaslt_kernel.h"

#define EXPORT __attribute__((visibility("default")))

/* cublasStatus_t, and the attributes and values of cublasLt.h that are understood. */
enum {
  SUCCESS = 0,
  NOT_INITIALIZED = 1,
  ALLOC_FAILED = 3,
  INVALID_VALUE = 7,
  EXECUTION_FAILED = 13,
  NOT_SUPPORTED = 15
};
enum { COMPUTE_32F = 68 };
enum { DESC_TRANSA = 3, DESC_TRANSB = 4, DESC_EPILOGUE = 7, DESC_BIAS_POINTER = 8 };
enum { EPILOGUE_DEFAULT = 1, EPILOGUE_BIAS = 4 };
enum { PREF_MAX_WORKSPACE_BYTES = 1, PREF_MIN_ALIGNMENT_A_BYTES = 5, PREF_MIN_ALIGNMENT_D_BYTES = 8 };

/* Of the driver in this process. */
typedef struct handle {
  int (*module_load)(void **module, const void *image);
  int (*module_unload)(void *module);
  int (*module_function)(void **function, void *module, const char *name);
  int (*launch)(void *function, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x, unsigned block_y,
                unsigned block_z, unsigned shared_bytes, void *stream, void **params, void **extra);
  void *module;
  void *product;
} handle;

typedef struct desc {
  int32_t transposed[2]; /* A, B */
  uint32_t epilogue;
  const float *bias;
} desc;

typedef struct layout {
  int type;
  uint64_t rows, columns;
  int64_t leading;
} layout;

typedef struct preference {
  uint64_t workspace_bytes;
  uint32_t alignment[4]; /* A, B, C, D */
} preference;

typedef struct algo {
  uint64_t n;
  uint64_t workspace_bytes;
  uint32_t alignment[4];
  uint64_t unused[4];
} algo;

typedef struct heuristic_result {
  algo algo;
  size_t workspace_bytes;
  int state;
  float waves;
  int reserved[4];
} heuristic_result;

_Static_assert(sizeof(algo) == 64 && sizeof(heuristic_result) == 96, "as in cublasLt.h");

EXPORT int cublasLtCreate(handle **created);
EXPORT int cublasLtDestroy(handle *destroyed);
EXPORT int cublasLtMatmulDescCreate(desc **created, int compute_type, int scale_type);
EXPORT int cublasLtMatmulDescSetAttribute(desc *changed, int attribute, const void *value, size_t bytes);
EXPORT int cublasLtMatmulDescDestroy(desc *destroyed);
EXPORT int cublasLtMatrixLayoutCreate(layout **created, int type, uint64_t rows, uint64_t columns, int64_t leading);
EXPORT int cublasLtMatrixLayoutDestroy(layout *destroyed);
EXPORT int cublasLtMatmulPreferenceCreate(preference **created);
EXPORT int cublasLtMatmulPreferenceSetAttribute(preference *changed, int attribute, const void *value, size_t bytes);
EXPORT int cublasLtMatmulPreferenceDestroy(preference *destroyed);
EXPORT int cublasLtMatmulAlgoGetHeuristic(handle *blas, const desc *d, const layout *a, const layout *b,
                                          const layout *c, const layout *to, const preference *wishes, int wanted,
                                          heuristic_result *results, int *found);
EXPORT int cublasLtMatmul(handle *blas, const desc *d, const float *alpha, const void *a_data, const layout *a,
                          const void *b_data, const layout *b, const float *beta, const float *c_data, const layout *c,
                          float *d_data, const layout *to, const algo *chosen, void *workspace, size_t workspace_bytes,
                          void *stream);

static bool find(void *driver, const char *name, void *function) {
  void *address = dlsym(driver, name);
  memcpy(function, &address, sizeof address);
  return address != NULL;
}

int cublasLtCreate(handle **created) {
  handle *h = calloc(1, sizeof *h);
  void *driver = dlopen("libcuda.so.1", RTLD_NOW | RTLD_NOLOAD);
  if (h == NULL || driver == NULL || !find(driver, "cuModuleLoadData", &h->module_load) ||
      !find(driver, "cuModuleUnload", &h->module_unload) || !find(driver, "cuModuleGetFunction", &h->module_function) ||
      !find(driver, "cuLaunchKernel", &h->launch) || h->module_load(&h->module, "") != 0) {
    free(h);
    return NOT_INITIALIZED;
  }
  if (h->module_function(&h->product, h->module, "fake_cublaslt_product") != 0) {
    cublasLtDestroy(h);
    return NOT_INITIALIZED;
  }
  *created = h;
  return SUCCESS;
}

int cublasLtDestroy(handle *destroyed) {
  destroyed->module_unload(destroyed->module);
  free(destroyed);
  return SUCCESS;
}

int cublasLtMatmulDescCreate(desc **created, int compute_type, int scale_type) {
  if (compute_type != COMPUTE_32F || scale_type != FAKE_R_32F) {
    return NOT_SUPPORTED;
  }
  *created = calloc(1, sizeof **created);
  if (*created == NULL) {
    return ALLOC_FAILED;
  }
  (*created)->epilogue = EPILOGUE_DEFAULT;
  return SUCCESS;
}

static int set(void *field, size_t size, const void *value, size_t bytes) {
  if (bytes != size) {
    return INVALID_VALUE;
  }
  memcpy(field, value, size);
  return SUCCESS;
}

int cublasLtMatmulDescSetAttribute(desc *changed, int attribute, const void *value, size_t bytes) {
  switch (attribute) {
    case DESC_TRANSA:
    case DESC_TRANSB:
      return set(&changed->transposed[attribute - DESC_TRANSA], sizeof changed->transposed[0], value, bytes);
    case DESC_EPILOGUE:
      return set(&changed->epilogue, sizeof changed->epilogue, value, bytes);
    case DESC_BIAS_POINTER:
      return set(&changed->bias, sizeof changed->bias, value, bytes);
    default:
      return INVALID_VALUE;
  }
}

int cublasLtMatmulDescDestroy(desc *destroyed) {
  free(destroyed);
  return SUCCESS;
}

int cublasLtMatrixLayoutCreate(layout **created, int type, uint64_t rows, uint64_t columns, int64_t leading) {
  *created = calloc(1, sizeof **created);
  if (*created == NULL) {
    return ALLOC_FAILED;
  }
  **created = (layout){type, rows, columns, leading};
  return SUCCESS;
}

int cublasLtMatrixLayoutDestroy(layout *destroyed) {
  free(destroyed);
  return SUCCESS;
}

int cublasLtMatmulPreferenceCreate(preference **created) {
  *created = calloc(1, sizeof **created);
  if (*created == NULL) {
    return ALLOC_FAILED;
  }
  **created = (preference){.alignment = {256, 256, 256, 256}};
  return SUCCESS;
}

int cublasLtMatmulPreferenceSetAttribute(preference *changed, int attribute, const void *value, size_t bytes) {
  if (attribute == PREF_MAX_WORKSPACE_BYTES) {
    return set(&changed->workspace_bytes, sizeof changed->workspace_bytes, value, bytes);
  }
  if (attribute >= PREF_MIN_ALIGNMENT_A_BYTES && attribute <= PREF_MIN_ALIGNMENT_D_BYTES) {
    return set(&changed->alignment[attribute - PREF_MIN_ALIGNMENT_A_BYTES], sizeof changed->alignment[0], value, bytes);
  }
  return INVALID_VALUE;
}

int cublasLtMatmulPreferenceDestroy(preference *destroyed) {
  free(destroyed);
  return SUCCESS;
}

static uint64_t depth(const desc *d, const layout *a) {
  return d->transposed[0] ? a->rows : a->columns;
}

/* Do the shapes fit together, and does each leading dimension hold its column? */
static bool consistent(const desc *d, const layout *a, const layout *b, const layout *c, const layout *to) {
  const layout *const all[] = {a, b, c, to};
  for (int i = 0; i < 4; i++) {
    if (all[i]->rows == 0 || all[i]->columns == 0 || all[i]->leading < (int64_t)all[i]->rows) {
      return false;
    }
  }
  return (d->transposed[0] ? a->columns : a->rows) == to->rows &&
         (d->transposed[1] ? b->rows : b->columns) == to->columns &&
         depth(d, a) == (d->transposed[1] ? b->columns : b->rows) && c->rows == to->rows && c->columns == to->columns &&
         a->type == b->type && (a->type == FAKE_R_32F || a->type == FAKE_R_16BF) && c->type == FAKE_R_32F &&
         to->type == FAKE_R_32F &&
         (d->epilogue == EPILOGUE_DEFAULT || (d->epilogue == EPILOGUE_BIAS && d->bias != NULL));
}

int cublasLtMatmulAlgoGetHeuristic(handle *blas, const desc *d, const layout *a, const layout *b, const layout *c,
                                   const layout *to, const preference *wishes, int wanted, heuristic_result *results,
                                   int *found) {
  *found = 0;
  if (blas == NULL || wanted < 1 || !consistent(d, a, b, c, to)) {
    return INVALID_VALUE;
  }
  if (depth(d, a) % 2 == 1 || wishes->workspace_bytes < 1) {
    return NOT_SUPPORTED;
  }
  *results = (heuristic_result){.algo = {.n = to->columns, .workspace_bytes = 1}, .workspace_bytes = 1};
  memcpy(results->algo.alignment, wishes->alignment, sizeof wishes->alignment);
  *found = 1;
  return SUCCESS;
}

static bool aligned(const void *data, const layout *l, uint32_t alignment) {
  const size_t bytes = (size_t)l->leading * (l->type == FAKE_R_32F ? 4 : 2);
  return (uintptr_t)data % alignment == 0 && bytes % (alignment < 16 ? alignment : 16) == 0;
}

static fake_matrix matrix(const layout *l, const void *data, int32_t transposed) {
  return (fake_matrix){(void *)(uintptr_t)data, l->rows, l->columns, l->leading, l->type, transposed};
}

int cublasLtMatmul(handle *blas, const desc *d, const float *alpha, const void *a_data, const layout *a,
                   const void *b_data, const layout *b, const float *beta, const float *c_data, const layout *c,
                   float *d_data, const layout *to, const algo *chosen, void *workspace, size_t workspace_bytes,
                   void *stream) {
  if (blas == NULL || chosen == NULL || !consistent(d, a, b, c, to) || !aligned(a_data, a, chosen->alignment[0]) ||
      !aligned(b_data, b, chosen->alignment[1]) || !aligned(c_data, c, chosen->alignment[2]) ||
      !aligned(d_data, to, chosen->alignment[3]) || workspace_bytes < chosen->workspace_bytes ||
      (c_data == d_data && c->leading != to->leading) || (to->columns != chosen->n && to->columns % 7 == 3)) {
    return INVALID_VALUE;
  }
  const fake_product product = {
      .a = matrix(a, a_data, d->transposed[0]),
      .b = matrix(b, b_data, d->transposed[1]),
      .c = matrix(c, c_data, 0),
      .d = matrix(to, d_data, 0),
      .bias = d->epilogue == EPILOGUE_BIAS ? d->bias : NULL,
      .workspace = workspace,
      .alpha = *alpha,
      .beta = *beta,
  };
  void *params[] = {(void *)(uintptr_t)&product};
  const uint64_t blocks = (to->rows * to->columns + FAKE_PRODUCT_THREADS - 1) / FAKE_PRODUCT_THREADS;
  return blas->launch(blas->product, (unsigned)blocks, 1, 1, FAKE_PRODUCT_THREADS, 1, 1, 0, stream, params, NULL) == 0
             ? SUCCESS
             : EXECUTION_FAILED;
}
