/*
 * cuBLASLt thinks in columns: a row-major matrix with `stride` elements between rows is its column-major transpose with
 * that leading dimension. So y^T = W x^T: A is W^T as it lies, transposed back (TN, for which it has its best kernels),
 * B is x^T, C and D are added^T and y^T, and a bias of D's rows is one of y's columns.
 */
#include "cuda/cublaslt.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* Of cublas_api.h, library_types.h and cublasLt.h. */
typedef int cublasStatus_t;
typedef struct cublasLtContext *cublasLtHandle_t;
typedef struct cublasLtMatmulDesc *cublasLtMatmulDesc_t;
typedef struct cublasLtMatrixLayout *cublasLtMatrixLayout_t;
typedef struct cublasLtMatmulPreference *cublasLtMatmulPreference_t;

typedef struct cublasLtMatmulAlgo_t {
  uint64_t data[8];
} cublasLtMatmulAlgo_t;

typedef struct cublasLtMatmulHeuristicResult_t {
  cublasLtMatmulAlgo_t algo;
  size_t workspaceSize;
  cublasStatus_t state;
  float wavesCount;
  int reserved[4];
} cublasLtMatmulHeuristicResult_t;

enum {
  CUBLAS_STATUS_SUCCESS = 0,
  CUBLAS_OP_T = 1,
  CUDA_R_32F = 0,
  CUDA_R_16BF = 14,
  CUBLAS_COMPUTE_32F = 68, /* fp32 operands aren't rounded to tf32 */
  CUBLASLT_MATMUL_DESC_TRANSA = 3,
  CUBLASLT_MATMUL_DESC_EPILOGUE = 7,
  CUBLASLT_MATMUL_DESC_BIAS_POINTER = 8,
  CUBLASLT_EPILOGUE_BIAS = 4,
  CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES = 1,
  CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES = 5,
  CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES = 6,
  CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES = 7,
  CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES = 8,
};

/* F(field, symbol, parameters) */
#define FUNCTIONS(F)                                                                                               \
  F(create, cublasLtCreate, (cublasLtHandle_t * handle))                                                           \
  F(destroy, cublasLtDestroy, (cublasLtHandle_t handle))                                                           \
  F(desc_create, cublasLtMatmulDescCreate, (cublasLtMatmulDesc_t * desc, int compute_type, int scale_type))        \
  F(desc_set, cublasLtMatmulDescSetAttribute,                                                                      \
    (cublasLtMatmulDesc_t desc, int attribute, const void *value, size_t bytes))                                   \
  F(desc_destroy, cublasLtMatmulDescDestroy, (cublasLtMatmulDesc_t desc))                                          \
  F(layout_create, cublasLtMatrixLayoutCreate,                                                                     \
    (cublasLtMatrixLayout_t * layout, int type, uint64_t rows, uint64_t columns, int64_t leading_dimension))       \
  F(layout_destroy, cublasLtMatrixLayoutDestroy, (cublasLtMatrixLayout_t layout))                                  \
  F(preference_create, cublasLtMatmulPreferenceCreate, (cublasLtMatmulPreference_t * preference))                  \
  F(preference_set, cublasLtMatmulPreferenceSetAttribute,                                                          \
    (cublasLtMatmulPreference_t preference, int attribute, const void *value, size_t bytes))                       \
  F(preference_destroy, cublasLtMatmulPreferenceDestroy, (cublasLtMatmulPreference_t preference))                  \
  F(heuristic, cublasLtMatmulAlgoGetHeuristic,                                                                     \
    (cublasLtHandle_t handle, cublasLtMatmulDesc_t desc, cublasLtMatrixLayout_t a, cublasLtMatrixLayout_t b,       \
     cublasLtMatrixLayout_t c, cublasLtMatrixLayout_t d, cublasLtMatmulPreference_t preference, int wanted,        \
     cublasLtMatmulHeuristicResult_t *results, int *found))                                                        \
  F(matmul, cublasLtMatmul,                                                                                        \
    (cublasLtHandle_t handle, cublasLtMatmulDesc_t desc, const void *alpha, const void *a_data,                    \
     cublasLtMatrixLayout_t a, const void *b_data, cublasLtMatrixLayout_t b, const void *beta, const void *c_data, \
     cublasLtMatrixLayout_t c, void *d_data, cublasLtMatrixLayout_t d, const cublasLtMatmulAlgo_t *algo,           \
     void *workspace, size_t workspace_bytes, void *stream))

/* What an algorithm was chosen for. Without padding: compared as bytes. */
typedef struct plan_key {
  int64_t columns;
  int64_t in_features;
  int64_t rows; /* rounded down to three leading bits */
  int32_t bf16;
  int32_t bias;
  int32_t added; /* 1; 2: is y */
  int32_t x_alignment;
  int32_t added_alignment;
  int32_t y_alignment;
} plan_key;

