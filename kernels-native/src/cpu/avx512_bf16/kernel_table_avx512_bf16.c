#include "cpu/avx512_bf16/avx512_bf16.h"

extern const gt_kernel_table gt_kernel_table_avx512_bf16;

const gt_kernel_table gt_kernel_table_avx512_bf16 = {
    .name = "avx512_bf16",
    .tier = GT_TIER_AVX512_BF16,
    .widen_any_f32 = gt_avx512_widen,
    .linear_f32_f32_f32 = &gt_avx512_linear,
    .linear_f32_bf16_f32 = &gt_avx512_bf16_linear,
    .layer_norm_f32_f32 = gt_avx512_layer_norm,
    .rms_norm_f32_f32 = gt_avx512_rms_norm,
    .activate_f32_f32 = gt_avx512_activate,
    .embed_any_f32 = gt_avx512_embed,
    .argmax_f32_i32 = gt_avx512_argmax,
    .rope_f32_f32 = gt_avx512_rope,
    .attention_f32_f32 = &gt_avx512_attention,
    .attention_bf16_f32 = &gt_avx512_bf16_attention,
    .disentangled_f32_f32 = &gt_avx512_disentangled,
};
