package dev.gatun.runtime.nativelib;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.gatun.loader.config.PoolingMode;
import dev.gatun.loader.safetensors.DType;
import dev.gatun.runtime.nativelib.Structs.LinearParams;
import dev.gatun.runtime.nativelib.Structs.PoolParams;
import dev.gatun.runtime.nativelib.Structs.RopeParams;
import java.lang.foreign.MemorySegment;

/**
 * The ops of {@code gatun.h} but attention as Java methods of one context. They pass on what they
 * are given: shapes are the caller's ({@code Ops}) to check. Memory cannot vanish during a call:
 * the linker holds the arenas of the operands open, and a {@link CallScratch} in use holds itself
 * and the context. Hence message, parameters and context go as bare addresses: an arena more to
 * hold costs as much as all else that a call does in Java.
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
      float scale,
      DType xType,
      DType yType) {
    scratch.begin(context);
    try {
      MemorySegment params = scratch.params();
      params.set(JAVA_INT, 0, LinearParams.BYTES);
      params.set(JAVA_INT, LinearParams.ACTIVATION, activation);
      params.set(JAVA_LONG, LinearParams.ROWS, rows);
      params.set(JAVA_LONG, LinearParams.X_STRIDE, xStride);
      params.set(JAVA_LONG, LinearParams.Y_STRIDE, yStride);
      params.set(JAVA_LONG, LinearParams.RESIDUAL_STRIDE, residualStride);
      params.set(JAVA_FLOAT, LinearParams.SCALE, scale);
      params.set(JAVA_INT, LinearParams.X_DTYPE, WeightTypes.code(xType));
      params.set(JAVA_INT, LinearParams.Y_DTYPE, WeightTypes.code(yType));
      int status =
          (int)
              Kernels.LINEAR_FORWARD.invokeExact(
                  context.function(KernelSymbol.LINEAR_FORWARD),
                  scratch.queue(),
                  linear,
                  x,
                  residual,
                  y,
                  scratch.paramsAddress(),
                  scratch.messageAddress(),
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
      long xStride,
      long yStride,
      float eps) {
    scratch.begin(context);
    try {
      int status =
          (int)
              Kernels.LAYER_NORM.invokeExact(
                  context.function(KernelSymbol.LAYER_NORM),
                  scratch.queue(),
                  x,
                  weight,
                  bias,
                  y,
                  rows,
                  features,
                  xStride,
                  yStride,
                  eps,
                  scratch.messageAddress(),
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
      long xStride,
      long yStride,
      float eps) {
    scratch.begin(context);
    try {
      int status =
          (int)
              Kernels.RmsNorm.RMS_NORM.invokeExact(
                  context.function(KernelSymbol.RMS_NORM),
                  scratch.queue(),
                  x,
                  weight,
                  y,
                  rows,
                  features,
                  xStride,
                  yStride,
                  eps,
                  scratch.messageAddress(),
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
      CallScratch scratch,
      MemorySegment x,
      MemorySegment y,
      long rows,
      long features,
      long xStride,
      long yStride,
      int activation) {
    scratch.begin(context);
    try {
      int status =
          (int)
              Kernels.Activate.ACTIVATE.invokeExact(
                  context.function(KernelSymbol.ACTIVATE),
                  scratch.queue(),
                  x,
                  y,
                  rows,
                  features,
                  xStride,
                  yStride,
                  activation,
                  scratch.messageAddress(),
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
      long tableStride,
      MemorySegment ids,
      long tokens,
      boolean accumulate,
      MemorySegment y,
      long yStride) {
    scratch.begin(context);
    try {
      int status =
          (int)
              Kernels.EMBED.invokeExact(
                  context.function(KernelSymbol.EMBED),
                  scratch.queue(),
                  table,
                  WeightTypes.code(tableType),
                  tableRows,
                  features,
                  tableStride,
                  ids,
                  tokens,
                  accumulate ? 1 : 0,
                  y,
                  yStride,
                  scratch.messageAddress(),
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
    scratch.begin(context);
    try {
      int status =
          (int)
              Kernels.Decoding.ARGMAX.invokeExact(
                  context.function(KernelSymbol.ARGMAX),
                  scratch.queue(),
                  x,
                  rows,
                  columns,
                  xStride,
                  indices,
                  scratch.messageAddress(),
                  CallScratch.MESSAGE_BYTES);
      NativeStatus.check(status, scratch.message());
    } catch (Throwable e) {
      throw Kernels.rethrow(e);
    } finally {
      scratch.end();
    }
  }

  /** y[b] = one vector of sequence b's rows of x, without the first masked[b] of them. */
  public void poolSequences(
      CallScratch scratch,
      MemorySegment x,
      MemorySegment cuSeqlens,
      MemorySegment masked,
      MemorySegment y,
      int batch,
      PoolingMode mode,
      long features,
      long xStride,
      long yStride) {
    scratch.begin(context);
    try {
      MemorySegment params = scratch.params();
      params.set(JAVA_INT, 0, PoolParams.BYTES);
      params.set(JAVA_INT, PoolParams.BATCH, batch);
      params.set(JAVA_INT, PoolParams.POOLING, code(mode));
      params.set(JAVA_LONG, PoolParams.FEATURES, features);
      params.set(JAVA_LONG, PoolParams.X_STRIDE, xStride);
      params.set(JAVA_LONG, PoolParams.Y_STRIDE, yStride);
      int status =
          (int)
              Kernels.Pooling.POOL_SEQUENCES.invokeExact(
                  context.function(KernelSymbol.POOL_SEQUENCES),
                  scratch.queue(),
                  x,
                  cuSeqlens,
                  masked,
                  y,
                  scratch.paramsAddress(),
                  scratch.messageAddress(),
                  CallScratch.MESSAGE_BYTES);
      NativeStatus.check(status, scratch.message());
    } catch (Throwable e) {
      throw Kernels.rethrow(e);
    } finally {
      scratch.end();
    }
  }

  /** {@code gt_pooling}. */
  private static int code(PoolingMode mode) {
    return switch (mode) {
      case CLS -> 0;
      case LASTTOKEN -> 1;
      case MAX -> 2;
      case MEAN -> 3;
      case MEAN_SQRT_LEN_TOKENS -> 4;
      case WEIGHTEDMEAN -> 5;
    };
  }

  /** Turns {@code numHeads} heads of each token of {@code x}, in place. */
  public void rope(
      CallScratch scratch,
      MemorySegment x,
      MemorySegment positions,
      MemorySegment cosines,
      MemorySegment sines,
      int numHeads,
      int headDim,
      int rotaryDim,
      boolean interleaved,
      long tokens,
      long xStride,
      long tableRows) {
    scratch.begin(context);
    try {
      MemorySegment params = scratch.params();
      params.set(JAVA_INT, 0, RopeParams.BYTES);
      params.set(JAVA_INT, RopeParams.NUM_HEADS, numHeads);
      params.set(JAVA_INT, RopeParams.HEAD_DIM, headDim);
      params.set(JAVA_INT, RopeParams.ROTARY_DIM, rotaryDim);
      params.set(JAVA_INT, RopeParams.INTERLEAVED, interleaved ? 1 : 0);
      params.set(JAVA_LONG, RopeParams.TOKENS, tokens);
      params.set(JAVA_LONG, RopeParams.X_STRIDE, xStride);
      params.set(JAVA_LONG, RopeParams.TABLE_ROWS, tableRows);
      int status =
          (int)
              Kernels.Rope.ROPE.invokeExact(
                  context.function(KernelSymbol.ROPE),
                  scratch.queue(),
                  x,
                  positions,
                  cosines,
                  sines,
                  scratch.paramsAddress(),
                  scratch.messageAddress(),
                  CallScratch.MESSAGE_BYTES);
      NativeStatus.check(status, scratch.message());
    } catch (Throwable e) {
      throw Kernels.rethrow(e);
    } finally {
      scratch.end();
    }
  }
}
