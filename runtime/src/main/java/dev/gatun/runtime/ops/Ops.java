package dev.gatun.runtime.ops;

import dev.gatun.ComputeDtype;
import dev.gatun.loader.config.Activation;
import dev.gatun.loader.config.PoolingMode;
import dev.gatun.loader.safetensors.DType;
import dev.gatun.runtime.nativelib.AttentionCalls;
import dev.gatun.runtime.nativelib.KernelCalls;
import dev.gatun.runtime.nativelib.NativeContext;
import dev.gatun.runtime.tensor.KvCache;
import dev.gatun.runtime.tensor.Sequences;
import dev.gatun.runtime.tensor.Tensor;
import dev.gatun.runtime.tensor.Workspace;
import dev.gatun.runtime.weights.Embedding;
import dev.gatun.runtime.weights.LayerNorm;
import dev.gatun.runtime.weights.Linear;
import dev.gatun.runtime.weights.RmsNorm;
import dev.gatun.runtime.weights.RotaryTable;
import java.lang.foreign.MemorySegment;

/**
 * The vocabulary of the papers, on packed tokens {@code [tokens, features]}, whose rows may have a
 * stride. Results are new tensors of the workspace, unless a target is given; the target may be
 * memory that outlives a {@link Workspace#mark}.
 *
 * <p>Stateless; may be shared by threads that each have a workspace. Every method throws
 * IllegalArgumentException when shapes do not fit, and IllegalStateException when the memory of an
 * operand was given back.
 */
public final class Ops {

  private final KernelCalls kernels;
  private final AttentionOps attention;
  private final DisentangledOps disentangled;
  private final LookupOps lookups;
  private final WindowOps windows;

  public Ops(NativeContext context) {
    this.kernels = new KernelCalls(context);
    this.attention = new AttentionOps(new AttentionCalls(context));
    this.disentangled = new DisentangledOps(context);
    this.lookups = new LookupOps(kernels);
    this.windows = new WindowOps(context, lookups);
  }

  public NativeContext context() {
    return kernels.context();
  }

  /** {@code x W^T + b}: x {@code [tokens, in]} to {@code [tokens, out]}. */
  public Tensor linear(Workspace workspace, Linear linear, Tensor x) {
    return linear(workspace, linear, x, Epilogue.NONE);
  }

  /**
   * {@code residual + scale * activation(x W^T + b)}: x {@code [tokens, in]} to {@code [tokens,
   * out]}.
   */
  public Tensor linear(Workspace workspace, Linear linear, Tensor x, Epilogue epilogue) {
    Tensor y =
        linear.outFeatures() > linear.inFeatures()
            ? workspace.spreadTensor(resultType(epilogue), x.rows(), linear.outFeatures())
            : workspace.tensor(resultType(epilogue), x.rows(), linear.outFeatures());
    return linear(workspace, linear, x, epilogue, y);
  }

  /**
   * The same, written to y, which may be the epilogue's residual: {@code linear(ws, out, h,
   * Epilogue.residual(x), x)} is {@code x += h W^T + b}. x must not overlap y.
   *
   * @return y
   */
  public Tensor linear(Workspace workspace, Linear linear, Tensor x, Epilogue epilogue, Tensor y) {
    workspace.requireOpen();
    Operands.readable("linear", kernels.context(), x);
    Operands.readable("linear", kernels.context(), y);
    Operands.usable("linear", kernels.context(), linear.owner(), linear);
    if (x.columns() != linear.inFeatures()
        || y.rows() != x.rows()
        || y.columns() != linear.outFeatures()) {
      throw Operands.mismatch("linear", linear, "x", x, "y", y);
    }
    MemorySegment residual = MemorySegment.NULL;
    long residualStride = 0;
    if (epilogue.hasResidual()) {
      Tensor r = epilogue.residual();
      Operands.usable("linear", kernels.context(), workspace, r, y); // both F32
      if (r.rows() != y.rows() || r.columns() != y.columns()) {
        throw Operands.mismatch("linear", linear, "residual", r, "y", y);
      }
      residual = r.segment();
      residualStride = r.rowStride();
    }
    kernels.linearForward(
        workspace.scratch(),
        linear.handle(),
        x.segment(),
        residual,
        y.segment(),
        epilogue.activation().ordinal(),
        x.rows(),
        x.rowStride(),
        y.rowStride(),
        residualStride,
        epilogue.scale(),
        x.dtype(),
        y.dtype());
    return y;
  }

