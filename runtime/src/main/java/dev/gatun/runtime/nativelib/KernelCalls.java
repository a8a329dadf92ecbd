package dev.gatun.runtime.nativelib;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.gatun.loader.safetensors.DType;
import dev.gatun.runtime.nativelib.Structs.AttentionParams;
import dev.gatun.runtime.nativelib.Structs.KvAppendParams;
import dev.gatun.runtime.nativelib.Structs.LinearParams;
import java.lang.foreign.MemorySegment;

/**
 * The ops of {@code gatun.h} as Java methods of one context. They pass on what they are given:
 * shapes are the caller's ({@code Ops}) to check. Memory cannot vanish during a call, because the
 * linker holds each argument's arena open; the context and the parameters go without, held by the
 * arena of the message, for that costs as much as the rest of a call.
 */
public final class KernelCalls {

  private final NativeContext context;

  public KernelCalls(NativeContext context) {
    this.context = context;
  }

  public NativeContext context() {
    return context;
  }

  /**
   * y = residual + scale * activation(x W^T + b); {@code residual} may be {@link
   * MemorySegment#NULL}.
   */
  public void linearForward(
      CallScratch scratch,
      MemorySegment linear,
      MemorySegment x,
      MemorySegment residual,
      MemorySegment y,
      int activation,
      long rows,
      long xStride,
      long yStride,
      long residualStride,
      float scale) {
    begin(scratch);
    try {
      MemorySegment params = scratch.params();
      params.set(JAVA_INT, 0, LinearParams.BYTES);
      params.set(JAVA_INT, LinearParams.ACTIVATION, activation);
      params.set(JAVA_LONG, LinearParams.ROWS, rows);
      params.set(JAVA_LONG, LinearParams.X_STRIDE, xStride);
      params.set(JAVA_LONG, LinearParams.Y_STRIDE, yStride);
      params.set(JAVA_LONG, LinearParams.RESIDUAL_STRIDE, residualStride);
      params.set(JAVA_FLOAT, LinearParams.SCALE, scale);
      int status =
          (int)
              Kernels.LINEAR_FORWARD.invokeExact(
                  context.address(),
                  linear,
                  x,
                  residual,
                  y,
                  scratch.paramsAddress(),
                  scratch.message(),
                  CallScratch.MESSAGE_BYTES);
      NativeStatus.check(status, scratch.message());
    } catch (Throwable e) {
      throw Kernels.rethrow(e);
    } finally {
      scratch.end();
    }
  }

  /** {@code bias} may be {@link MemorySegment#NULL}; {@code y} may be {@code x}. */
  public void layerNorm(
      CallScratch scratch,
      MemorySegment x,
      MemorySegment weight,
      MemorySegment bias,
      MemorySegment y,
      long rows,
      long features,
      float eps) {
    begin(scratch);
    try {
      int status =
          (int)
              Kernels.LAYER_NORM.invokeExact(
                  context.address(),
                  x,
                  weight,
                  bias,
                  y,
                  rows,
                  features,
                  eps,
                  scratch.message(),
                  CallScratch.MESSAGE_BYTES);
      NativeStatus.check(status, scratch.message());
    } catch (Throwable e) {
      throw Kernels.rethrow(e);
    } finally {
      scratch.end();
    }
  }

  /** {@code y} may be {@code x}. */
  public void rmsNorm(
      CallScratch scratch,
      MemorySegment x,
      MemorySegment weight,
      MemorySegment y,
      long rows,
      long features,
      float eps) {
    begin(scratch);
    try {
      int status =
          (int)
              Kernels.RMS_NORM.invokeExact(
                  context.address(),
                  x,
                  weight,
                  y,
                  rows,
                  features,
                  eps,
                  scratch.message(),
                  CallScratch.MESSAGE_BYTES);
      NativeStatus.check(status, scratch.message());
    } catch (Throwable e) {
      throw Kernels.rethrow(e);
    } finally {
      scratch.end();
    }
  }

