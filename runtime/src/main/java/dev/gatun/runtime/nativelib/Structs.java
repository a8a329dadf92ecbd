package dev.gatun.runtime.nativelib;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
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
              JAVA_INT.withName("tier"),
              JAVA_INT.withName("device"))
          .withName("gt_context_params");

  static final int DEVICE_NAME_BYTES = 128;

  static final StructLayout DEVICE_INFO =
      MemoryLayout.structLayout(
              JAVA_INT.withName("struct_size"),
              JAVA_INT.withName("usable"),
              JAVA_INT.withName("compute_major"),
              JAVA_INT.withName("compute_minor"),
              JAVA_INT.withName("driver_version"),
              JAVA_INT.withName("processors"),
              JAVA_LONG.withName("total_bytes"),
              JAVA_LONG.withName("free_bytes"),
              MemoryLayout.sequenceLayout(DEVICE_NAME_BYTES, JAVA_BYTE).withName("name"))
          .withName("gt_device_info");

  static final StructLayout LINEAR_PARAMS =
      MemoryLayout.structLayout(
              JAVA_INT.withName("struct_size"),
              JAVA_INT.withName("activation"),
              JAVA_LONG.withName("rows"),
              JAVA_LONG.withName("x_stride"),
              JAVA_LONG.withName("y_stride"),
              JAVA_LONG.withName("residual_stride"),
              JAVA_FLOAT.withName("scale"),
              JAVA_INT.withName("x_dtype"),
              JAVA_INT.withName("y_dtype"),
              MemoryLayout.paddingLayout(4))
          .withName("gt_linear_params");

  static final StructLayout POOL_PARAMS =
      MemoryLayout.structLayout(
              JAVA_INT.withName("struct_size"),
              JAVA_INT.withName("batch"),
              JAVA_INT.withName("pooling"),
              MemoryLayout.paddingLayout(4),
              JAVA_LONG.withName("features"),
              JAVA_LONG.withName("x_stride"),
              JAVA_LONG.withName("y_stride"))
          .withName("gt_pool_params");

  static final StructLayout ROPE_PARAMS =
      MemoryLayout.structLayout(
              JAVA_INT.withName("struct_size"),
              JAVA_INT.withName("num_heads"),
              JAVA_INT.withName("head_dim"),
              JAVA_INT.withName("rotary_dim"),
              JAVA_INT.withName("interleaved"),
              MemoryLayout.paddingLayout(4),
              JAVA_LONG.withName("tokens"),
              JAVA_LONG.withName("x_stride"),
              JAVA_LONG.withName("table_rows"))
          .withName("gt_rope_params");

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
              JAVA_INT.withName("compute_dtype"),
              JAVA_INT.withName("qkv_dtype"),
              JAVA_INT.withName("out_dtype"))
          .withName("gt_attention_params");

  static final StructLayout DISENTANGLED_PARAMS =
      MemoryLayout.structLayout(
              JAVA_INT.withName("struct_size"),
              JAVA_INT.withName("batch"),
              JAVA_INT.withName("num_heads"),
              JAVA_INT.withName("head_dim"),
              JAVA_FLOAT.withName("scale"),
              JAVA_INT.withName("max_distance"),
              JAVA_INT.withName("positions"),
              JAVA_INT.withName("compute_dtype"),
              JAVA_LONG.withName("q_stride"),
              JAVA_LONG.withName("k_stride"),
              JAVA_LONG.withName("v_stride"),
              JAVA_LONG.withName("out_stride"),
              JAVA_LONG.withName("position_k_stride"),
              JAVA_LONG.withName("position_q_stride"))
          .withName("gt_disentangled_params");

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
      List.of(
          DEVICE_INFO,
          CONTEXT_PARAMS,
          LINEAR_PARAMS,
          POOL_PARAMS,
          ROPE_PARAMS,
          ATTENTION_PARAMS,
          DISENTANGLED_PARAMS,
          KV_APPEND_PARAMS);

  private Structs() {}

  /** Where a field lies in its struct, in bytes. */
  static long offset(StructLayout struct, String field) {
    return struct.byteOffset(PathElement.groupElement(field));
  }

  // Offsets as constants: the JIT turns setting a field into one store.

  static final class LinearParams {
    static final StructLayout S = LINEAR_PARAMS;
    static final int BYTES = (int) S.byteSize();
    static final long ACTIVATION = offset(S, "activation");
    static final long ROWS = offset(S, "rows");
    static final long X_STRIDE = offset(S, "x_stride");
    static final long Y_STRIDE = offset(S, "y_stride");
    static final long RESIDUAL_STRIDE = offset(S, "residual_stride");
    static final long SCALE = offset(S, "scale");
    static final long X_DTYPE = offset(S, "x_dtype");
    static final long Y_DTYPE = offset(S, "y_dtype");

    private LinearParams() {}
  }

  static final class PoolParams {
    static final StructLayout S = POOL_PARAMS;
    static final int BYTES = (int) S.byteSize();
    static final long BATCH = offset(S, "batch");
    static final long POOLING = offset(S, "pooling");
    static final long FEATURES = offset(S, "features");
    static final long X_STRIDE = offset(S, "x_stride");
    static final long Y_STRIDE = offset(S, "y_stride");

    private PoolParams() {}
  }

  static final class RopeParams {
    static final StructLayout S = ROPE_PARAMS;
    static final int BYTES = (int) S.byteSize();
    static final long NUM_HEADS = offset(S, "num_heads");
    static final long HEAD_DIM = offset(S, "head_dim");
    static final long ROTARY_DIM = offset(S, "rotary_dim");
    static final long INTERLEAVED = offset(S, "interleaved");
    static final long TOKENS = offset(S, "tokens");
    static final long X_STRIDE = offset(S, "x_stride");
    static final long TABLE_ROWS = offset(S, "table_rows");

    private RopeParams() {}
  }

  static final class AttentionParams {
    static final StructLayout S = ATTENTION_PARAMS;
    static final int BYTES = (int) S.byteSize();
    static final long BATCH = offset(S, "batch");
    static final long NUM_HEADS = offset(S, "num_heads");
    static final long NUM_KV_HEADS = offset(S, "num_kv_heads");
    static final long HEAD_DIM = offset(S, "head_dim");
    static final long V_HEAD_DIM = offset(S, "v_head_dim");
    static final long CAUSAL = offset(S, "causal");
    static final long SCALE = offset(S, "scale");
    static final long Q_STRIDE = offset(S, "q_stride");
    static final long K_STRIDE = offset(S, "k_stride");
    static final long V_STRIDE = offset(S, "v_stride");
    static final long OUT_STRIDE = offset(S, "out_stride");
    static final long BIAS_DISTANCE = offset(S, "bias_distance");
    static final long BLOCK_SIZE = offset(S, "block_size");
    static final long K_BLOCK_STRIDE = offset(S, "k_block_stride");
    static final long V_BLOCK_STRIDE = offset(S, "v_block_stride");
    static final long BLOCKS_PER_SEQUENCE = offset(S, "blocks_per_sequence");
    static final long SLIDING_WINDOW = offset(S, "sliding_window");
    static final long SOFTCAP = offset(S, "softcap");
    static final long COMPUTE_DTYPE = offset(S, "compute_dtype");
    static final long QKV_DTYPE = offset(S, "qkv_dtype");
    static final long OUT_DTYPE = offset(S, "out_dtype");

    private AttentionParams() {}
  }

  static final class DisentangledParams {
    static final StructLayout S = DISENTANGLED_PARAMS;
    static final int BYTES = (int) S.byteSize();
    static final long BATCH = offset(S, "batch");
    static final long NUM_HEADS = offset(S, "num_heads");
    static final long HEAD_DIM = offset(S, "head_dim");
    static final long SCALE = offset(S, "scale");
    static final long MAX_DISTANCE = offset(S, "max_distance");
    static final long POSITIONS = offset(S, "positions");
    static final long COMPUTE_DTYPE = offset(S, "compute_dtype");
    static final long Q_STRIDE = offset(S, "q_stride");
    static final long K_STRIDE = offset(S, "k_stride");
    static final long V_STRIDE = offset(S, "v_stride");
    static final long OUT_STRIDE = offset(S, "out_stride");
    static final long POSITION_K_STRIDE = offset(S, "position_k_stride");
    static final long POSITION_Q_STRIDE = offset(S, "position_q_stride");

    private DisentangledParams() {}
  }

  static final class KvAppendParams {
    static final StructLayout S = KV_APPEND_PARAMS;
    static final int BYTES = (int) S.byteSize();
    static final long BATCH = offset(S, "batch");
    static final long FEATURES = offset(S, "features");
    static final long SOURCE_STRIDE = offset(S, "source_stride");
    static final long ROW_STRIDE = offset(S, "row_stride");
    static final long BLOCK_STRIDE = offset(S, "block_stride");
    static final long BLOCK_SIZE = offset(S, "block_size");
    static final long BLOCKS_PER_SEQUENCE = offset(S, "blocks_per_sequence");

    private KvAppendParams() {}
  }
}
