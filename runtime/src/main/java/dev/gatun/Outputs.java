package dev.gatun;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What a forward pass was asked for, copied out of native memory: one array per output name and
 * sequence. Names are the fields of transformers' ModelOutput ({@code logits}, {@code
 * last_hidden_state}, {@code hidden_states.3} ...); shapes have no batch dimension and no padding.
 */
public final class Outputs {
  /** One output of one sequence: row-major values and their shape. */
  public record Value(float[] values, long[] shape) {}

  private final int batch;
  private final Map<String, List<Value>> byName;

  /** Takes one value per sequence for each name. */
  public Outputs(int batch, Map<String, List<Value>> byName) {
    this.batch = batch;
    this.byName = new LinkedHashMap<>(byName);
  }

  /** Names present, in the order they were computed. */
  public Set<String> names() {
    return byName.keySet();
  }

  /** Number of sequences. */
  public int batch() {
    return batch;
  }

  /** Row-major values of an output of one sequence, e.g. {@code logits}: tokens x vocabulary. */
  public float[] values(String name, int sequence) {
    return value(name, sequence).values();
  }

  /** Shape of an output of one sequence, e.g. {@code [tokens, hidden]} or {@code [labels]}. */
  public long[] shape(String name, int sequence) {
    return value(name, sequence).shape().clone();
  }

  private Value value(String name, int sequence) {
    List<Value> values = byName.get(name);
    if (values == null) {
      throw new IllegalArgumentException(
          "output '" + name + "' was not asked for; present: " + byName.keySet());
    }
    if (sequence < 0 || sequence >= values.size()) {
      throw new IndexOutOfBoundsException(
          "sequence " + sequence + " of a batch of " + values.size());
    }
    return values.get(sequence);
  }
}
