/* Weights and tables of any dtype to fp32. */
#ifndef GT_SIMD_WIDEN_H
#define GT_SIMD_WIDEN_H

#include "cpu/reference/convert.h"
#include "cpu/simd/vec.h"

static inline void simd_widen(const void *from, int32_t dtype, float *to, int64_t count) {
  int64_t i = 0;
  switch (dtype) {
    case GT_F16:
      for (; i + GT_VL <= count; i += GT_VL) {
        vf_store(to + i, vf_load_f16((const uint16_t *)from + i));
      }
      break;
    case GT_BF16:
      for (; i + GT_VL <= count; i += GT_VL) {
        vf_store(to + i, vf_load_bf16((const uint16_t *)from + i));
      }
      break;
    case GT_F64:
      for (; i + GT_VL <= count; i += GT_VL) {
        vf_store(to + i, vf_load_f64((const double *)from + i));
      }
      break;
    default:
      for (; i + GT_VL <= count; i += GT_VL) {
        vf_store(to + i, vf_load((const float *)from + i));
      }
      break;
  }
  for (; i < count; i++) {
    to[i] = gt_element(from, dtype, i);
  }
}

#endif
