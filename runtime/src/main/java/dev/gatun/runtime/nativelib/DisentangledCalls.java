package dev.gatun.runtime.nativelib;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.gatun.runtime.nativelib.Structs.DisentangledParams;
import java.lang.foreign.MemorySegment;

/** {@code gt_disentangled_attention}, with the rules of {@link KernelCalls}. */
public final class DisentangledCalls {

  private final NativeContext context;

  public DisentangledCalls(NativeContext context) {
    this.context = context;
  }

  /** The numbers of one call, named as in {@code gt_disentangled_params}. */
  public record Shape(
      int batch,
      int numHeads,
      int headDim,
      float scale,
      int maxDistance,
      int positions,
      long qStride,
      long kStride,
      long vStride,
      long outStride,
      long positionKStride,
      long positionQStride) {}

  /** {@code positionK} or {@code positionQ} may be {@link MemorySegment#NULL}. */
  public void attention(
      CallScratch scratch,
      MemorySegment q,
      MemorySegment k,
      MemorySegment v,
      MemorySegment cuSeqlens,
      MemorySegment positionK,
      MemorySegment positionQ,
      MemorySegment positionIndex,
      MemorySegment out,
      Shape shape) {
    scratch.begin(context);
    try {
      MemorySegment params = scratch.params();
      params.set(JAVA_INT, 0, DisentangledParams.BYTES);
      params.set(JAVA_INT, DisentangledParams.BATCH, shape.batch);
      params.set(JAVA_INT, DisentangledParams.NUM_HEADS, shape.numHeads);
      params.set(JAVA_INT, DisentangledParams.HEAD_DIM, shape.headDim);
      params.set(JAVA_FLOAT, DisentangledParams.SCALE, shape.scale);
      params.set(JAVA_INT, DisentangledParams.MAX_DISTANCE, shape.maxDistance);
      params.set(JAVA_INT, DisentangledParams.POSITIONS, shape.positions);
      params.set(JAVA_INT, DisentangledParams.COMPUTE_DTYPE, WeightTypes.code(context.dtype()));
      params.set(JAVA_LONG, DisentangledParams.Q_STRIDE, shape.qStride);
      params.set(JAVA_LONG, DisentangledParams.K_STRIDE, shape.kStride);
      params.set(JAVA_LONG, DisentangledParams.V_STRIDE, shape.vStride);
      params.set(JAVA_LONG, DisentangledParams.OUT_STRIDE, shape.outStride);
      params.set(JAVA_LONG, DisentangledParams.POSITION_K_STRIDE, shape.positionKStride);
      params.set(JAVA_LONG, DisentangledParams.POSITION_Q_STRIDE, shape.positionQStride);
      int status =
          (int)
              Kernels.Disentangled.DISENTANGLED_ATTENTION.invokeExact(
                  context.function(KernelSymbol.DISENTANGLED_ATTENTION),
                  scratch.queue(),
                  q,
                  k,
                  v,
                  cuSeqlens,
                  positionK,
                  positionQ,
                  positionIndex,
                  out,
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
