#ifndef GT_SIMD_ARGMAX_H
#define GT_SIMD_ARGMAX_H

#include <math.h>

#include "cpu/simd/vec_compare.h"

/* Each lane keeps its first largest value and where that was, in several chains to hide the comparison's latency;
 * the lanes are compared at the end. A NaN is never greater. */
static inline int64_t simd_argmax(const float *x, int64_t count) {
  enum { CHAINS = 4, STEP = CHAINS * GT_VL };
  vf largest[CHAINS];
  vi at[CHAINS], index[CHAINS];
  int32_t lane[GT_VL];
  for (int i = 0; i < GT_VL; i++) {
    lane[i] = i;
  }
  GT_UNROLL
  for (int c = 0; c < CHAINS; c++) {
    largest[c] = vf_set1(-INFINITY);
    at[c] = vi_set1(0);
    index[c] = vi_add(vi_load(lane), vi_set1(c * GT_VL));
  }
  int64_t i = 0;
  for (; i + STEP <= count; i += STEP) {
    GT_UNROLL
    for (int c = 0; c < CHAINS; c++) {
      vf value = vf_load(x + i + c * GT_VL);
      vm greater = vm_gt(value, largest[c]);
      largest[c] = vf_select(greater, value, largest[c]);
      at[c] = vi_of_bits(vf_select(greater, vf_of_bits(index[c]), vf_of_bits(at[c])));
      index[c] = vi_add(index[c], vi_set1(STEP));
    }
  }
  float best = -INFINITY;
  int64_t best_at = 0;
  for (int c = 0; c < CHAINS; c++) {
    float values[GT_VL];
    int32_t places[GT_VL];
    vf_store(values, largest[c]);
    vi_store(places, at[c]);
    for (int l = 0; l < GT_VL; l++) {
      if (values[l] > best || (values[l] == best && places[l] < best_at)) {
        best = values[l];
        best_at = places[l];
      }
    }
  }
  for (; i < count; i++) {
    if (x[i] > best) {
      best = x[i];
      best_at = i;
    }
  }
  return best_at;
}

#endif
