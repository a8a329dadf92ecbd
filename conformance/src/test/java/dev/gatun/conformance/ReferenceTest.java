package dev.gatun.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Every way in which a reference can be broken is said by name, and none passes for a success. */
class ReferenceTest {
  @TempDir private Path model;
  private Path json;
  private Path tensors;

  @BeforeEach
  void copyFixture() throws IOException {
    Path source = Fixtures.of("gpt2-lm").resolve("reference");
    Path folder = Files.createDirectories(model.resolve("reference"));
    json = folder.resolve("reference.json");
    tensors = folder.resolve("reference.safetensors");
    Files.copy(source.resolve("reference.json"), json);
    Files.copy(source.resolve("reference.safetensors"), tensors);
  }

  private ReferenceException refused() {
    return assertThrows(ReferenceException.class, () -> Reference.open(model).close());
  }

  private void assertRefused(String... parts) {
    String message = refused().getMessage();
    for (String part : parts) {
      assertTrue(message.contains(part), () -> "'" + part + "' is not in: " + message);
    }
  }

  @Test
  void aSoundReferenceOpens() {
    try (Reference reference = Reference.open(model)) {
      assertEquals("GPT2LMHeadModel", reference.architecture());
    }
  }

  @Test
  void absentFiles() throws IOException {
    Files.delete(tensors);
    assertRefused("reference.safetensors: not found", "mixed/0/logits");
    Files.delete(json);
    assertRefused("reference.json: not found");
  }

  @Test
  void brokenJson() throws IOException {
    Files.writeString(json, "{\n\"format\": 1,\n]");
    assertRefused("malformed JSON in line 3");
    Files.writeString(json, "[]");
    assertRefused("expected a JSON object");
  }

  @Test
  void brokenTensors() throws IOException {
    byte[] bytes = Files.readAllBytes(tensors);
    Files.write(tensors, Arrays.copyOf(bytes, bytes.length - 8));
    assertRefused("reference.safetensors", "not a sound safetensors file");
  }

  @Test
  void tensorsThatHoldNoNumbers() throws IOException {
    byte[] bytes = Files.readAllBytes(tensors);
    for (int i = bytes.length - 8; i < bytes.length; i++) {
      bytes[i] = (byte) 0xFF;
    }
    Files.write(tensors, bytes);
    ReferenceException e =
        assertThrows(
            ReferenceException.class,
            () -> {
              Reference reference = Reference.open(model);
              try (var verifier = new Verifier(reference, ReplaySubject.faithful(reference))) {
                verifier.run(_ -> {});
              }
            });
    assertTrue(e.getMessage().contains("holds NaN at flat index"), e.getMessage());
  }

  /** Each row: a text of the sound reference, what replaces it, what the refusal must say. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "\"format\": 1| \"format\": 2| format is 2",
        "\"format\": 1| \"format\": \"1\"| format is \"1\"",
        "\"class\"| \"klass\"| unknown key 'klass'",
        "\"cases\": [| \"cases\": [], \"cases2\": [| unknown key 'cases2'",
        "\"name\": \"greedy\"| \"name\": \"mixed\"| two cases are named 'mixed'",
        "\"name\": \"greedy\"| \"named\": \"greedy\"| a case has no 'name'",
        "\"name\": \"greedy\"| \"name\": \"greedy\", \"note\": 1| would be ignored: [note]",
        "\"generate\":| \"sample\":| case 'greedy' is of no known kind",
        "\"max_new_tokens\": 20| \"max_new_tokens\": 20, \"top_k\": 5| option 'top_k' is not",
        "\"max_new_tokens\": 20| \"max_new_tokens\": 20, \"num_beams\": 4| 'num_beams' is 4",
        "\"max_new_tokens\": 20| \"max_new_tokens\": 20, \"do_sample\": true| 'do_sample' is true",
        "\"max_new_tokens\": 20| \"max_new_tokens\": 0| 'max_new_tokens' must be an integer >= 1",
        "\"max_new_tokens\": 20| \"min_new_tokens\": 20| generate lacks 'max_new_tokens'",
        "\"input_ids\":| \"attention_mask\":| input 'attention_mask' is not supported",
        "\"logits\"| \"logits2\"| lacks expected tensors: 'mixed/0/logits2'",
        "\"torch_f32_error\": {| \"torch_f32_error\": {\"x\": 1, | torch_f32_error counts 2",
      })
  void brokenCases(String sound, String broken, String refusal) throws IOException {
    String text = Files.readString(json, StandardCharsets.UTF_8);
    assertTrue(text.contains(sound), "the fixture has no " + sound);
    Files.writeString(json, text.replace(sound, broken));
    assertRefused(refusal);
  }

  /** Each row: what stands in a case of embeddings, what the refusal must say. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "\"task\": \"passage\"| 'task' is 'passage'; known are 'query' and 'document'",
        "\"task\": \"query\", \"dimensions\": 3| 'task' stands alone",
        "\"prompt\": \"a\", \"prompt_name\": \"b\"| exclude each other",
        "\"prompt\": 1| 'prompt' must be a text, found 1",
        "\"dimensions\": 0| 'dimensions' must be an integer >= 1, found 0",
        "\"normalize\": true| would be ignored: [normalize]",
      })
  void brokenSettingsOfEmbeddings(String settings, String refusal) throws IOException {
    Files.writeString(
        json,
        "{\"format\": 1, \"class\": \"BertModel\", \"cases\": [{\"name\": \"emb\", \"texts\": [\"a\"], "
            + settings
            + ", \"outputs\": [\"embeddings\"], \"torch_f32_error\": {\"embeddings\": 1e-7}}]}");
    assertRefused(refusal);
  }

  @Test
  void noCases() throws IOException {
    Files.writeString(json, "{\"format\": 1, \"class\": \"GPT2LMHeadModel\", \"cases\": []}");
    assertRefused("holds no cases");
  }

  @Test
  void casesWithNothingToCompare() throws IOException {
    for (String empty :
        new String[] {
          "{\"name\": \"a\", \"inputs\": {\"input_ids\": []}, \"outputs\": [\"logits\"],"
              + " \"torch_f32_error\": {\"logits\": 1e-6}}",
          "{\"name\": \"a\", \"inputs\": {\"input_ids\": [[1]]}, \"outputs\": [],"
              + " \"torch_f32_error\": {}}",
          "{\"name\": \"a\", \"texts\": [], \"input_ids\": []}",
        }) {
      Files.writeString(
          json, "{\"format\": 1, \"class\": \"GPT2LMHeadModel\", \"cases\": [" + empty + "]}");
      assertRefused("nothing to compare");
    }
  }

  @Test
  void tensorsThatNoCaseNames() throws IOException {
    Files.writeString(
        json,
        "{\"format\": 1, \"class\": \"GPT2LMHeadModel\", \"cases\": [{\"name\": \"tok\","
            + " \"texts\": [\"a\"], \"input_ids\": [[1]]}]}");
    assertRefused("tensors that no case names", "layers/0/hidden_states.0");
  }
}
