package dev.gatun.runtime.weights;

import dev.gatun.runtime.tensor.Tensor;

/**
 * A bias added to attention scores by head and by distance between key and query (T5, Raffel et
 * al., arXiv 1910.10683): {@code table[h][clamp(key - query, -D, D) + D]}.
 */
public final class DistanceBias {

  private final Tensor table;

  DistanceBias(Tensor table) {
    this.table = table;
  }

  /** F32 {@code [heads, 2 D + 1]}. */
  public Tensor table() {
    return table;
  }

  public long heads() {
    return table.rows();
  }

  /** D: distances beyond share the bias of D. */
  public int maxDistance() {
    return (int) (table.columns() / 2);
  }
}
