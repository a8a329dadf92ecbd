#include "cpu/simd/disentangled.h"

#include "cpu/avx512/avx512.h"

const gt_disentangled_kernel gt_avx512_disentangled = GT_DISENTANGLED_KERNEL;