  private DType resultType(Epilogue epilogue) {
    boolean rounded = kernels.context().dtype() == ComputeDtype.BF16;
    return rounded && epilogue.isOperand() && !epilogue.hasResidual() ? DType.BF16 : DType.F32;
  }

  /**
   * {@code (x - mean) / sqrt(var + eps) * weight + bias} over each row of x {@code [tokens,
   * features]}.
   */
  public Tensor layerNorm(Workspace workspace, LayerNorm norm, Tensor x) {
    return layerNorm(workspace, norm, x, workspace.tensor(x.rows(), x.columns()));
  }

  /**
   * The same, written to y, which may be x.
   *
   * @return y
   */
  public Tensor layerNorm(Workspace workspace, LayerNorm norm, Tensor x, Tensor y) {
    Operands.usable("layerNorm", kernels.context(), workspace, x, y);
    Operands.usable("layerNorm", kernels.context(), norm.weight(), DType.F32);
    Operands.sameShape("layerNorm", norm, norm.features(), x, y);
    MemorySegment bias = MemorySegment.NULL;
    if (norm.bias().isPresent()) {
      Operands.usable("layerNorm", kernels.context(), norm.bias().get(), DType.F32);
      bias = norm.bias().get().segment();
    }
    kernels.layerNorm(
        workspace.scratch(),
        x.segment(),
        norm.weight().segment(),
        bias,
        y.segment(),
        x.rows(),
        x.columns(),
        x.rowStride(),
        y.rowStride(),
        norm.eps());
    return y;
  }

  /** {@code x / sqrt(mean(x^2) + eps) * weight} over each row of x {@code [tokens, features]}. */
  public Tensor rmsNorm(Workspace workspace, RmsNorm norm, Tensor x) {
    return rmsNorm(workspace, norm, x, workspace.tensor(x.rows(), x.columns()));
  }

  /**
   * The same, written to y, which may be x.
   *
   * @return y
   */
  public Tensor rmsNorm(Workspace workspace, RmsNorm norm, Tensor x, Tensor y) {
    Operands.usable("rmsNorm", kernels.context(), workspace, x, y);
    Operands.usable("rmsNorm", kernels.context(), norm.weight(), DType.F32);
    Operands.sameShape("rmsNorm", norm, norm.features(), x, y);
    kernels.rmsNorm(
        workspace.scratch(),
        x.segment(),
        norm.weight().segment(),
        y.segment(),
        x.rows(),
        x.columns(),
        x.rowStride(),
        y.rowStride(),
        norm.eps());
    return y;
  }

  /**
   * Row {@code ids[t]} of the table for each token: {@code [tokens, features]}.
   *
   * @param ids I32 {@code [tokens]}
   * @throws dev.gatun.KernelException INVALID_ARGUMENT if an id is not in the table
   */
  public Tensor embed(Workspace workspace, Embedding embedding, Tensor ids) {
    Tensor y = workspace.tensor(ids.columns(), embedding.features());
    return lookups.embed(workspace, embedding, ids, y, false);
  }

  /**
   * Adds row {@code ids[t]} of the table to row t of y: positions and segments on top of words.
   *
   * @param ids I32 {@code [tokens]}
   * @return y
   * @throws dev.gatun.KernelException INVALID_ARGUMENT if an id is not in the table; y is unchanged
   */
  public Tensor embedAdd(Workspace workspace, Embedding embedding, Tensor ids, Tensor y) {
    return lookups.embed(workspace, embedding, ids, y, true);
  }

