/* Prints the layout of every public struct as one C string literal per line: see gt_layout in gatun.h. */
#include <stdio.h>

#include "gatun.h"

#define STRUCT(type) printf("\"" #type " size=%zu", sizeof(type))
#define FIELD(type, field) printf(" " #field "@%zu:%zu", offsetof(type, field), sizeof(((type *)0)->field))
#define END() printf("\\n\"\n")

static void context_params(void) {
  STRUCT(gt_context_params);
  FIELD(gt_context_params, struct_size);
  FIELD(gt_context_params, threads);
  FIELD(gt_context_params, tier);
  FIELD(gt_context_params, device);
  END();
}

static void device_info(void) {
  STRUCT(gt_device_info);
  FIELD(gt_device_info, struct_size);
  FIELD(gt_device_info, usable);
  FIELD(gt_device_info, compute_major);
  FIELD(gt_device_info, compute_minor);
  FIELD(gt_device_info, driver_version);
  FIELD(gt_device_info, processors);
  FIELD(gt_device_info, total_bytes);
  FIELD(gt_device_info, free_bytes);
  FIELD(gt_device_info, name);
  END();
}

static void linear_params(void) {
  STRUCT(gt_linear_params);
  FIELD(gt_linear_params, struct_size);
  FIELD(gt_linear_params, activation);
  FIELD(gt_linear_params, rows);
  FIELD(gt_linear_params, x_stride);
  FIELD(gt_linear_params, y_stride);
  FIELD(gt_linear_params, residual_stride);
  FIELD(gt_linear_params, scale);
  END();
}

static void pool_params(void) {
  STRUCT(gt_pool_params);
  FIELD(gt_pool_params, struct_size);
  FIELD(gt_pool_params, batch);
  FIELD(gt_pool_params, pooling);
  FIELD(gt_pool_params, features);
  FIELD(gt_pool_params, x_stride);
  FIELD(gt_pool_params, y_stride);
  END();
}

static void rope_params(void) {
  STRUCT(gt_rope_params);
  FIELD(gt_rope_params, struct_size);
  FIELD(gt_rope_params, num_heads);
  FIELD(gt_rope_params, head_dim);
  FIELD(gt_rope_params, rotary_dim);
  FIELD(gt_rope_params, interleaved);
  FIELD(gt_rope_params, tokens);
  FIELD(gt_rope_params, x_stride);
  FIELD(gt_rope_params, table_rows);
  END();
}

static void attention_params(void) {
  STRUCT(gt_attention_params);
  FIELD(gt_attention_params, struct_size);
  FIELD(gt_attention_params, batch);
  FIELD(gt_attention_params, num_heads);
  FIELD(gt_attention_params, num_kv_heads);
  FIELD(gt_attention_params, head_dim);
  FIELD(gt_attention_params, v_head_dim);
  FIELD(gt_attention_params, causal);
  FIELD(gt_attention_params, scale);
  FIELD(gt_attention_params, q_stride);
  FIELD(gt_attention_params, k_stride);
  FIELD(gt_attention_params, v_stride);
  FIELD(gt_attention_params, out_stride);
  FIELD(gt_attention_params, bias_distance);
  FIELD(gt_attention_params, block_size);
  FIELD(gt_attention_params, k_block_stride);
  FIELD(gt_attention_params, v_block_stride);
  FIELD(gt_attention_params, blocks_per_sequence);
  FIELD(gt_attention_params, sliding_window);
  FIELD(gt_attention_params, softcap);
  FIELD(gt_attention_params, compute_dtype);
  END();
}

static void disentangled_params(void) {
  STRUCT(gt_disentangled_params);
  FIELD(gt_disentangled_params, struct_size);
  FIELD(gt_disentangled_params, batch);
  FIELD(gt_disentangled_params, num_heads);
  FIELD(gt_disentangled_params, head_dim);
  FIELD(gt_disentangled_params, scale);
  FIELD(gt_disentangled_params, max_distance);
  FIELD(gt_disentangled_params, positions);
  FIELD(gt_disentangled_params, compute_dtype);
  FIELD(gt_disentangled_params, q_stride);
  FIELD(gt_disentangled_params, k_stride);
  FIELD(gt_disentangled_params, v_stride);
  FIELD(gt_disentangled_params, out_stride);
  FIELD(gt_disentangled_params, position_k_stride);
  FIELD(gt_disentangled_params, position_q_stride);
  END();
}

static void kv_append_params(void) {
  STRUCT(gt_kv_append_params);
  FIELD(gt_kv_append_params, struct_size);
  FIELD(gt_kv_append_params, batch);
  FIELD(gt_kv_append_params, features);
  FIELD(gt_kv_append_params, source_stride);
  FIELD(gt_kv_append_params, row_stride);
  FIELD(gt_kv_append_params, block_stride);
  FIELD(gt_kv_append_params, block_size);
  FIELD(gt_kv_append_params, blocks_per_sequence);
  END();
}

int main(void) {
  context_params();
  device_info();
  linear_params();
  pool_params();
  rope_params();
  attention_params();
  disentangled_params();
  kv_append_params();
  return 0;
}
