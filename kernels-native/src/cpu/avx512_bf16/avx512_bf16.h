/* The kernels of tier avx512_bf16 that tier avx512 has no equal of. */
#ifndef GT_AVX512_BF16_H
#define GT_AVX512_BF16_H

#include "cpu/avx512/avx512.h"

extern const gt_linear_kernel gt_avx512_bf16_linear;
extern const gt_attention_kernel gt_avx512_bf16_attention;

#endif