  /** The rows of x with these indices, in this order, in F32: {@code [rows.length, features]}. */
  public Tensor gatherRows(Workspace workspace, Tensor x, int... rows) {
    return lookups.gatherRows(workspace, x, rows);
  }

  /**
   * Of each row of x the first index of its largest value: a greedy choice. NaN is never the
   * largest.
   */
  public int[] argmax(Workspace workspace, Tensor x) {
    Tensor indices = workspace.ints(new int[Math.toIntExact(x.rows())]);
    Operands.usable("argmax", kernels.context(), workspace, indices, x, DType.I32);
    kernels.argmax(
        workspace.scratch(), x.segment(), x.rows(), x.columns(), x.rowStride(), indices.segment());
    return indices.toIntArray();
  }

  /**
   * One vector of each sequence's tokens, as sentence-transformers' {@code Pooling} module: x
   * {@code [tokens, features]} to y {@code [sequences, features]}. Sums are in double.
   *
   * @param masked leading tokens of each sequence left out. Where none is left, the mean of nothing
   *     is 0, its maximum minus infinity, and cls takes the first token all the same, as in the
   *     original
   * @return y, which must not overlap x
   */
  public Tensor pool(
      Workspace workspace,
      Tensor x,
      Sequences sequences,
      PoolingMode mode,
      int[] masked,
      Tensor y) {
    Operands.usable("pool", kernels.context(), workspace, x, y);
    Operands.usable("pool", kernels.context(), sequences.cuSeqlens(), DType.I32);
    if (x.rows() != sequences.total()
        || masked.length != sequences.count()
        || y.rows() != sequences.count()
        || y.columns() != x.columns()) {
      throw Operands.mismatch("pool", sequences, "x", x, "y", y);
    }
    kernels.poolSequences(
        workspace.scratch(),
        x.segment(),
        sequences.cuSeqlens().segment(),
        workspace.ints(masked).segment(),
        y.segment(),
        sequences.count(),
        mode,
        x.columns(),
        x.rowStride(),
        y.rowStride());
    return y;
  }

  /**
   * Rotary position embedding (Su et al., arXiv 2104.09864) of queries and keys, in place: feature
   * i of a head turns with feature i + {@code table.rotaryDim() / 2} by the token's angle i.
   *
   * @param x {@code [tokens, heads * headDim]}; may be the columns of q and k of a fused projection
   * @param positions I32 {@code [tokens]}
   * @throws dev.gatun.KernelException INVALID_ARGUMENT if a position is not in the table; x is
   *     unchanged
   */
  public void rope(
      Workspace workspace, RotaryTable table, Tensor x, int headDim, Tensor positions) {
    Operands.usable("rope", kernels.context(), workspace, positions, x, DType.I32);
    Operands.usable("rope", kernels.context(), table.cosines(), DType.F32);
    Operands.usable("rope", kernels.context(), table.sines(), DType.F32);
    if (headDim < table.rotaryDim()
        || x.columns() % headDim != 0
        || positions.shape().rank() != 1
        || positions.columns() != x.rows()) {
      throw new IllegalArgumentException(
          "rope: %s does not turn x %s with heads of %d at positions %s"
              .formatted(table, x, headDim, positions));
    }
    kernels.rope(
        workspace.scratch(),
        x.segment(),
        positions.segment(),
        table.cosines().segment(),
        table.sines().segment(),
        (int) (x.columns() / headDim),
        headDim,
        (int) table.rotaryDim(),
        false,
        x.rows(),
        x.rowStride(),
        table.rows());
  }

  /** {@code activation(x)}, element by element. */
  public Tensor activate(Workspace workspace, Tensor x, Activation activation) {
    return activate(workspace, x, activation, workspace.tensor(x.rows(), x.columns()));
  }

