/* NVIDIA's cuBLASLt where the machine has it: products of matrices. It is opened at run time, never linked. */
#ifndef GT_CUDA_CUBLASLT_H
#define GT_CUDA_CUBLASLT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct gt_cublaslt gt_cublaslt;

/* NULL when there is none that works here. The driver's context is current, here and in the calls below. */
gt_cublaslt *gt_cublaslt_open(void);
void gt_cublaslt_close(gt_cublaslt *blas); /* NULL is allowed */

/* y [rows, columns] = x [rows, in_features] weight [columns, in_features]^T + bias + added, in device memory. x and
 * weight are fp32 or both bf16; sums, bias, added and y are fp32. */
typedef struct gt_cublaslt_product {
  const void *x;
  const void *weight;
  const float *bias;  /* NULL: none */
  const float *added; /* NULL: none; may be y */
  float *y;
  int64_t rows;
  int64_t columns;
  int64_t in_features;
  int64_t x_stride;
  int64_t weight_stride;
  int64_t added_stride;
  int64_t y_stride;
  bool bf16;
  void *workspace;
  size_t workspace_bytes;
  void *stream; /* CUstream */
} gt_cublaslt_product;

/* Queues the product. False: it has no kernel for it, and nothing is queued. For many threads at a time. */
bool gt_cublaslt_multiply(gt_cublaslt *blas, const gt_cublaslt_product *product);

#endif
