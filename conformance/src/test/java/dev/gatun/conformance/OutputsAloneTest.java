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
                                fixture.getFileName() + " " + dtype, () -> run(fixture, dtype))));
  }

  private static void run(Path fixture, ComputeDtype dtype) {
    try (Reference reference = Reference.open(fixture)) {
      List<Inputs> cases =
          reference.cases().stream()
              .filter(ReferenceCase.Forward.class::isInstance)
              .map(c -> ((ReferenceCase.Forward) c).inputs())
              .toList();
      if (cases.isEmpty()) {
        return; // only texts: embeddings, tokens
      }
      LoadOptions options =
          LoadOptions.defaults().withDtype(dtype).withArchitecture(reference.architecture());
      try (Model model = Model.load(fixture, options)) {
        cases.forEach(inputs -> compare(model, inputs));
      }
    }
  }

  private static void compare(Model model, Inputs inputs) {
    Outputs all = model.forward(inputs, new LinkedHashSet<>(model.outputNames()));
    assertTrue(all.names().size() > 1, "hidden states are among the outputs");
    for (String name : all.names()) {
      Outputs alone = model.forward(inputs, Set.of(name));
      for (int s = 0; s < inputs.batch(); s++) {
        assertArrayEquals(all.shape(name, s), alone.shape(name, s), name);
        assertArrayEquals(all.values(name, s), alone.values(name, s), name);
      }
    }
  }
}
