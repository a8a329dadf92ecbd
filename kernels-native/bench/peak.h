/* The most a tier's multiply-add units can do, measured: what the kernels are compared with. */
#ifndef GT_PEAK_H
#define GT_PEAK_H

#include <stdint.h>

/* Floating point operations of one call of gt_peak_run. */
double gt_peak_work(int32_t tier);
/* Fused multiply-adds on registers alone, some 2 ms. */
void gt_peak_run(int32_t tier);

#endif
