package dev.gatun.runtime.nativelib;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemoryLayout;

/**
 * Every function of {@code gatun.h}, in the header's order: the whole native surface. {@code
 * ADDRESS} stands for a pointer, {@code JAVA_INT} for int32_t, uint32_t and gt_status, {@code
 * JAVA_LONG} for int64_t and size_t.
 */
enum KernelSymbol {
  ABI_VERSION("gt_abi_version", Kind.CALL, JAVA_INT),
  LAYOUT("gt_layout", Kind.CALL, ADDRESS),
  TIER_NAME("gt_tier_name", Kind.CALL, ADDRESS, JAVA_INT),
  BEST_TIER("gt_best_tier", Kind.CALL, JAVA_INT),
  DEVICE_COUNT("gt_device_count", Kind.CALL, JAVA_INT, ADDRESS, ADDRESS, JAVA_LONG),
  DEVICE_DESCRIBE("gt_device_describe", Kind.CALL, JAVA_INT, JAVA_INT, ADDRESS, ADDRESS, JAVA_LONG),
  CONTEXT_CREATE("gt_context_create", Kind.CALL, JAVA_INT, ADDRESS, ADDRESS, ADDRESS, JAVA_LONG),
  CONTEXT_FORK("gt_context_fork", Kind.CALL, JAVA_INT, ADDRESS, ADDRESS, ADDRESS, JAVA_LONG),
  CONTEXT_DESTROY("gt_context_destroy", Kind.CALL, null, ADDRESS),
  SYNCHRONIZE("gt_synchronize", Kind.CALL, JAVA_INT, ADDRESS, ADDRESS, JAVA_LONG),
  GRAPH_BEGIN("gt_graph_begin", Kind.CALL, JAVA_INT, ADDRESS, ADDRESS, JAVA_LONG),
  GRAPH_END("gt_graph_end", Kind.CALL, JAVA_INT, ADDRESS, ADDRESS, JAVA_LONG),
  CONTEXT_TIER("gt_context_tier", Kind.CONSTANT_TIME, JAVA_INT, ADDRESS),
  CONTEXT_THREADS("gt_context_threads", Kind.CONSTANT_TIME, JAVA_INT, ADDRESS),
  ALLOCATE("gt_allocate", Kind.CALL, JAVA_INT, ADDRESS, JAVA_LONG, ADDRESS, ADDRESS, JAVA_LONG),
  FREE("gt_free", Kind.CALL, null, ADDRESS, ADDRESS),
  UPLOAD(
      "gt_upload", Kind.CALL, JAVA_INT, ADDRESS, ADDRESS, ADDRESS, JAVA_LONG, ADDRESS, JAVA_LONG),
  DOWNLOAD(
      "gt_download", Kind.CALL, JAVA_INT, ADDRESS, ADDRESS, ADDRESS, JAVA_LONG, ADDRESS, JAVA_LONG),
  RELEASE_PAGES("gt_release_pages", Kind.CALL, null, ADDRESS, JAVA_LONG),
  CONTEXT_BYTES("gt_context_bytes", Kind.CONSTANT_TIME, JAVA_LONG, ADDRESS),
  LINEAR_CREATE(
      "gt_linear_create",
      Kind.CALL,
      JAVA_INT,
      ADDRESS, // context
      JAVA_LONG, // in_features
      JAVA_LONG, // out_features
      JAVA_INT, // compute_dtype
      JAVA_INT, // gated
      ADDRESS, // linear
      ADDRESS,
      JAVA_LONG),
  LINEAR_PACK(
      "gt_linear_pack",
      Kind.CALL,
      JAVA_INT,
      ADDRESS, // context
      ADDRESS, // linear
      JAVA_LONG, // first_row
      JAVA_LONG, // rows
      ADDRESS, // weight
      JAVA_INT, // weight_dtype
      JAVA_INT, // layout
      ADDRESS, // bias
      JAVA_INT, // bias_dtype
      ADDRESS,
      JAVA_LONG),
  LINEAR_DESTROY("gt_linear_destroy", Kind.CALL, null, ADDRESS, ADDRESS),
  LINEAR_FORWARD(
      "gt_linear_forward",
      Kind.CALL,
      JAVA_INT,
      ADDRESS, // context
      ADDRESS, // linear
      ADDRESS, // x
      ADDRESS, // residual
      ADDRESS, // y
      ADDRESS, // params
      ADDRESS,
      JAVA_LONG),
  LAYER_NORM(
      "gt_layer_norm",
      Kind.CALL,
      JAVA_INT,
      ADDRESS, // context
      ADDRESS, // x
      ADDRESS, // weight
      ADDRESS, // bias
      ADDRESS, // y
      JAVA_LONG, // rows
      JAVA_LONG, // features
      JAVA_LONG, // x_stride
      JAVA_LONG, // y_stride
      JAVA_FLOAT, // eps
      ADDRESS,
      JAVA_LONG),
  RMS_NORM(
      "gt_rms_norm",
      Kind.CALL,
      JAVA_INT,
      ADDRESS, // context
      ADDRESS, // x
      ADDRESS, // weight
      ADDRESS, // y
      JAVA_LONG, // rows
      JAVA_LONG, // features
      JAVA_LONG, // x_stride
      JAVA_LONG, // y_stride
      JAVA_FLOAT, // eps
      ADDRESS,
      JAVA_LONG),
  ACTIVATE(
      "gt_activate",
      Kind.CALL,
      JAVA_INT,
      ADDRESS, // context
      ADDRESS, // x
      ADDRESS, // y
      JAVA_LONG, // rows
      JAVA_LONG, // features
      JAVA_LONG, // x_stride
      JAVA_LONG, // y_stride
      JAVA_INT, // activation
      ADDRESS,
      JAVA_LONG),
  EMBED(
      "gt_embed",
      Kind.CALL,
      JAVA_INT,
      ADDRESS, // context
      ADDRESS, // table
      JAVA_INT, // table_dtype
      JAVA_LONG, // table_rows
      JAVA_LONG, // features
      JAVA_LONG, // table_stride
      ADDRESS, // ids
      JAVA_LONG, // tokens
      JAVA_INT, // accumulate
      ADDRESS, // y
      JAVA_LONG, // y_stride
      ADDRESS,
      JAVA_LONG),
  ARGMAX(
      "gt_argmax",
      Kind.CALL,
      JAVA_INT,
      ADDRESS, // context
      ADDRESS, // x
      JAVA_LONG, // rows
      JAVA_LONG, // columns
      JAVA_LONG, // x_stride
      ADDRESS, // indices
      ADDRESS,
      JAVA_LONG),
  POOL_SEQUENCES(
      "gt_pool_sequences",
      Kind.CALL,
      JAVA_INT,
      ADDRESS, // context
      ADDRESS, // x
      ADDRESS, // cu_seqlens
      ADDRESS, // masked
      ADDRESS, // y
      ADDRESS, // params
      ADDRESS,
      JAVA_LONG),
  ROPE(
      "gt_rope", Kind.CALL, JAVA_INT, ADDRESS, // context
      ADDRESS, // x
      ADDRESS, // positions
      ADDRESS, // cosines
      ADDRESS, // sines
      ADDRESS, // params
      ADDRESS, JAVA_LONG),
  ATTENTION(
      "gt_attention",
      Kind.CALL,
      JAVA_INT,
      ADDRESS, // context
      ADDRESS, // q
      ADDRESS, // k
      ADDRESS, // v
      ADDRESS, // cu_seqlens_q
      ADDRESS, // cu_seqlens_kv
      ADDRESS, // block_table
      ADDRESS, // distance_bias
      ADDRESS, // out
      ADDRESS, // params
      ADDRESS,
      JAVA_LONG),
  DISENTANGLED_ATTENTION(
      "gt_disentangled_attention",
      Kind.CALL,
      JAVA_INT,
      ADDRESS, // context
      ADDRESS, // q
      ADDRESS, // k
      ADDRESS, // v
      ADDRESS, // cu_seqlens
      ADDRESS, // position_k
      ADDRESS, // position_q
      ADDRESS, // position_index
      ADDRESS, // out
      ADDRESS, // params
      ADDRESS,
      JAVA_LONG),
  KV_APPEND(
      "gt_kv_append",
      Kind.CALL,
      JAVA_INT,
      ADDRESS, // context
      ADDRESS, // source
      ADDRESS, // cu_seqlens_new
      ADDRESS, // lengths
      ADDRESS, // block_table
      ADDRESS, // blocks
      ADDRESS, // params
      ADDRESS,
      JAVA_LONG);

  /** GT_ABI_VERSION of the header that this list was written from. */
  static final int ABI = 4;

  private enum Kind {
    CALL,
    /**
     * Reads a field and returns: the call may skip the thread-state transition
     * (Linker.Option.critical).
     */
    CONSTANT_TIME
  }

  private final String function;
  private final boolean constantTime;
  private final FunctionDescriptor descriptor;

  /**
   * @param returns null for void
   */
  KernelSymbol(String function, Kind kind, MemoryLayout returns, MemoryLayout... takes) {
    this.function = function;
    this.constantTime = kind == Kind.CONSTANT_TIME;
    this.descriptor =
        returns == null ? FunctionDescriptor.ofVoid(takes) : FunctionDescriptor.of(returns, takes);
  }

  /** Its name in C. */
  String function() {
    return function;
  }

  boolean constantTime() {
    return constantTime;
  }

  FunctionDescriptor descriptor() {
    return descriptor;
  }
}
