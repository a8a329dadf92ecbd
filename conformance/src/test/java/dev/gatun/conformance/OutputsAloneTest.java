package dev.gatun.conformance;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.gatun.ComputeDtype;
import dev.gatun.Inputs;
import dev.gatun.LoadOptions;
import dev.gatun.Model;
import dev.gatun.Outputs;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * An output has the same bits whether it is asked for alone or with all others: what is left out
 * for want of a reader must not be missed.
 */
class OutputsAloneTest {
  @TestFactory
  Stream<DynamicTest> eachOutputAloneHasTheBitsItHasAmongAll() {
    return Fixtures.all().stream()
        .flatMap(
            fixture ->
                Stream.of(ComputeDtype.values())
                    .map(
                        dtype ->
                            dynamicTest(
                                fixture.getFileName() + " " + dtype,
                                () -> run(fixture, LoadOptions.defaults().withDtype(dtype), 0))));
  }

  /**
   * @param tolerance largest difference, of the largest magnitude of the output or of 1
   */
  static void run(Path fixture, LoadOptions options, double tolerance) {
    try (Reference reference = Reference.open(fixture)) {
      List<Inputs> cases =
          reference.cases().stream()
              .filter(ReferenceCase.Forward.class::isInstance)
              .map(c -> ((ReferenceCase.Forward) c).inputs())
              .toList();
      if (cases.isEmpty()) {
        return; // only texts: embeddings, tokens
      }
      try (Model model = Model.load(fixture, options.withArchitecture(reference.architecture()))) {
        cases.forEach(inputs -> compare(model, inputs, tolerance));
      }
    }
  }

  private static void compare(Model model, Inputs inputs, double tolerance) {
    Outputs all = model.forward(inputs, new LinkedHashSet<>(model.outputNames()));
    assertTrue(all.names().size() > 1, "hidden states are among the outputs");
    for (String name : all.names()) {
      if (name.contains("hidden_states.")) {
        continue; // with these nothing is left out
      }
      Outputs alone = model.forward(inputs, Set.of(name));
      for (int s = 0; s < inputs.batch(); s++) {
        assertArrayEquals(all.shape(name, s), alone.shape(name, s), name);
        float[] expected = all.values(name, s);
        float largest = 1;
        for (float value : expected) {
          largest = Math.max(largest, Math.abs(value));
        }
        assertArrayEquals(expected, alone.values(name, s), (float) (tolerance * largest), name);
      }
    }
  }
}