typedef struct plan {
  plan_key key;
  cublasLtMatmulAlgo_t algo;
  bool found; /* false: it has none for this */
} plan;

enum { PLANS = 128 };

struct gt_cublaslt {
#define FIELD(field, symbol, parameters) cublasStatus_t(*field) parameters;
  FUNCTIONS(FIELD)
#undef FIELD
  cublasLtHandle_t handle;
  pthread_mutex_t lock; /* of what follows */
  plan plans[PLANS];    /* the oldest is replaced */
  int64_t planned;
};

static bool find_functions(gt_cublaslt *blas, void *library) {
  bool found = true;
#define FIND(field, symbol, parameters)                                    \
  {                                                                        \
    void *address = dlsym(library, #symbol);                               \
    found = found && address != NULL;                                      \
    memcpy(&blas->field, &address, sizeof address); /* no cast in ISO C */ \
  }
  FUNCTIONS(FIND)
#undef FIND
  return found;
}

gt_cublaslt *gt_cublaslt_open(void) {
  static const char *const names[] = {"libcublasLt.so.13", "libcublasLt.so.12"};
  gt_cublaslt *blas = calloc(1, sizeof *blas);
  for (size_t i = 0; blas != NULL && i < sizeof names / sizeof names[0]; i++) {
    /* Never closed: what it has told the driver can't be taken back. */
    void *library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
    if (library != NULL && find_functions(blas, library) && blas->create(&blas->handle) == CUBLAS_STATUS_SUCCESS) {
      pthread_mutex_init(&blas->lock, NULL);
      return blas;
    }
  }
  free(blas);
  return NULL;
}

void gt_cublaslt_close(gt_cublaslt *blas) {
  if (blas != NULL) {
    blas->destroy(blas->handle);
    pthread_mutex_destroy(&blas->lock);
    free(blas);
  }
}

/* Of rows `stride` elements apart, as far as kernels care. */
static int32_t alignment(const void *p, int64_t stride, size_t size) {
  const uintptr_t bits = (uintptr_t)p | (uintptr_t)stride * size | 16;
  return (int32_t)(bits & -bits);
}

static int64_t rounded_rows(int64_t rows) {
  int shift = 0;
  while (rows >> shift >= 8) {
    shift++;
  }
  return rows >> shift << shift;
}

static plan_key key_of(const gt_cublaslt_product *p) {
  const size_t size = p->bf16 ? 2 : sizeof(float);
  return (plan_key){
      .columns = p->columns,
      .in_features = p->in_features,
      .rows = rounded_rows(p->rows),
      .bf16 = p->bf16,
      .bias = p->bias != NULL,
      .added = p->added == NULL   ? 0
               : p->added == p->y ? 2
                                  : 1,
      .x_alignment = alignment(p->x, p->x_stride, size),
      .added_alignment = p->added == NULL ? 16 : alignment(p->added, p->added_stride, sizeof(float)),
      .y_alignment = alignment(p->y, p->y_stride, sizeof(float)),
  };
}

/* The descriptions of one product; NULL where one could not be made. */
typedef struct descriptions {
  cublasLtMatmulDesc_t desc;
  cublasLtMatrixLayout_t a, b, c, d;
} descriptions;

static void undescribe(const gt_cublaslt *blas, descriptions *s) {
  cublasLtMatrixLayout_t layouts[] = {s->a, s->b, s->c, s->d};
  for (int i = 0; i < 4; i++) {
    if (layouts[i] != NULL) {
      blas->layout_destroy(layouts[i]);
    }
  }
  if (s->desc != NULL) {
    blas->desc_destroy(s->desc);
  }
}

static bool describe(const gt_cublaslt *blas, const gt_cublaslt_product *p, descriptions *s) {
  const int type = p->bf16 ? CUDA_R_16BF : CUDA_R_32F;
  const int32_t transposed = CUBLAS_OP_T;
  const uint32_t epilogue = CUBLASLT_EPILOGUE_BIAS;
  const uint64_t in = (uint64_t)p->in_features, rows = (uint64_t)p->rows, columns = (uint64_t)p->columns;
  const int64_t c_stride = p->added == NULL ? p->y_stride : p->added_stride;
  *s = (descriptions){0};
  bool ok =
      blas->desc_create(&s->desc, CUBLAS_COMPUTE_32F, CUDA_R_32F) == CUBLAS_STATUS_SUCCESS &&
      blas->desc_set(s->desc, CUBLASLT_MATMUL_DESC_TRANSA, &transposed, sizeof transposed) == CUBLAS_STATUS_SUCCESS &&
      blas->layout_create(&s->a, type, in, columns, p->weight_stride) == CUBLAS_STATUS_SUCCESS &&
      blas->layout_create(&s->b, type, in, rows, p->x_stride) == CUBLAS_STATUS_SUCCESS &&
      blas->layout_create(&s->c, CUDA_R_32F, columns, rows, c_stride) == CUBLAS_STATUS_SUCCESS &&
      blas->layout_create(&s->d, CUDA_R_32F, columns, rows, p->y_stride) == CUBLAS_STATUS_SUCCESS;
  if (ok && p->bias != NULL) {
    ok = blas->desc_set(s->desc, CUBLASLT_MATMUL_DESC_EPILOGUE, &epilogue, sizeof epilogue) == CUBLAS_STATUS_SUCCESS &&
         blas->desc_set(s->desc, CUBLASLT_MATMUL_DESC_BIAS_POINTER, &p->bias, sizeof p->bias) == CUBLAS_STATUS_SUCCESS;
  }
  return ok;
}

static bool choose(const gt_cublaslt *blas, const gt_cublaslt_product *p, const plan_key *key, const descriptions *s,
                   cublasLtMatmulAlgo_t *algo) {
  cublasLtMatmulPreference_t preference;
  if (blas->preference_create(&preference) != CUBLAS_STATUS_SUCCESS) {
    return false;
  }
  const uint64_t workspace_bytes = p->workspace_bytes;
  const struct {
    int attribute;
    uint32_t bytes;
  } alignments[] = {
      {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, 16}, /* packed so */
      {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, (uint32_t)key->x_alignment},
      {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES,
       (uint32_t)(p->added == NULL ? key->y_alignment : key->added_alignment)},
      {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, (uint32_t)key->y_alignment},
  };
  bool ok = blas->preference_set(preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, &workspace_bytes,
                                 sizeof workspace_bytes) == CUBLAS_STATUS_SUCCESS;
  for (size_t i = 0; i < sizeof alignments / sizeof alignments[0]; i++) {
    ok = ok && blas->preference_set(preference, alignments[i].attribute, &alignments[i].bytes,
                                    sizeof alignments[i].bytes) == CUBLAS_STATUS_SUCCESS;
  }
  cublasLtMatmulHeuristicResult_t result = {0};
  int found = 0;
  ok = ok &&
       blas->heuristic(blas->handle, s->desc, s->a, s->b, s->c, s->d, preference, 1, &result, &found) ==
           CUBLAS_STATUS_SUCCESS &&
       found == 1 && result.state == CUBLAS_STATUS_SUCCESS;
  blas->preference_destroy(preference);
  *algo = result.algo;
  return ok;
}

static bool queue(const gt_cublaslt *blas, const gt_cublaslt_product *p, const descriptions *s,
                  const cublasLtMatmulAlgo_t *algo) {
  const float alpha = 1, beta = p->added == NULL ? 0 : 1;
  return blas->matmul(blas->handle, s->desc, &alpha, p->weight, s->a, p->x, s->b, &beta,
                      p->added == NULL ? p->y : p->added, s->c, p->y, s->d, algo, p->workspace, p->workspace_bytes,
                      p->stream) == CUBLAS_STATUS_SUCCESS;
}

/* Copies a plan out of the table. */
static bool recall(gt_cublaslt *blas, const plan_key *key, plan *known) {
  bool found = false;
  pthread_mutex_lock(&blas->lock);
  for (int i = 0; i < PLANS && i < blas->planned && !found; i++) {
    found = memcmp(&blas->plans[i].key, key, sizeof *key) == 0;
    if (found) {
      *known = blas->plans[i];
    }
  }
  pthread_mutex_unlock(&blas->lock);
  return found;
}

static void remember(gt_cublaslt *blas, const plan *chosen) {
  pthread_mutex_lock(&blas->lock);
  blas->plans[blas->planned++ % PLANS] = *chosen;
  pthread_mutex_unlock(&blas->lock);
}

bool gt_cublaslt_multiply(gt_cublaslt *blas, const gt_cublaslt_product *product) {
  plan current = {.key = key_of(product)};
  const bool known = recall(blas, &current.key, &current);
  if (known && !current.found) {
    return false;
  }
  descriptions described;
  bool queued = false;
  if (describe(blas, product, &described)) {
    queued = known && queue(blas, product, &described, &current.algo);
    /* What was chosen for other rows may not do for these. */
    cublasLtMatmulAlgo_t chosen = {0};
    if (!queued) {
      const bool found = choose(blas, product, &current.key, &described, &chosen);
      queued = found && queue(blas, product, &described, &chosen);
      if (!known) {
        current.algo = chosen;
        current.found = queued;
        remember(blas, &current);
      }
    }
  }
  undescribe(blas, &described);
  return queued;
}
