package dev.gatun.tools;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ClassifyCommandTest {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  @TempDir private Path directory;

  @Test
  void theLabelsOfTheReference() throws IOException {
    String model = Cli.fixture("task-classify");
    JsonNode all =
        MAPPER.readTree(Path.of(model, "reference/pipeline.json").toFile()).get("cases").get(0);
    Cli run =
        Cli.run("classify", model, all.get("inputs").get(0).asText(), "--top-k", "9", "--json")
            .succeeds();
    JsonNode labels = MAPPER.readTree(run.out()).get("labels");
    JsonNode wanted = all.get("outputs").get(0);
    assertEquals(wanted.size(), labels.size());
    for (int i = 0; i < wanted.size(); i++) {
      assertEquals(wanted.get(i).get("label"), labels.get(i).get("label"));
      assertEquals(
          wanted.get(i).get("score").asDouble(), labels.get(i).get("score").asDouble(), 1e-6);
    }
  }

  @Test
  void aLinePerTextInTheirOrder() throws IOException {
    Path file = directory.resolve("texts.txt");
    Files.writeString(file, "water rises\n\n🚢 falls\n");
    List<String> lines =
        Cli.run("classify", Cli.fixture("task-classify"), "rain", "--input", file.toString())
            .succeeds()
            .out()
            .lines()
            .toList();
    assertEquals(4, lines.size());
    assertTrue(lines.get(0).endsWith("  rain"), lines.get(0));
    assertTrue(lines.get(1).endsWith("  water rises"), lines.get(1));
    assertTrue(lines.get(3).endsWith("  🚢 falls"), lines.get(3));
  }

  @Test
  void aSecondTextChangesTheScores() throws IOException {
    String model = Cli.fixture("task-classify");
    JsonNode alone = MAPPER.readTree(Cli.run("classify", model, "rain", "--json").succeeds().out());
    JsonNode pair =
        MAPPER.readTree(
            Cli.run("classify", model, "rain", "--pair-with", "the lake", "--json")
                .succeeds()
                .out());
    assertEquals("the lake", pair.get("pair").asText());
    assertNotEquals(alone.get("labels"), pair.get("labels"));
  }

  @Test
  void whatIsRefused() {
    String model = Cli.fixture("task-classify");
    Cli.run("classify", model).fails(2, "no text");
    Cli.run("classify", model, "a", "--top-k", "0").fails(2, "--top-k");
    Cli.run("classify", Cli.fixture("task-fill"), "a")
        .fails(1, "BertForMaskedLM", "ForSequenceClassification");
    Cli.run("classify", "--help").succeeds().prints("MODEL", "--pair-with", "Examples");
  }
}
