/* The kernels of tier avx512. */
#ifndef GT_AVX512_H
#define GT_AVX512_H

#include "cpu/kernel_table.h"

extern const gt_linear_kernel gt_avx512_linear;
extern const gt_linear_kernel gt_avx512_linear_bf16;
gt_widen_kernel gt_avx512_widen;
gt_layer_norm_kernel gt_avx512_layer_norm;
gt_rms_norm_kernel gt_avx512_rms_norm;
gt_embed_kernel gt_avx512_embed;
gt_argmax_kernel gt_avx512_argmax;
gt_rope_kernel gt_avx512_rope;
gt_activate_kernel gt_avx512_activate;
extern const gt_attention_kernel gt_avx512_attention;
extern const gt_disentangled_kernel gt_avx512_disentangled;

#endif
