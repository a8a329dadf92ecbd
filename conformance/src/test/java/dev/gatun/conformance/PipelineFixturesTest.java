package dev.gatun.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.DynamicContainer.dynamicContainer;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.gatun.LoadOptions;
import dev.gatun.runtime.nativelib.NativeContext;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.TestFactory;

/**
 * Every {@code reference/pipeline.json}: labels, words, spans and their order are those of the
 * Python pipelines, and a score errs at most twice as much as PyTorch's own fp32. All inputs
 * together, and each by itself, on every kernel tier this machine runs.
 */
class PipelineFixturesTest {
  private static final ObjectMapper MAPPER = new ObjectMapper();
  private static final double ALLOWED = 2;

  @TestFactory
  Stream<DynamicNode> pipelines() throws IOException {
    try (Stream<Path> children = Files.list(Fixtures.of(""))) {
      List<Path> directories =
          children
              .filter(child -> Files.exists(child.resolve("reference/pipeline.json")))
              .sorted()
              .toList();
      assertFalse(directories.isEmpty(), "conformance/fixtures holds no reference/pipeline.json");
      return directories.stream()
          .map(
              directory ->
                  dynamicContainer(
                      directory.getFileName().toString(),
                      NativeContext.tiers().stream().map(tier -> onTier(directory, tier))));
    }
  }

  private static DynamicNode onTier(Path directory, String tier) {
    return dynamicTest(
        tier,
        () -> {
          JsonNode reference =
              MAPPER.readTree(directory.resolve("reference/pipeline.json").toFile());
          assertEquals(1, reference.get("format").asInt());
          var options = LoadOptions.defaults().withTier(tier);
          try (PipelineRun run =
              PipelineRun.open(reference.get("task").asText(), directory, options)) {
            for (JsonNode aCase : reference.get("cases")) {
              check(run, aCase);
            }
          }
        });
  }

  private static void check(PipelineRun run, JsonNode aCase) {
    String name = aCase.get("name").asText();
    double allowed = ALLOWED * aCase.get("torch_f32_error").asDouble();
    JsonNode inputs = aCase.get("inputs");
    JsonNode options = aCase.get("options");
    JsonNode outputs = aCase.get("outputs");
    List<JsonNode> all = new ArrayList<>();
    inputs.forEach(all::add);
    compare(name, outputs, MAPPER.valueToTree(run.outputs(all, options)), allowed);
    if (options.has("rank")) {
      return; // the documents are one input
    }
    for (int i = 0; i < all.size(); i++) {
      JsonNode alone = MAPPER.valueToTree(run.outputs(List.of(all.get(i)), options));
      compare(name + " alone " + i, outputs.get(i), alone.get(0), allowed);
    }
  }

  private static void compare(String at, JsonNode want, JsonNode got, double allowed) {
    if (want.isFloatingPointNumber()) {
      assertEquals(want.asDouble(), got.asDouble(), allowed, at);
    } else if (want.isContainerNode()) {
      assertEquals(want.size(), got.size(), () -> at + ": " + want + " but " + got);
      for (int i = 0; i < want.size() && want.isArray(); i++) {
        compare(at + "[" + i + "]", want.get(i), got.get(i), allowed);
      }
      for (var field : want.properties()) {
        JsonNode value = got.get(field.getKey());
        assertFalse(value == null, () -> at + " has no " + field.getKey() + ": " + got);
        compare(at + "." + field.getKey(), field.getValue(), value, allowed);
      }
    } else {
      assertEquals(want, got, at);
    }
  }
}
