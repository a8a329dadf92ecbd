package dev.gatun.conformance;

import dev.gatun.ComputeDtype;
import dev.gatun.Inputs;
import dev.gatun.Outputs;
import dev.gatun.conformance.ReferenceCase.Text;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;

/** A subject that hands everything on; tests override what they spoil. */
class ForwardingSubject implements Subject {
  private final Subject to;

  ForwardingSubject(Subject to) {
    this.to = to;
  }

  /** The same values in other shapes. */
  static Outputs reshaped(Outputs outputs, UnaryOperator<long[]> shape) {
    Map<String, List<Outputs.Value>> values = new LinkedHashMap<>();
    for (String name : outputs.names()) {
      values.put(
          name,
          IntStream.range(0, outputs.batch())
              .mapToObj(
                  s ->
                      new Outputs.Value(
                          outputs.values(name, s), shape.apply(outputs.shape(name, s))))
              .toList());
    }
    return new Outputs(outputs.batch(), values);
  }

  @Override
  public String tier() {
    return to.tier();
  }

  @Override
  public ComputeDtype dtype() {
    return to.dtype();
  }

  @Override
  public int threads() {
    return to.threads();
  }

  @Override
  public Outputs forward(Inputs inputs, Set<String> outputs) {
    return to.forward(inputs, outputs);
  }

  @Override
  public int[] generate(int[] inputIds, GenerateSettings settings) {
    return to.generate(inputIds, settings);
  }

  @Override
  public int[] tokenize(Text text) {
    return to.tokenize(text);
  }

  @Override
  public List<float[]> embed(List<String> texts, EmbedSettings settings) {
    return to.embed(texts, settings);
  }

  @Override
  public void close() {
    to.close();
  }
}
