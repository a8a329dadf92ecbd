package dev.gatun.runtime.models;

import dev.gatun.Outputs;
import dev.gatun.runtime.ops.Ops;
import dev.gatun.runtime.tensor.Sequences;
import dev.gatun.runtime.tensor.Tensor;
import dev.gatun.runtime.tensor.Workspace;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiFunction;

/**
 * Copies the outputs a caller asked for out of a forward pass. With nothing asked of the layers a
 * tap is one comparison of a boolean.
 */
public final class Taps {
  /** Nothing is wanted. */
  static final Taps NONE = new Taps(Set.of());

  private final Set<String> wanted;
  private final boolean layersWanted;
  private final Rows lastLayer;
  private final BiFunction<Tensor, Sequences, float[][]> pooling;
  private final Map<String, List<Outputs.Value>> values = new LinkedHashMap<>();

  /** Taps for these output names. */
  public Taps(Set<String> wanted) {
    this(
        wanted,
        null,
        wanted.stream().anyMatch(name -> name.contains("hidden_state")) ? Rows.ALL : null);
  }

  private Taps(
      Set<String> wanted, BiFunction<Tensor, Sequences, float[][]> pooling, Rows lastLayer) {
    this.wanted = Set.copyOf(wanted);
    this.pooling = pooling;
    this.lastLayer = lastLayer;
    this.layersWanted = wanted.stream().anyMatch(name -> name.contains("hidden_states."));
  }

  /**
   * Taps for one per-token output of which one vector per sequence is kept.
   *
   * @param pooling takes {@code [tokens, features]}, gives a vector per sequence
   */
  public static Taps pooled(String wanted, BiFunction<Tensor, Sequences, float[][]> pooling) {
    return new Taps(Set.of(wanted), pooling, Rows.ALL);
  }

  /** Taps for some rows of one per-token output, a vector each. */
  public static Taps rows(String wanted, Rows rows, Ops ops, Workspace ws) {
    return new Taps(Set.of(wanted), (x, all) -> rows.of(ops, ws, all, x).toRowArrays(), rows);
  }

  /** The rows that the last layer has to give when a head reads these. */
  Rows ofLastLayer(Rows read) {
    return lastLayer == null ? read : lastLayer;
  }

  /** Whether an output was asked for, so that a head need not run for nobody. */
  public boolean wants(String name) {
    return wanted.contains(name);
  }

  /** Offers {@code <series>.<index>}, a per-token output: {@code [tokens, features]}. */
  public void layer(String series, int index, Tensor x, Sequences sequences) {
    if (layersWanted) {
      tokens(series + "." + index, x, sequences);
    }
  }

  /** Offers a per-token output, {@code [tokens, features]} over all sequences. */
  public void tokens(String name, Tensor x, Sequences sequences) {
    if (!wants(name)) {
      return;
    }
    var perSequence = new ArrayList<Outputs.Value>(sequences.count());
    if (pooling != null) {
      vectors(name, pooling.apply(x, sequences));
      return;
    }
    float[][] rows = x.toFloatArrays(sequences.lengths());
    for (int s = 0; s < rows.length; s++) {
      perSequence.add(new Outputs.Value(rows[s], new long[] {sequences.length(s), x.columns()}));
    }
    values.put(name, perSequence);
  }

  /** Offers one column of a per-token output: a vector of {@code [tokens]} for each sequence. */
  public void tokenColumn(String name, Tensor x, int column, Sequences sequences) {
    if (!wants(name)) {
      return;
    }
    tokens(name, x.columns(column, column + 1), sequences);
    values.computeIfPresent(
        name,
        (_, columns) ->
            columns.stream()
                .map(c -> new Outputs.Value(c.values(), new long[] {c.values().length}))
                .toList());
  }

  /** Offers a per-sequence output, {@code [batch, features]}. */
  public void sequences(String name, Tensor x) {
    if (!wants(name)) {
      return;
    }
    vectors(name, x.toRowArrays());
  }

  private void vectors(String name, float[][] vectors) {
    values.put(
        name,
        Arrays.stream(vectors).map(v -> new Outputs.Value(v, new long[] {v.length})).toList());
  }

  /** Everything that was wanted and offered. */
  public Outputs outputs(int batch) {
    return new Outputs(batch, values);
  }
}
