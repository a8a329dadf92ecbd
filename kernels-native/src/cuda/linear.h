/* Packed weights on the GPU. */
#ifndef GT_CUDA_LINEAR_H
#define GT_CUDA_LINEAR_H

#include "core/device.h"

struct gt_linear {
  gt_linear_shape shape;
  void *weight;   /* [out_features, stride], fp32 or bf16; the columns behind in_features are zero */
  float *bias;    /* [out_features], in the same memory */
  int64_t stride; /* a multiple of GT_LINEAR_PAD */
};

static inline size_t gt_linear_weight_size(const gt_linear *linear) {
  return linear->shape.compute_dtype == GT_BF16 ? 2 : sizeof(float);
}

#endif
