#include "cpu/reference/reference.h"

extern const gt_kernel_table gt_kernel_table_reference;

const gt_kernel_table gt_kernel_table_reference = {
    .name = "reference",
    .tier = GT_TIER_REFERENCE,
    .widen_any_f32 = gt_reference_widen,
    .linear_f32_f32_f32 = &gt_reference_linear,
    .linear_f32_bf16_f32 = &gt_reference_linear_bf16,
    .layer_norm_f32_f32 = gt_reference_layer_norm,
    .rms_norm_f32_f32 = gt_reference_rms_norm,
    .activate_f32_f32 = gt_reference_activate,
    .embed_any_f32 = gt_reference_embed,
    .argmax_f32_i32 = gt_reference_argmax,
    .rope_f32_f32 = gt_reference_rope,
    .attention_f32_f32 = &gt_reference_attention,
    .attention_bf16_f32 = &gt_reference_attention,
    .disentangled_f32_f32 = &gt_reference_disentangled,
};
