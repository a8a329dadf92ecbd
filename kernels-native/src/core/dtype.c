#include "core/device.h"

const char *gt_dtype_name(int32_t dtype) {
  static const char *const names[] = {[GT_F32] = "f32", [GT_F16] = "f16", [GT_BF16] = "bf16", [GT_F64] = "f64"};
  return dtype >= GT_F32 && dtype <= GT_F64 ? names[dtype] : NULL;
}

size_t gt_dtype_size(int32_t dtype) {
  static const size_t sizes[] = {[GT_F32] = 4, [GT_F16] = 2, [GT_BF16] = 2, [GT_F64] = 8};
  return dtype >= GT_F32 && dtype <= GT_F64 ? sizes[dtype] : 0;
}
