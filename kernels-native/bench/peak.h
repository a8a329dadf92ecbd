/* The most the multiply-add units can do, measured: what the kernels are compared with. */
#ifndef GT_PEAK_H
#define GT_PEAK_H

#include <stdint.h>

typedef enum gt_peak_kind {
  GT_PEAK_F32_256,
  GT_PEAK_F32_512,
  GT_PEAK_BF16_512, /* vdpbf16ps: pairs of bf16 products summed in fp32 */
} gt_peak_kind;

/* What bounds a kernel of this tier that computes in GT_F32 or GT_BF16. */
gt_peak_kind gt_peak_kind_of(int32_t tier, int32_t compute_dtype);
/* Floating point operations of one call of gt_peak_run. */
double gt_peak_work(gt_peak_kind kind);
/* Multiply-adds on registers alone, some 2 ms. */
void gt_peak_run(gt_peak_kind kind);

#endif