  /** {@code y} may be {@code x}. */
  public void activate(
      CallScratch scratch, MemorySegment x, MemorySegment y, long count, int activation) {
    begin(scratch);
    try {
      int status =
          (int)
              Kernels.ACTIVATE.invokeExact(
                  context.address(),
                  x,
                  y,
                  count,
                  activation,
                  scratch.message(),
                  CallScratch.MESSAGE_BYTES);
      NativeStatus.check(status, scratch.message());
    } catch (Throwable e) {
      throw Kernels.rethrow(e);
    } finally {
      scratch.end();
    }
  }

  /** {@code features} counts those of {@code y}, half of those of {@code x}. */
  public void gatedActivate(
      CallScratch scratch,
      MemorySegment x,
      MemorySegment y,
      long rows,
      long features,
      int activation) {
    begin(scratch);
    try {
      int status =
          (int)
              Kernels.GATED_ACTIVATE.invokeExact(
                  context.address(),
                  x,
                  y,
                  rows,
                  features,
                  activation,
                  scratch.message(),
                  CallScratch.MESSAGE_BYTES);
      NativeStatus.check(status, scratch.message());
    } catch (Throwable e) {
      throw Kernels.rethrow(e);
    } finally {
      scratch.end();
    }
  }

  /** y[t] = table[ids[t]], or y[t] += it. */
  public void embed(
      CallScratch scratch,
      MemorySegment table,
      DType tableType,
      long tableRows,
      long features,
      MemorySegment ids,
      long tokens,
      boolean accumulate,
      MemorySegment y) {
    begin(scratch);
    try {
      int status =
          (int)
              Kernels.EMBED.invokeExact(
                  context.address(),
                  table,
                  WeightTypes.code(tableType),
                  tableRows,
                  features,
                  ids,
                  tokens,
                  accumulate ? 1 : 0,
                  y,
                  scratch.message(),
                  CallScratch.MESSAGE_BYTES);
      NativeStatus.check(status, scratch.message());
    } catch (Throwable e) {
      throw Kernels.rethrow(e);
    } finally {
      scratch.end();
    }
  }

  /** indices[r] = the first index of the largest of row r. */
  public void argmax(
      CallScratch scratch,
      MemorySegment x,
      long rows,
      long columns,
      long xStride,
      MemorySegment indices) {
    begin(scratch);
    try {
      int status =
          (int)
              Kernels.ARGMAX.invokeExact(
                  context.address(),
                  x,
                  rows,
                  columns,
                  xStride,
                  indices,
                  scratch.message(),
                  CallScratch.MESSAGE_BYTES);
      NativeStatus.check(status, scratch.message());
    } catch (Throwable e) {
      throw Kernels.rethrow(e);
    } finally {
      scratch.end();
    }
  }

  /** The numbers of one attention call, named as in {@code gt_attention_params}. */
  public record AttentionShape(
      int batch,
      int numHeads,
      int numKvHeads,
      int headDim,
      int vHeadDim,
      boolean causal,
      float scale,
      long qStride,
      long kStride,
      long vStride,
      long outStride,
      int biasDistance,
      int blockSize,
      long kBlockStride,
      long vBlockStride,
      int blocksPerSequence) {}

