#include "cpu/avx2/avx2.h"

extern const gt_kernel_table gt_kernel_table_avx2;

const gt_kernel_table gt_kernel_table_avx2 = {
    .name = "avx2",
    .tier = GT_TIER_AVX2,
    .widen_any_f32 = gt_avx2_widen,
    .linear_f32_f32_f32 = &gt_avx2_linear,
    .linear_f32_bf16_f32 = &gt_avx2_linear_bf16,
    .layer_norm_f32_f32 = gt_avx2_layer_norm,
    .rms_norm_f32_f32 = gt_avx2_rms_norm,
    .activate_f32_f32 = gt_avx2_activate,
    .embed_any_f32 = gt_avx2_embed,
    .argmax_f32_i32 = gt_avx2_argmax,
    .rope_f32_f32 = gt_avx2_rope,
    .attention_f32_f32 = &gt_avx2_attention,
    .attention_bf16_f32 = &gt_avx2_attention,
    .disentangled_f32_f32 = &gt_avx2_disentangled,
};
