/* The kernels of tier avx2. */
#ifndef GT_AVX2_H
#define GT_AVX2_H

#include "cpu/kernel_table.h"

extern const gt_linear_kernel gt_avx2_linear;
extern const gt_linear_kernel gt_avx2_linear_bf16;
gt_widen_kernel gt_avx2_widen;
gt_layer_norm_kernel gt_avx2_layer_norm;
gt_rms_norm_kernel gt_avx2_rms_norm;
gt_embed_kernel gt_avx2_embed;
gt_argmax_kernel gt_avx2_argmax;
gt_rope_kernel gt_avx2_rope;
gt_activate_kernel gt_avx2_activate;
extern const gt_attention_kernel gt_avx2_attention;
extern const gt_disentangled_kernel gt_avx2_disentangled;

#endif
