/* The product that the fake cuBLASLt queues: a kernel of the fake driver. */
#ifndef GT_FAKE_CUBLASLT_KERNEL_H
#define GT_FAKE_CUBLASLT_KERNEL_H

#include <stdint.h>

/* A column-major matrix; `type` as cudaDataType. */
typedef struct fake_matrix {
  void *data;
  uint64_t rows, columns;
  int64_t leading;
  int32_t type;
  int32_t transposed;
} fake_matrix;

/* d = alpha op(a) op(b) + beta c + bias, a bias per row. */
typedef struct fake_product {
  fake_matrix a, b, c, d;
  const float *bias; /* NULL: none */
  unsigned char *workspace;
  float alpha, beta;
} fake_product;

enum { FAKE_R_32F = 0, FAKE_R_16BF = 14, FAKE_PRODUCT_THREADS = 128 };

#define GT_CUDA_KERNELS(K) K(fake_cublaslt_product, fake_product, FAKE_PRODUCT_THREADS)

#endif
