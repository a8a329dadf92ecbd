package dev.gatun.conformance;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.DynamicContainer.dynamicContainer;

import dev.gatun.ComputeDtype;
import dev.gatun.conformance.junit.ConformanceTests;
import dev.gatun.runtime.nativelib.NativeContext;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * Every fixture and the bundled model on every kernel tier this machine runs, with one thread and
 * with two; and the real models beside the project, in the tiers users get.
 */
class FixturesTest {
  private static final List<Integer> THREADS = List.of(1, 2);

  @TestFactory
  Stream<DynamicNode> fixtures() {
    List<Path> fixtures = Fixtures.all();
    assertFalse(fixtures.isEmpty(), "conformance/fixtures holds no fixture");
    List<Path> bundled = Fixtures.modelsIn(Fixtures.root().resolve("tools/models"));
    return Stream.concat(fixtures.stream(), bundled.stream())
        .map(
            fixture ->
                dynamicContainer(
                    fixture.getFileName().toString(),
                    NativeContext.tiers().stream().flatMap(tier -> runs(fixture, tier))));
  }

  private static Stream<DynamicNode> runs(Path model, String tier) {
    return THREADS.stream()
        .map(
            threads ->
                ConformanceTests.of(
                    model, VerifyOptions.defaults().withTier(tier).withThreads(threads)));
  }

  /** bf16 is held to its own bound, see Verifier; on every tier, since all but one emulate it. */
  @TestFactory
  Stream<DynamicNode> fixturesInBf16() {
    return Fixtures.all().stream()
        .map(
            fixture ->
                dynamicContainer(
                    fixture.getFileName().toString(),
                    NativeContext.tiers().stream()
                        .map(
                            tier ->
                                ConformanceTests.of(
                                    fixture,
                                    VerifyOptions.defaults()
                                        .withTier(tier)
                                        .withThreads(2)
                                        .withDtype(ComputeDtype.BF16)))));
  }

  @TestFactory
  Stream<DynamicNode> modelsBesideTheProject() {
    return sharedModels().stream()
        .flatMap(
            model ->
                NativeContext.tiers().stream()
                    .filter(tier -> !tier.equals("reference"))
                    .map(
                        tier ->
                            ConformanceTests.of(
                                model, VerifyOptions.defaults().withTier(tier).withThreads(2))));
  }

  @Test
  void modelsBesideTheProjectAreThere() {
    assumeFalse(
        sharedModels().isEmpty(),
        "no model with a reference in ../shared/models: only the fixtures were verified");
  }

  private static List<Path> sharedModels() {
    return Fixtures.modelsIn(Fixtures.root().resolveSibling("shared").resolve("models"));
  }
}
