package dev.gatun.runtime.nativelib;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.StructLayout;
import java.util.List;

/**
 * The parameter structs of {@code gatun.h}, field by field. A test compares them with {@code
 * gt_layout()}.
 */
final class Structs {

  static final StructLayout CONTEXT_PARAMS =
      MemoryLayout.structLayout(
              JAVA_INT.withName("struct_size"),
              JAVA_INT.withName("threads"),
              JAVA_INT.withName("tier"))
          .withName("gt_context_params");

  static final StructLayout LINEAR_PARAMS =
      MemoryLayout.structLayout(
              JAVA_INT.withName("struct_size"),
              JAVA_INT.withName("activation"),
              JAVA_LONG.withName("rows"),
              JAVA_LONG.withName("x_stride"),
              JAVA_LONG.withName("y_stride"),
              JAVA_LONG.withName("residual_stride"),
              JAVA_FLOAT.withName("scale"),
              MemoryLayout.paddingLayout(4))
          .withName("gt_linear_params");

  static final StructLayout ATTENTION_PARAMS =
      MemoryLayout.structLayout(
              JAVA_INT.withName("struct_size"),
              JAVA_INT.withName("batch"),
              JAVA_INT.withName("num_heads"),
              JAVA_INT.withName("num_kv_heads"),
              JAVA_INT.withName("head_dim"),
              JAVA_INT.withName("v_head_dim"),
              JAVA_INT.withName("causal"),
              JAVA_FLOAT.withName("scale"),
              JAVA_LONG.withName("q_stride"),
              JAVA_LONG.withName("k_stride"),
              JAVA_LONG.withName("v_stride"),
              JAVA_LONG.withName("out_stride"),
              JAVA_INT.withName("bias_distance"),
              JAVA_INT.withName("block_size"),
              JAVA_LONG.withName("k_block_stride"),
              JAVA_LONG.withName("v_block_stride"),
              JAVA_INT.withName("blocks_per_sequence"),
              JAVA_INT.withName("sliding_window"),
              JAVA_FLOAT.withName("softcap"),
              MemoryLayout.paddingLayout(4))
          .withName("gt_attention_params");

  static final StructLayout KV_APPEND_PARAMS =
      MemoryLayout.structLayout(
              JAVA_INT.withName("struct_size"),
              JAVA_INT.withName("batch"),
              JAVA_LONG.withName("features"),
              JAVA_LONG.withName("source_stride"),
              JAVA_LONG.withName("row_stride"),
              JAVA_LONG.withName("block_stride"),
              JAVA_INT.withName("block_size"),
              JAVA_INT.withName("blocks_per_sequence"))
          .withName("gt_kv_append_params");

  static final List<StructLayout> ALL =
      List.of(CONTEXT_PARAMS, LINEAR_PARAMS, ATTENTION_PARAMS, KV_APPEND_PARAMS);

  private Structs() {}

  /** Where a field lies in its struct, in bytes. */
  static long offset(StructLayout struct, String field) {
    return struct.byteOffset(PathElement.groupElement(field));
  }
}
