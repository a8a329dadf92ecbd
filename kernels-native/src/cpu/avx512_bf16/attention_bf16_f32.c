#define GT_ATTENTION_BF16
#include "cpu/simd/attention.h"

#include "cpu/avx512_bf16/avx512_bf16.h"

const gt_attention_kernel gt_avx512_bf16_attention = GT_ATTENTION_KERNEL;
