package dev.gatun.runtime.nativelib;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.gatun.loader.safetensors.DType;
import dev.gatun.runtime.nativelib.Structs.AttentionParams;
import dev.gatun.runtime.nativelib.Structs.KvAppendParams;
import java.lang.foreign.MemorySegment;

/** Attention and its cache as Java methods of one context; what {@link KernelCalls} says holds. */
public final class AttentionCalls {

  private final NativeContext context;

  public AttentionCalls(NativeContext context) {
    this.context = context;
  }

  public NativeContext context() {
    return context;
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
      int blocksPerSequence,
      int slidingWindow,
      DType qkvType,
      DType outType) {}

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
    scratch.begin(context);
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
      params.set(JAVA_INT, AttentionParams.SLIDING_WINDOW, shape.slidingWindow);
      params.set(JAVA_FLOAT, AttentionParams.SOFTCAP, 0);
      params.set(JAVA_INT, AttentionParams.COMPUTE_DTYPE, WeightTypes.code(context.dtype()));
      params.set(JAVA_INT, AttentionParams.QKV_DTYPE, WeightTypes.code(shape.qkvType));
      params.set(JAVA_INT, AttentionParams.OUT_DTYPE, WeightTypes.code(shape.outType));
      int status =
          (int)
              Kernels.ATTENTION.invokeExact(
                  context.function(KernelSymbol.ATTENTION),
                  scratch.queue(),
                  q,
                  k,
                  v,
                  cuSeqlensQ,
                  cuSeqlensKv,
                  blockTable,
                  distanceBias,
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
    scratch.begin(context);
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
              Kernels.Decoding.KV_APPEND.invokeExact(
                  context.function(KernelSymbol.KV_APPEND),
                  scratch.queue(),
                  source,
                  cuSeqlensNew,
                  lengths,
                  blockTable,
                  blocks,
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
