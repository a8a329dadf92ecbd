package dev.gatun.runtime.models;

import dev.gatun.runtime.ops.Ops;
import dev.gatun.runtime.tensor.Sequences;
import dev.gatun.runtime.tensor.Tensor;
import dev.gatun.runtime.tensor.Workspace;
import java.util.function.Function;

/**
 * Which rows of the last hidden state are read. Behind a layer's attention no token sees another,
 * so the last layer need not go on with rows that nobody reads: with one row per sequence that
 * saves three quarters of the layer. Each row that is read has the bits it has among all.
 */
public final class Rows {
  static final Rows ALL = new Rows(null);

  /** Of each sequence the first, BERT's {@code [CLS]}. */
  public static final Rows FIRST = new Rows(Sequences::firstRows);

  /** Of each sequence that has tokens the last, from which the next is predicted. */
  static final Rows LAST = new Rows(Sequences::lastRowsOfNonEmpty);

  private final Function<Sequences, int[]> choice;

  private Rows(Function<Sequences, int[]> choice) {
    this.choice = choice;
  }

  /** These rows of the packed tokens, ascending. */
  public static Rows of(int... rows) {
    return new Rows(_ -> rows);
  }

  /** What a layer has to give: all rows where another layer follows. */
  Rows ofLayer(int layer, int layers) {
    return layer + 1 < layers ? ALL : this;
  }

  /** These rows of x {@code [tokens, features]}: x itself where they are all it has. */
  Tensor of(Ops ops, Workspace ws, Sequences sequences, Tensor x) {
    if (choice == null) {
      return x;
    }
    int[] rows = choice.apply(sequences);
    return rows.length == x.rows() ? x : ops.gatherRows(ws, x, rows);
  }
}
