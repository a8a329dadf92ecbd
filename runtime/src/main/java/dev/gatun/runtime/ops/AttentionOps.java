package dev.gatun.runtime.ops;

import dev.gatun.loader.safetensors.DType;
import dev.gatun.runtime.nativelib.AttentionCalls;
import dev.gatun.runtime.nativelib.AttentionCalls.AttentionShape;
import dev.gatun.runtime.tensor.KvCache;
import dev.gatun.runtime.tensor.Sequences;
import dev.gatun.runtime.tensor.Tensor;
import dev.gatun.runtime.tensor.Workspace;
import dev.gatun.runtime.weights.DistanceBias;
import java.lang.foreign.MemorySegment;

/** The attention forms of {@link Ops}. */
final class AttentionOps {

  private final AttentionCalls kernels;

  AttentionOps(AttentionCalls kernels) {
    this.kernels = kernels;
  }

  Tensor packed(
      Workspace workspace,
      Tensor q,
      Tensor k,
      Tensor v,
      AttentionOptions options,
      Sequences queries,
      Sequences keys) {
    workspace.requireOpen();
    readable(q, q);
    readable(k, q);
    readable(v, q);
    usable(keys);
    require("q", q, queries, options.queryFeatures());
    require("k", k, keys, options.keyFeatures());
    require("v", v, keys, options.valueFeatures());
    return call(
        workspace,
        q,
        k.segment(),
        v.segment(),
        MemorySegment.NULL,
        options,
        queries,
        keys,
        new Strides(k.rowStride(), v.rowStride(), 0, 0, 0));
  }

  Tensor cached(
      Workspace workspace,
      Tensor q,
      AttentionOptions options,
      Sequences queries,
      KvCache.Layer layer) {
    usable(workspace, q);
    require("q", q, queries, options.queryFeatures());
    requireLayer(layer, options.keyFeatures(), options.valueFeatures());
    Operands.usable("attention", kernels.context(), layer.blockTable(), DType.I32);
    return call(
        workspace,
        q,
        layer.keys(),
        layer.values(),
        layer.blockTable().segment(),
        options,
        queries,
        layer.visible(),
        new Strides(
            layer.keyFeatures(),
            layer.valueFeatures(),
            KvCache.BLOCK_SIZE,
            layer.blockStride(),
            layer.blocksPerSequence()));
  }

  void append(Workspace workspace, Tensor k, Tensor v, KvCache.Layer layer) {
    usable(workspace, k);
    usable(workspace, v);
    requireLayer(layer, k.columns(), v.columns());
    require("k", k, layer.added(), layer.keyFeatures());
    require("v", v, layer.added(), layer.valueFeatures());
    append(workspace, k, layer.keys(), layer);
    append(workspace, v, layer.values(), layer);
  }

  private void append(
      Workspace workspace, Tensor source, MemorySegment blocks, KvCache.Layer layer) {
    if (source.rows() == 0) {
      return;
    }
    Operands.usable("append", kernels.context(), layer.blockTable(), DType.I32);
    kernels.kvAppend(
        workspace.scratch(),
        source.segment(),
        layer.added().cuSeqlens().segment(),
        layer.lengthsBefore().segment(),
        layer.blockTable().segment(),
        blocks,
        layer.added().count(),
        source.columns(),
        source.rowStride(),
        source.columns(),
        layer.blockStride(),
        KvCache.BLOCK_SIZE,
        layer.blocksPerSequence());
  }

  /** How k and v lie in memory. */
  private record Strides(long k, long v, int blockSize, long block, int blocksPerSequence) {}

  private Tensor call(
      Workspace workspace,
      Tensor q,
      MemorySegment k,
      MemorySegment v,
      MemorySegment blockTable,
      AttentionOptions options,
      Sequences queries,
      Sequences keys,
      Strides strides) {
    usable(queries);
    if (queries.count() != keys.count()) {
      throw new IllegalArgumentException("attention: queries are " + queries + ", keys " + keys);
    }
    MemorySegment bias = MemorySegment.NULL;
    int biasDistance = 0;
    if (options.distanceBias().isPresent()) {
      DistanceBias distanceBias = options.distanceBias().get();
      Operands.usable("attention", kernels.context(), distanceBias.table(), DType.F32);
      bias = distanceBias.table().segment();
      biasDistance = distanceBias.maxDistance();
    }
    // Of rounded operands the result is one itself: a linear layer's.
    Tensor out = workspace.tensor(q.dtype(), q.rows(), options.outFeatures());
    kernels.attention(
        workspace.scratch(),
        q.segment(),
        k,
        v,
        queries.cuSeqlens().segment(),
        keys.cuSeqlens().segment(),
        blockTable,
        bias,
        out.segment(),
        new AttentionShape(
            queries.count(),
            options.heads(),
            options.kvHeads(),
            options.headDim(),
            options.valueHeadDim(),
            options.causal(),
            options.scale(),
            q.rowStride(),
            strides.k(),
            strides.v(),
            out.rowStride(),
            biasDistance,
            strides.blockSize(),
            strides.block(),
            strides.block(),
            strides.blocksPerSequence(),
            options.slidingWindow(),
            q.dtype(),
            out.dtype()));
    return out;
  }

  private void readable(Tensor tensor, Tensor q) {
    Operands.readable("attention", kernels.context(), tensor);
    if (tensor.dtype() != q.dtype()) {
      throw new IllegalArgumentException("attention: " + tensor + " beside queries " + q);
    }
  }

  private void usable(Workspace workspace, Tensor tensor) {
    workspace.requireOpen();
    Operands.usable("attention", kernels.context(), tensor, DType.F32);
  }

  private void usable(Sequences sequences) {
    Operands.usable("attention", kernels.context(), sequences.cuSeqlens(), DType.I32);
  }

  private static void require(String name, Tensor tensor, Sequences sequences, long features) {
    if (tensor.rows() != sequences.total() || tensor.columns() != features) {
      throw new IllegalArgumentException(
          "attention: %s %s for %s of %d features".formatted(name, tensor, sequences, features));
    }
  }

  private static void requireLayer(KvCache.Layer layer, long keyFeatures, long valueFeatures) {
    if (layer.keyFeatures() != keyFeatures || layer.valueFeatures() != valueFeatures) {
      throw new IllegalArgumentException(
          "attention: a cache of %d key and %d value features, needed are %d and %d"
              .formatted(layer.keyFeatures(), layer.valueFeatures(), keyFeatures, valueFeatures));
    }
  }
}
