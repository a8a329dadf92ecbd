#include "cpu/simd/disentangled.h"

#include "cpu/avx2/avx2.h"

const gt_disentangled_kernel gt_avx2_disentangled = GT_DISENTANGLED_KERNEL;
