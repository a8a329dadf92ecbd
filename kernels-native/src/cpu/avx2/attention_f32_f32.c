#include "cpu/simd/attention.h"

#include "cpu/avx2/avx2.h"

const gt_attention_kernel gt_avx2_attention = GT_ATTENTION_KERNEL;
