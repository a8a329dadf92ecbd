package dev.gatun.runtime.ops;

import dev.gatun.loader.safetensors.DType;
import dev.gatun.runtime.nativelib.DisentangledCalls;
import dev.gatun.runtime.nativelib.NativeContext;
import dev.gatun.runtime.tensor.Sequences;
import dev.gatun.runtime.tensor.Tensor;
import dev.gatun.runtime.tensor.Workspace;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** Disentangled attention of {@link Ops}. */
final class DisentangledOps {
  private static final String OP = "disentangledAttention";

  private final NativeContext context;
  private final DisentangledCalls kernels;

  DisentangledOps(NativeContext context) {
    this.context = context;
    this.kernels = new DisentangledCalls(context);
  }

  Tensor attention(
      Workspace workspace,
      Tensor q,
      Tensor k,
      Tensor v,
      DisentangledOptions options,
      Tensor positionIndex,
      Sequences sequences) {
    workspace.requireOpen();
    require("q", q, sequences, options.features());
    require("k", k, sequences, options.features());
    require("v", v, sequences, options.features());
    Operands.usable(OP, context, sequences.cuSeqlens(), DType.I32);
    Operands.usable(OP, context, positionIndex, DType.I32);
    if (positionIndex.shape().rank() != 1
        || positionIndex.columns() < 3
        || positionIndex.columns() % 2 == 0) {
      throw new IllegalArgumentException(
          OP + ": positionIndex " + positionIndex + " must hold the distances -D .. D, D >= 1");
    }
    Tensor out = workspace.tensor(q.rows(), options.features());
    kernels.attention(
        workspace.scratch(),
        q.segment(),
        k.segment(),
        v.segment(),
        sequences.cuSeqlens().segment(),
        table(options.positionKeys()),
        table(options.positionQueries()),
        positionIndex.segment(),
        out.segment(),
        new DisentangledCalls.Shape(
            sequences.count(),
            options.heads(),
            options.headDim(),
            options.scale(),
            (int) (positionIndex.columns() / 2),
            options.positions(),
            q.rowStride(),
            k.rowStride(),
            v.rowStride(),
            out.rowStride(),
            options.positionKeys().map(Tensor::rowStride).orElse(0L),
            options.positionQueries().map(Tensor::rowStride).orElse(0L)));
    return out;
  }

  private MemorySegment table(Optional<Tensor> positions) {
    positions.ifPresent(table -> Operands.usable(OP, context, table, DType.F32));
    return positions.map(Tensor::segment).orElse(MemorySegment.NULL);
  }

  private void require(String name, Tensor tensor, Sequences sequences, long features) {
    Operands.usable(OP, context, tensor, DType.F32);
    if (tensor.rows() != sequences.total() || tensor.columns() != features) {
      throw new IllegalArgumentException(
          OP + ": %s %s for %s of %d features".formatted(name, tensor, sequences, features));
    }
  }
}
