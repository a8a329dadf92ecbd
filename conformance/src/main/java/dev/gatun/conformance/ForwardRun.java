package dev.gatun.conformance;

import dev.gatun.Inputs;
import dev.gatun.Outputs;
import dev.gatun.conformance.ReferenceCase.Forward;
import dev.gatun.conformance.ReferenceTensors.Expected;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Runs a forward case twice, all sequences as one packed batch and then each alone, and compares
 * both with the reference, in which every sequence was computed alone.
 */
final class ForwardRun {
  private final Reference reference;
  private final Subject subject;

  ForwardRun(Reference reference, Subject subject) {
    this.reference = reference;
    this.subject = subject;
  }

  /** One comparison per output, in the order given. */
  Map<String, Comparison> compare(Forward c, Collection<String> outputs) {
    var comparisons = new LinkedHashMap<String, Comparison>();
    for (String output : outputs) {
      comparisons.put(
          output, new Comparison(c.name(), output, c.torchError().get(output), subject.dtype()));
    }
    Inputs batch = c.inputs();
    Outputs packed = subject.forward(batch, comparisons.keySet());
    for (int s = 0; s < batch.batch(); s++) {
      Outputs alone =
          batch.batch() == 1 ? null : subject.forward(only(batch, s), comparisons.keySet());
      for (Map.Entry<String, Comparison> one : comparisons.entrySet()) {
        String output = one.getKey();
        Expected expected = reference.expected(c, s, output);
        one.getValue()
            .add("sequence " + s, packed.shape(output, s), packed.values(output, s), expected);
        if (alone != null) {
          one.getValue()
              .addAgain(
                  "sequence " + s + " alone",
                  alone.shape(output, 0),
                  alone.values(output, 0),
                  expected);
        }
      }
    }
    return comparisons;
  }

  private static Inputs only(Inputs inputs, int sequence) {
    return new Inputs(
        List.of(inputs.inputIds().get(sequence)),
        only(inputs.tokenTypeIds(), sequence),
        only(inputs.decoderInputIds(), sequence));
  }

  private static List<int[]> only(List<int[]> rows, int sequence) {
    return rows == null ? null : List.of(rows.get(sequence));
  }
}
