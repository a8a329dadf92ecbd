#include "cpu/avx512/avx512.h"

extern const gt_kernel_table gt_kernel_table_avx512;

const gt_kernel_table gt_kernel_table_avx512 = {
    .name = "avx512",
    .tier = GT_TIER_AVX512,
    .widen_any_f32 = gt_avx512_widen,
    .linear_f32_f32_f32 = &gt_avx512_linear,
    .linear_f32_bf16_f32 = &gt_avx512_linear_bf16,
    .layer_norm_f32_f32 = gt_avx512_layer_norm,
    .rms_norm_f32_f32 = gt_avx512_rms_norm,
    .activate_f32_f32 = gt_avx512_activate,
    .embed_any_f32 = gt_avx512_embed,
    .argmax_f32_i32 = gt_avx512_argmax,
    .rope_f32_f32 = gt_avx512_rope,
    .attention_f32_f32 = &gt_avx512_attention,
    .attention_bf16_f32 = &gt_avx512_attention,
    .disentangled_f32_f32 = &gt_avx512_disentangled,
};
