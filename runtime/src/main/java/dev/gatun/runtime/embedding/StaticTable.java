package dev.gatun.runtime.embedding;

import dev.gatun.loader.Checkpoint;
import dev.gatun.loader.ResolvedWeights;
import dev.gatun.loader.WeightResolver;
import dev.gatun.loader.WeightsException;
import dev.gatun.loader.config.PoolingMode;
import dev.gatun.loader.safetensors.TensorInfo;
import dev.gatun.runtime.nativelib.NativeContext;
import dev.gatun.runtime.ops.Ops;
import dev.gatun.runtime.tensor.Sequences;
import dev.gatun.runtime.tensor.Tensor;
import dev.gatun.runtime.tensor.Workspace;
import dev.gatun.runtime.weights.Embedding;
import dev.gatun.runtime.weights.WeightScope;
import dev.gatun.runtime.weights.Weights;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;

/**
 * A static embedding: the mean of one stored vector per token. Upstream: {@code
 * sentence_transformers/sentence_transformer/modules/static_embedding.py}, and the files that
 * model2vec writes.
 */
public final class StaticTable implements AutoCloseable {
  private static final String STORED = "embedding.weight";
  private static final String MODEL2VEC = "embeddings";

  private final Checkpoint checkpoint;
  private final Weights weights;
  private final Embedding embedding;

  /**
   * Maps the table.
   *
   * @throws dev.gatun.loader.GatunException if there is none, or the file holds what would change
   *     the vectors and is not understood
   */
  public StaticTable(Path directory, NativeContext context) {
    checkpoint = Checkpoint.open(directory);
    weights = new Weights(context);
    try {
      TensorInfo info = checkpoint.info(checkpoint.contains(STORED) ? STORED : MODEL2VEC);
      if (info.shape().size() != 2) {
        throw new WeightsException(
            directory
                + ": "
                + info.name()
                + " has shape "
                + info.shape()
                + "; a table has two"
                + " dimensions",
            null);
      }
      Function<WeightScope, Embedding> constructor =
          scope -> {
            scope.tie(STORED, MODEL2VEC);
            return scope.embedding("embedding", info.shape().get(0), info.shape().get(1));
          };
      ResolvedWeights resolved =
          WeightResolver.resolve(
              checkpoint, WeightScope.declare(constructor::apply).plan("", List.of()));
      if (!resolved.report().unexpected().isEmpty()) {
        throw new WeightsException(
            directory
                + " holds "
                + resolved.report().unexpected()
                + " beside its table; token weights and shared rows of model2vec are not built",
            resolved.report());
      }
      embedding = constructor.apply(WeightScope.load(resolved, weights));
    } catch (Throwable e) {
      close();
      throw e;
    }
  }

  /** Length of a vector. */
  public int dimension() {
    return Math.toIntExact(embedding.features());
  }

  /** Number of token ids. */
  public long rows() {
    return embedding.rows();
  }

  /**
   * The mean of the rows of each text's tokens; zeros for a text without tokens.
   *
   * @throws dev.gatun.KernelException if an id is not in the table
   */
  public float[][] means(Ops ops, Workspace ws, List<int[]> ids) {
    Tensor rows = ops.embed(ws, embedding, ws.ints(Sequences.concat(ids)));
    return Pooling.pool(
        ops, ws, rows, Sequences.of(ws, ids), List.of(PoolingMode.MEAN), new int[ids.size()]);
  }

  @Override
  public void close() {
    weights.close();
    checkpoint.close();
  }
}
