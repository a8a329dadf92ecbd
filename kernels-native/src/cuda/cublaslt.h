/* See the linear branch. */
#ifndef GT_CUBLASLT_H
#define GT_CUBLASLT_H
#include "cuda/cuda_call.h"
gt_cublaslt *gt_cublaslt_open(void);
void gt_cublaslt_close(gt_cublaslt *blas);
#endif
