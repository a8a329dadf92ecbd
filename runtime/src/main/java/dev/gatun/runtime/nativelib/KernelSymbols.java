package dev.gatun.runtime.nativelib;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * Every function of {@code gatun.h}, in the header's order: the whole native surface. {@code
 * MemorySegment} stands for a pointer, {@code int} for int32_t, uint32_t and gt_status, {@code
 * long} for int64_t and size_t.
 */
record KernelSymbols(
    @C(
            name = "gt_abi_version",
            returns = int.class,
            takes = {})
        MethodHandle abiVersion,
    @C(
            name = "gt_layout",
            returns = MemorySegment.class,
            takes = {})
        MethodHandle layout,
    @C(name = "gt_tier_name", returns = MemorySegment.class, takes = int.class)
        MethodHandle tierName,
    @C(
            name = "gt_best_tier",
            returns = int.class,
            takes = {})
        MethodHandle bestTier,
    @C(
            name = "gt_context_create",
            returns = int.class,
            takes = {MemorySegment.class, MemorySegment.class, MemorySegment.class, long.class})
        MethodHandle contextCreate,
    @C(name = "gt_context_destroy", returns = void.class, takes = MemorySegment.class)
        MethodHandle contextDestroy,
    @C(
            name = "gt_context_tier",
            returns = int.class,
            takes = MemorySegment.class,
            constantTime = true)
        MethodHandle contextTier,
    @C(
            name = "gt_context_threads",
            returns = int.class,
            takes = MemorySegment.class,
            constantTime = true)
        MethodHandle contextThreads,
    @C(
            name = "gt_allocate",
            returns = int.class,
            takes = {
              MemorySegment.class,
              long.class,
              MemorySegment.class,
              MemorySegment.class,
              long.class
            })
        MethodHandle allocate,
    @C(
            name = "gt_free",
            returns = void.class,
            takes = {MemorySegment.class, MemorySegment.class})
        MethodHandle free,
    @C(
            name = "gt_upload",
            returns = int.class,
            takes = {
              MemorySegment.class,
              MemorySegment.class,
              MemorySegment.class,
              long.class,
              MemorySegment.class,
              long.class
            })
        MethodHandle upload,
    @C(
            name = "gt_download",
            returns = int.class,
            takes = {
              MemorySegment.class,
              MemorySegment.class,
              MemorySegment.class,
              long.class,
              MemorySegment.class,
              long.class
            })
        MethodHandle download,
    @C(
            name = "gt_release_pages",
            returns = void.class,
            takes = {MemorySegment.class, long.class})
        MethodHandle releasePages,
    @C(
            name = "gt_context_bytes",
            returns = long.class,
            takes = MemorySegment.class,
            constantTime = true)
        MethodHandle contextBytes,
    @C(
            name = "gt_linear_create",
            returns = int.class,
            takes = {
              MemorySegment.class, // context
              long.class, // in_features
              long.class, // out_features
              int.class, // compute_dtype
              int.class, // gated
              MemorySegment.class, // linear
              MemorySegment.class,
              long.class
            })
        MethodHandle linearCreate,
    @C(
            name = "gt_linear_pack",
            returns = int.class,
            takes = {
              MemorySegment.class, // context
              MemorySegment.class, // linear
              long.class, // first_row
              long.class, // rows
              MemorySegment.class, // weight
              int.class, // weight_dtype
              int.class, // layout
              MemorySegment.class, // bias
              int.class, // bias_dtype
              MemorySegment.class,
              long.class
            })
        MethodHandle linearPack,
    @C(
            name = "gt_linear_destroy",
            returns = void.class,
            takes = {MemorySegment.class, MemorySegment.class})
        MethodHandle linearDestroy,
    @C(
            name = "gt_linear_forward",
            returns = int.class,
            takes = {
              MemorySegment.class, // context
              MemorySegment.class, // linear
              MemorySegment.class, // x
              MemorySegment.class, // residual
              MemorySegment.class, // y
              MemorySegment.class, // params
              MemorySegment.class,
              long.class
            })
        MethodHandle linearForward,
    @C(
            name = "gt_layer_norm",
            returns = int.class,
            takes = {
              MemorySegment.class, // context
              MemorySegment.class, // x
              MemorySegment.class, // weight
              MemorySegment.class, // bias
              MemorySegment.class, // y
              long.class, // rows
              long.class, // features
              long.class, // x_stride
              long.class, // y_stride
              float.class, // eps
              MemorySegment.class,
              long.class
            })
        MethodHandle layerNorm,
    @C(
            name = "gt_rms_norm",
            returns = int.class,
            takes = {
              MemorySegment.class, // context
              MemorySegment.class, // x
              MemorySegment.class, // weight
              MemorySegment.class, // y
              long.class, // rows
              long.class, // features
              long.class, // x_stride
              long.class, // y_stride
              float.class, // eps
              MemorySegment.class,
              long.class
            })
        MethodHandle rmsNorm,
    @C(
            name = "gt_activate",
            returns = int.class,
            takes = {
              MemorySegment.class, // context
              MemorySegment.class, // x
              MemorySegment.class, // y
              long.class, // rows
              long.class, // features
              long.class, // x_stride
              long.class, // y_stride
              int.class, // activation
              MemorySegment.class,
              long.class
            })
        MethodHandle activate,
    @C(
            name = "gt_embed",
            returns = int.class,
            takes = {
              MemorySegment.class, // context
              MemorySegment.class, // table
              int.class, // table_dtype
              long.class, // table_rows
              long.class, // features
              long.class, // table_stride
              MemorySegment.class, // ids
              long.class, // tokens
              int.class, // accumulate
              MemorySegment.class, // y
              long.class, // y_stride
              MemorySegment.class,
              long.class
            })
        MethodHandle embed,
    @C(
            name = "gt_argmax",
            returns = int.class,
            takes = {
              MemorySegment.class, // context
              MemorySegment.class, // x
              long.class, // rows
              long.class, // columns
              long.class, // x_stride
              MemorySegment.class, // indices
              MemorySegment.class,
              long.class
            })
        MethodHandle argmax,
    @C(
            name = "gt_rope",
            returns = int.class,
            takes = {
              MemorySegment.class, // context
              MemorySegment.class, // x
              MemorySegment.class, // positions
              MemorySegment.class, // cosines
              MemorySegment.class, // sines
              MemorySegment.class, // params
              MemorySegment.class,
              long.class
            })
        MethodHandle rope,
    @C(
            name = "gt_attention",
            returns = int.class,
            takes = {
              MemorySegment.class, // context
              MemorySegment.class, // q
              MemorySegment.class, // k
              MemorySegment.class, // v
              MemorySegment.class, // cu_seqlens_q
              MemorySegment.class, // cu_seqlens_kv
              MemorySegment.class, // block_table
              MemorySegment.class, // distance_bias
              MemorySegment.class, // out
              MemorySegment.class, // params
              MemorySegment.class,
              long.class
            })
        MethodHandle attention,
    @C(
            name = "gt_disentangled_attention",
            returns = int.class,
            takes = {
              MemorySegment.class, // context
              MemorySegment.class, // q
              MemorySegment.class, // k
              MemorySegment.class, // v
              MemorySegment.class, // cu_seqlens
              MemorySegment.class, // position_k
              MemorySegment.class, // position_q
              MemorySegment.class, // position_index
              MemorySegment.class, // out
              MemorySegment.class, // params
              MemorySegment.class,
              long.class
            })
        MethodHandle disentangledAttention,
    @C(
            name = "gt_kv_append",
            returns = int.class,
            takes = {
              MemorySegment.class, // context
              MemorySegment.class, // source
              MemorySegment.class, // cu_seqlens_new
              MemorySegment.class, // lengths
              MemorySegment.class, // block_table
              MemorySegment.class, // blocks
              MemorySegment.class, // params
              MemorySegment.class,
              long.class
            })
        MethodHandle kvAppend) {

  /** GT_ABI_VERSION of the header that this record was written from. */
  static final int ABI_VERSION = 3;

  /** The C function behind a component. */
  @Retention(RetentionPolicy.RUNTIME)
  @Target(ElementType.RECORD_COMPONENT)
  @interface C {
    String name();

    Class<?> returns();

    Class<?>[] takes();

    /**
     * Reads a field and returns: the call may skip the thread-state transition
     * (Linker.Option.critical).
     */
    boolean constantTime() default false;
  }
}
