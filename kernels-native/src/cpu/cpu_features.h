/* What the CPU and the operating system offer. */
#ifndef GT_CPU_FEATURES_H
#define GT_CPU_FEATURES_H

#include <stdint.h>

/* Names are the compiler's -m flags: isa.cmake builds them from one list. */
enum gt_cpu_feature {
  GT_CPU_avx2 = 1 << 0,
  GT_CPU_fma = 1 << 1,
  GT_CPU_f16c = 1 << 2,
  GT_CPU_avx512f = 1 << 3,
  GT_CPU_avx512bw = 1 << 4,
  GT_CPU_avx512dq = 1 << 5,
  GT_CPU_avx512vl = 1 << 6,
  GT_CPU_avx512bf16 = 1 << 7,
};

/* Features of this CPU whose registers the operating system saves. */
uint32_t gt_cpu_features(void);

#endif
