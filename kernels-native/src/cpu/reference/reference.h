/* The scalar kernels: the oracle of every other tier. */
#ifndef GT_REFERENCE_H
#define GT_REFERENCE_H

#include "cpu/kernel_table.h"

extern const gt_linear_kernel gt_reference_linear;
extern const gt_linear_kernel gt_reference_linear_bf16;
gt_layer_norm_kernel gt_reference_layer_norm;
gt_rms_norm_kernel gt_reference_rms_norm;
gt_embed_kernel gt_reference_embed;
gt_argmax_kernel gt_reference_argmax;
gt_rope_kernel gt_reference_rope;
gt_widen_kernel gt_reference_widen;
gt_activate_kernel gt_reference_activate;
extern const gt_attention_kernel gt_reference_attention;
extern const gt_disentangled_kernel gt_reference_disentangled;

#endif
