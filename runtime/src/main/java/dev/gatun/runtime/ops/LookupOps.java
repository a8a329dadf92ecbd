package dev.gatun.runtime.ops;

import dev.gatun.loader.safetensors.DType;
import dev.gatun.runtime.nativelib.KernelCalls;
import dev.gatun.runtime.tensor.Tensor;
import dev.gatun.runtime.tensor.Workspace;
import dev.gatun.runtime.weights.Embedding;

/** Rows found by their index, for {@link Ops}. */
final class LookupOps {

  private final KernelCalls kernels;

  LookupOps(KernelCalls kernels) {
    this.kernels = kernels;
  }

  Tensor embed(Workspace workspace, Embedding embedding, Tensor ids, Tensor y, boolean accumulate) {
    Operands.usable("embed", kernels.context(), workspace, ids, y, DType.I32);
    Operands.usable("embed", kernels.context(), embedding.owner(), embedding);
    if (ids.shape().rank() != 1
        || y.rows() != ids.columns()
        || y.columns() != embedding.features()) {
      throw Operands.mismatch("embed", embedding, "ids", ids, "y", y);
    }
    kernels.embed(
        workspace.scratch(),
        embedding.table(),
        embedding.dtype(),
        embedding.rows(),
        embedding.features(),
        embedding.features(),
        ids.segment(),
        ids.columns(),
        accumulate,
        y.segment(),
        y.rowStride());
    return y;
  }

  Tensor gatherRows(Workspace workspace, Tensor x, int... rows) {
    Tensor y = workspace.tensor(rows.length, x.columns());
    Operands.readable("gatherRows", kernels.context(), x);
    copyRows(workspace, x, rows, y);
    return y;
  }

  /** Row {@code rows[i]} of one tensor to row i of another. */
  void copyRows(Workspace workspace, Tensor from, int[] rows, Tensor to) {
    kernels.embed(
        workspace.scratch(),
        from.segment(),
        from.dtype(),
        from.rows(),
        from.columns(),
        from.rowStride(),
        workspace.ints(rows).segment(),
        rows.length,
        false,
        to.segment(),
        to.rowStride());
  }
}
