package dev.gatun.runtime.ops;

import dev.gatun.runtime.tensor.Tensor;
import java.util.Optional;

/**
 * How one layer of disentangled attention attends (He et al., arXiv 2006.03654).
 *
 * @param heads of queries, keys and values alike
 * @param headDim features per head
 * @param scale factor on all products
 * @param positionKeys {@code [positions, heads * headDim]}, what queries are multiplied with:
 *     content to position
 * @param positionQueries {@code [positions, heads * headDim]}, what keys are multiplied with:
 *     position to content
 */
public record DisentangledOptions(
    int heads,
    int headDim,
    float scale,
    Optional<Tensor> positionKeys,
    Optional<Tensor> positionQueries) {

  public DisentangledOptions {
    if (heads < 1 || headDim < 1) {
      throw new IllegalArgumentException(
          "disentangledAttention: %d heads of %d features".formatted(heads, headDim));
    }
    Tensor some =
        positionKeys
            .or(() -> positionQueries)
            .orElseThrow(
                () ->
                    new IllegalArgumentException(
                        "disentangledAttention: neither keys nor queries of positions"));
    long features = (long) heads * headDim;
    for (Tensor table : new Tensor[] {some, positionQueries.orElse(some)}) {
      if (table.columns() != features || table.rows() != some.rows()) {
        throw new IllegalArgumentException(
            "disentangledAttention: positions %s where [%d, %d] are needed"
                .formatted(table, some.rows(), features));
      }
    }
  }

  /** Columns of q, k, v and the result. */
  public long features() {
    return (long) heads * headDim;
  }

  /** Rows of the position tables. */
  public int positions() {
    return Math.toIntExact(positionKeys.or(() -> positionQueries).orElseThrow().rows());
  }
}