  /** {@code blockTable} and {@code distanceBias} may be {@link MemorySegment#NULL}. */
  public void attention(
      CallScratch scratch,
      MemorySegment q,
      MemorySegment k,
      MemorySegment v,
      MemorySegment cuSeqlensQ,
      MemorySegment cuSeqlensKv,
      MemorySegment blockTable,
      MemorySegment distanceBias,
      MemorySegment out,
      AttentionShape shape) {
    begin(scratch);
    try {
      MemorySegment params = scratch.params();
      params.set(JAVA_INT, 0, AttentionParams.BYTES);
      params.set(JAVA_INT, AttentionParams.BATCH, shape.batch);
      params.set(JAVA_INT, AttentionParams.NUM_HEADS, shape.numHeads);
      params.set(JAVA_INT, AttentionParams.NUM_KV_HEADS, shape.numKvHeads);
      params.set(JAVA_INT, AttentionParams.HEAD_DIM, shape.headDim);
      params.set(JAVA_INT, AttentionParams.V_HEAD_DIM, shape.vHeadDim);
      params.set(JAVA_INT, AttentionParams.CAUSAL, shape.causal ? 1 : 0);
      params.set(JAVA_FLOAT, AttentionParams.SCALE, shape.scale);
      params.set(JAVA_LONG, AttentionParams.Q_STRIDE, shape.qStride);
      params.set(JAVA_LONG, AttentionParams.K_STRIDE, shape.kStride);
      params.set(JAVA_LONG, AttentionParams.V_STRIDE, shape.vStride);
      params.set(JAVA_LONG, AttentionParams.OUT_STRIDE, shape.outStride);
      params.set(JAVA_INT, AttentionParams.BIAS_DISTANCE, shape.biasDistance);
      params.set(JAVA_INT, AttentionParams.BLOCK_SIZE, shape.blockSize);
      params.set(JAVA_LONG, AttentionParams.K_BLOCK_STRIDE, shape.kBlockStride);
      params.set(JAVA_LONG, AttentionParams.V_BLOCK_STRIDE, shape.vBlockStride);
      params.set(JAVA_INT, AttentionParams.BLOCKS_PER_SEQUENCE, shape.blocksPerSequence);
      params.set(JAVA_INT, AttentionParams.SLIDING_WINDOW, 0);
      params.set(JAVA_FLOAT, AttentionParams.SOFTCAP, 0);
      params.set(JAVA_INT, AttentionParams.COMPUTE_DTYPE, WeightTypes.code(context.dtype()));
      int status =
          (int)
              Kernels.ATTENTION.invokeExact(
                  context.address(),
                  q,
                  k,
                  v,
                  cuSeqlensQ,
                  cuSeqlensKv,
                  blockTable,
                  distanceBias,
                  out,
                  scratch.paramsAddress(),
                  scratch.message(),
                  CallScratch.MESSAGE_BYTES);
      NativeStatus.check(status, scratch.message());
    } catch (Throwable e) {
      throw Kernels.rethrow(e);
    } finally {
      scratch.end();
    }
  }

  /**
   * Copies the new tokens of each sequence behind the {@code lengths[b]} tokens already in its
   * blocks.
   */
  public void kvAppend(
      CallScratch scratch,
      MemorySegment source,
      MemorySegment cuSeqlensNew,
      MemorySegment lengths,
      MemorySegment blockTable,
      MemorySegment blocks,
      int batch,
      long features,
      long sourceStride,
      long rowStride,
      long blockStride,
      int blockSize,
      int blocksPerSequence) {
    begin(scratch);
    try {
      MemorySegment params = scratch.params();
      params.set(JAVA_INT, 0, KvAppendParams.BYTES);
      params.set(JAVA_INT, KvAppendParams.BATCH, batch);
      params.set(JAVA_LONG, KvAppendParams.FEATURES, features);
      params.set(JAVA_LONG, KvAppendParams.SOURCE_STRIDE, sourceStride);
      params.set(JAVA_LONG, KvAppendParams.ROW_STRIDE, rowStride);
      params.set(JAVA_LONG, KvAppendParams.BLOCK_STRIDE, blockStride);
      params.set(JAVA_INT, KvAppendParams.BLOCK_SIZE, blockSize);
      params.set(JAVA_INT, KvAppendParams.BLOCKS_PER_SEQUENCE, blocksPerSequence);
      int status =
          (int)
              Kernels.KV_APPEND.invokeExact(
                  context.address(),
                  source,
                  cuSeqlensNew,
                  lengths,
                  blockTable,
                  blocks,
                  scratch.paramsAddress(),
                  scratch.message(),
                  CallScratch.MESSAGE_BYTES);
      NativeStatus.check(status, scratch.message());
    } catch (Throwable e) {
      throw Kernels.rethrow(e);
    } finally {
      scratch.end();
    }
  }

  private void begin(CallScratch scratch) {
    context.requireOpen();
    scratch.begin();
  }
}
