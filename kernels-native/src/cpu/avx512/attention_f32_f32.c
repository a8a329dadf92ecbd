#include "cpu/simd/attention.h"

#include "cpu/avx512/avx512.h"

const gt_attention_kernel gt_avx512_attention = GT_ATTENTION_KERNEL;