  /**
   * The same, written to y, which may be x.
   *
   * @return y
   */
  public Tensor activate(Workspace workspace, Tensor x, Activation activation, Tensor y) {
    Operands.usable("activate", kernels.context(), workspace, x, y);
    Operands.sameShape("activate", activation, x.columns(), x, y);
    kernels.activate(
        workspace.scratch(),
        x.segment(),
        y.segment(),
        x.rows(),
        x.columns(),
        x.rowStride(),
        y.rowStride(),
        activation.ordinal());
    return y;
  }

  /**
   * Attention within packed sequences, or from one packed batch to another (cross-attention).
   *
   * @param q {@code [query tokens, heads * headDim]}; q, k and v may be column views of one fused
   *     projection
   * @param k {@code [kv tokens, kvHeads * headDim]}
   * @param v {@code [kv tokens, kvHeads * valueHeadDim]}
   * @param queries how rows of q divide into sequences
   * @param keys how rows of k and v do; the same object for self-attention
   * @return {@code [query tokens, heads * valueHeadDim]}
   */
  public Tensor attention(
      Workspace workspace,
      Tensor q,
      Tensor k,
      Tensor v,
      AttentionOptions options,
      Sequences queries,
      Sequences keys) {
    return attention.packed(workspace, q, k, v, options, queries, keys);
  }

  /**
   * Self-attention with a cache: appends k and v of the step's new tokens to the layer, then
   * attends to all tokens there.
   *
   * @param layer of a step whose added tokens are those of q, k and v
   * @return {@code [new tokens, heads * valueHeadDim]}
   */
  public Tensor attention(
      Workspace workspace,
      Tensor q,
      Tensor k,
      Tensor v,
      AttentionOptions options,
      KvCache.Layer layer) {
    append(workspace, k, v, layer);
    return attention.cached(workspace, q, options, layer.added(), layer);
  }

  /**
   * Attention to what a cache holds: cross-attention, filled once.
   *
   * @param queries how rows of q divide into the cache's sequences
   * @return {@code [query tokens, heads * valueHeadDim]}
   */
  public Tensor attention(
      Workspace workspace,
      Tensor q,
      AttentionOptions options,
      Sequences queries,
      KvCache.Layer layer) {
    return attention.cached(workspace, q, options, queries, layer);
  }

  /**
   * Disentangled self-attention within packed sequences (He et al., DeBERTa, arXiv 2006.03654):
   * scores also have the products of queries and keys with relative positions.
   *
   * @param q {@code [tokens, heads * headDim]}; q, k and v may be column views of one fused
   *     projection
   * @param positionIndex I32 {@code [2 D + 1]}: the row of the options' position tables for each
   *     distance, query position - key position, from -D to D; what is farther has the row of D
   * @return {@code [tokens, heads * headDim]}
   * @throws dev.gatun.KernelException INVALID_ARGUMENT if an index is no row of the tables
   */
  public Tensor disentangledAttention(
      Workspace workspace,
      Tensor q,
      Tensor k,
      Tensor v,
      DisentangledOptions options,
      Tensor positionIndex,
      Sequences sequences) {
    return disentangled.attention(workspace, q, k, v, options, positionIndex, sequences);
  }

  /**
   * The windows of a convolution: each token between its neighbours of the same sequence, zeros
   * beyond the ends: x {@code [tokens, features]} to {@code [tokens, kernel * features]}.
   *
   * @param kernel tokens of a window, odd
   */
  public Tensor windows(Workspace workspace, Tensor x, Sequences sequences, int kernel) {
    return windows.of(workspace, x, sequences, kernel);
  }

  /** Writes keys and values of the step's new tokens to the layer. */
  public void append(Workspace workspace, Tensor k, Tensor v, KvCache.Layer layer) {
    attention.append(workspace, k, v, layer);
  }
}
