package dev.gatun.tools;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VerifyCommandTest {
  @TempDir private Path copy;

  private void copyFixture(String name) throws IOException {
    Path source = Path.of(Cli.fixture(name));
    try (Stream<Path> files = Files.walk(source)) {
      for (Path file : (Iterable<Path>) files::iterator) {
        Path to = copy.resolve(source.relativize(file).toString());
        if (Files.isDirectory(file)) {
          Files.createDirectories(to);
        } else {
          Files.copy(file, to);
        }
      }
    }
  }

  @Test
  void aSoundModelPasses() throws IOException {
    String model = Cli.fixture("bert-masked-lm");
    Cli.run("verify", model, "--threads", "1")
        .succeeds()
        .prints("BertForMaskedLM", "mixed", "logits", "PASS: all");

    JsonNode report =
        new JsonMapper()
            .readTree(Cli.run("verify", model, "--json", "--tier", "reference").succeeds().out());
    assertTrue(report.path("passed").booleanValue());
    assertEquals("reference", report.path("tier").textValue());
    JsonNode check = report.path("checks").get(0);
    assertTrue(check.path("max_abs_error").doubleValue() <= check.path("limit").doubleValue());
    assertEquals(check.path("argmax_rows"), check.path("argmax_equal"));
  }

  @Test
  void severalModels() throws IOException {
    String[] models = {Cli.fixture("bert-masked-lm"), Cli.fixture("gpt2-lm")};
    Cli.run("verify", models[0], models[1])
        .succeeds()
        .prints("BertForMaskedLM", "GPT2LMHeadModel", "2 of 2 models passed");

    JsonNode reports =
        new JsonMapper().readTree(Cli.run("verify", models[0], models[1], "--json").out());
    assertEquals(2, reports.size());
    assertTrue(reports.get(1).path("passed").booleanValue());
  }

  @Test
  void aChangedWeightFailsAndNamesTheLayer() throws IOException {
    copyFixture("bert-masked-lm");
    Path weights = copy.resolve("model.safetensors");
    new TensorEdit(weights).add("bert.encoder.layer.1.output.dense.bias", 0.01f);

    Cli failed = Cli.run("verify", copy.toString());
    assertEquals(1, failed.status(), failed::toString);
    failed.prints("FAIL mixed logits:", "first diverging layer: layer 1 (hidden_states.2)");

    JsonNode report = new JsonMapper().readTree(Cli.run("verify", copy.toString(), "--json").out());
    assertFalse(report.path("passed").booleanValue());
    assertTrue(report.toString().contains("first diverging layer: layer 1"));
  }

  @Test
  void changedIdsFail() throws IOException {
    copyFixture("gpt2-lm");
    Path json = copy.resolve("reference/reference.json");
    String text = Files.readString(json);
    int lastId = text.lastIndexOf(", ", text.lastIndexOf("]]")) + 2;
    Files.writeString(json, text.substring(0, lastId) + "1" + text.substring(lastId));

    Cli failed = Cli.run("verify", copy.toString());
    assertEquals(1, failed.status(), failed::toString);
    failed.prints("FAIL greedy output_ids: prompt ");
  }

  @Test
  void aBrokenReferenceIsNamed() throws IOException {
    copyFixture("bert-model");
    Path json = copy.resolve("reference/reference.json");
    Files.writeString(json, Files.readString(json).replace("\"format\": 1", "\"format\": 9"));
    Cli.run("verify", copy.toString()).fails(1, "reference.json", "format is 9");

    Files.delete(json);
    Cli.run("verify", copy.toString()).fails(1, "reference.json", "not found");
  }

  @Test
  void directoriesAndTiersThatAreNotThere() {
    Cli.run("verify", "/no/such/model").fails(1, "/no/such/model");
    Cli.run("verify", Cli.fixture("bert-model"), "--tier", "avx1024").fails(1, "avx1024");
  }
}
