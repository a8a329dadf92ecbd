package dev.gatun.conformance;

import dev.gatun.ComputeDtype;
import dev.gatun.Inputs;
import dev.gatun.Outputs;
import dev.gatun.conformance.ReferenceCase.Text;
import dev.gatun.conformance.ReferenceTensors.Expected;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiFunction;

/** A perfect model: gives back what its reference expects, after a test has spoilt it. */
final class ReplaySubject implements Subject {
  private final Reference reference;

  /** Output name and rounded values to the values given back. */
  private final BiFunction<String, float[], float[]> spoil;

  ReplaySubject(Reference reference, BiFunction<String, float[], float[]> spoil) {
    this.reference = reference;
    this.spoil = spoil;
  }

  static ReplaySubject faithful(Reference reference) {
    return new ReplaySubject(reference, (_, values) -> values);
  }

  @Override
  public String tier() {
    return "replay";
  }

  @Override
  public ComputeDtype dtype() {
    return ComputeDtype.F32;
  }

  @Override
  public int threads() {
    return 1;
  }

  @Override
  public Outputs forward(Inputs inputs, Set<String> outputs) {
    Map<String, List<Outputs.Value>> values = new LinkedHashMap<>();
    for (int row = 0; row < inputs.batch(); row++) {
      for (String output : outputs) {
        Expected expected = find(inputs, row, output);
        float[] rounded = rounded(expected.values());
        values
            .computeIfAbsent(output, _ -> new ArrayList<>())
            .add(new Outputs.Value(spoil.apply(output, rounded), expected.shape()));
      }
    }
    return new Outputs(inputs.batch(), values);
  }

  private Expected find(Inputs inputs, int row, String output) {
    for (ReferenceCase c : reference.cases()) {
      if (c instanceof ReferenceCase.Forward f && f.outputs().contains(output)) {
        for (int s = 0; s < f.inputs().batch(); s++) {
          if (same(f.inputs().inputIds(), s, inputs.inputIds(), row)
              && same(f.inputs().tokenTypeIds(), s, inputs.tokenTypeIds(), row)
              && same(f.inputs().decoderInputIds(), s, inputs.decoderInputIds(), row)) {
            return reference.expected(f, s, output);
          }
        }
      }
    }
    throw new IllegalStateException("no case has these inputs");
  }

  private static boolean same(List<int[]> one, int i, List<int[]> other, int j) {
    return one == null || other == null ? one == other : Arrays.equals(one.get(i), other.get(j));
  }

  @Override
  public int[] generate(int[] inputIds, GenerateSettings settings) {
    for (ReferenceCase c : reference.cases()) {
      if (c instanceof ReferenceCase.Generate g) {
        for (int row = 0; row < g.inputIds().size(); row++) {
          if (Arrays.equals(g.inputIds().get(row), inputIds)) {
            return g.outputIds().get(row);
          }
        }
      }
    }
    throw new IllegalStateException("no such prompt");
  }

  @Override
  public int[] tokenize(Text text) {
    for (ReferenceCase c : reference.cases()) {
      if (c instanceof ReferenceCase.Tokenize t) {
        return t.inputIds().get(t.texts().indexOf(text));
      }
    }
    throw new IllegalStateException("no such text");
  }

  @Override
  public List<float[]> embed(List<String> texts, EmbedSettings settings) {
    for (ReferenceCase c : reference.cases()) {
      if (c instanceof ReferenceCase.Embed e
          && e.settings().equals(settings)
          && e.texts().containsAll(texts)) {
        Expected all = reference.expected(e);
        int width = Math.toIntExact(all.shape()[1]);
        return texts.stream()
            .map(e.texts()::indexOf)
            .map(i -> Arrays.copyOfRange(all.values(), i * width, (i + 1) * width))
            .map(row -> spoil.apply(Reference.EMBEDDINGS, rounded(row)))
            .toList();
      }
    }
    throw new IllegalStateException("no embeddings");
  }

  private static float[] rounded(double[] values) {
    float[] floats = new float[values.length];
    for (int i = 0; i < values.length; i++) {
      floats[i] = (float) values[i];
    }
    return floats;
  }

  @Override
  public void close() {}
}
