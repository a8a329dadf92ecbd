package dev.gatun.loader.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CrossEncoderConfigTest {
  private static final String MODULES =
      "[{\"idx\": 0, \"name\": \"0\", \"path\": \"\", \"type\": \"a.b.Transformer\"}]";

  @TempDir private Path directory;

  @Test
  void nothingIsSaid() throws IOException {
    write("config.json", "{\"model_type\": \"bert\"}");
    assertEquals(new CrossEncoderConfig(Optional.empty(), OptionalInt.empty()), load());
  }

  @Test
  void theModelConfigNamesAFunction() throws IOException {
    write("config.json", "{\"sbert_ce_default_activation_function\": \"torch.nn.Identity\"}");
    assertEquals(Optional.of("torch.nn.Identity"), load().activationFunction());
    // the newer place wins, even if it says null
    write(
        "config.json",
        "{\"sbert_ce_default_activation_function\": \"torch.nn.Identity\","
            + " \"sentence_transformers\": {\"activation_fn\": \"torch.nn.Sigmoid\"}}");
    assertEquals(Optional.of("torch.nn.Sigmoid"), load().activationFunction());
    write(
        "config.json",
        "{\"sbert_ce_default_activation_function\": \"torch.nn.Identity\","
            + " \"sentence_transformers\": {\"activation_fn\": null}}");
    assertEquals(Optional.empty(), load().activationFunction());
  }

  @Test
  void codeOfTheModelsOwnIsNotTrusted() throws IOException {
    write("config.json", "{\"sentence_transformers\": {\"activation_fn\": \"my.module.Steps\"}}");
    assertEquals(Optional.empty(), load().activationFunction());
  }

  @Test
  void aSavedDirectoryHasItsOwnFiles() throws IOException {
    write("config.json", "{\"sentence_transformers\": {\"activation_fn\": \"torch.nn.Sigmoid\"}}");
    write("modules.json", MODULES);
    settings("\"activation_fn\": \"torch.nn.Identity\"");
    write(
        "sentence_bert_config.json",
        """
        {"max_seq_length": 77, "transformer_task": "sequence-classification",
         "module_output_name": "scores",
         "modality_config": {"text": {"method": "forward", "method_output_name": "logits"}}}
        """);
    assertEquals(
        new CrossEncoderConfig(Optional.of("torch.nn.Identity"), OptionalInt.of(77)), load());
    settings("\"activation_fn\": null");
    assertEquals(Optional.of("torch.nn.Sigmoid"), load().activationFunction());
  }

  @Test
  void anotherKindsFilesAreNotRead() throws IOException {
    write("config.json", "{}");
    write("modules.json", "[]");
    write(
        "config_sentence_transformers.json",
        "{\"model_type\": \"SentenceTransformer\", \"activation_fn\": \"torch.nn.Identity\"}");
    assertEquals(new CrossEncoderConfig(Optional.empty(), OptionalInt.empty()), load());
  }

  @Test
  void whatWouldChangeTheScoresIsRefused() throws IOException {
    write("config.json", "{\"sentence_transformers\": {\"activation_fn\": 7}}");
    refused("activation_fn");
    write("config.json", "{}");
    write("modules.json", MODULES);
    settings("\"default_prompt_name\": \"query\"");
    refused("default_prompt_name");
    settings("\"prompts\": {}");
    write("sentence_bert_config.json", "{\"do_lower_case\": true}");
    refused("do_lower_case");
    write("sentence_bert_config.json", "{\"max_seq_length\": 0}");
    refused("max_seq_length");
    write("sentence_bert_config.json", "{\"transformer_task\": \"text-generation\"}");
    refused("text-generation");
    write("modules.json", "[{\"type\": \"a.Transformer\"}, {\"type\": \"a.LogitScore\"}]");
    refused("LogitScore");
    write("modules.json", "{");
    refused("modules.json");
  }

  private void settings(String more) throws IOException {
    write("config_sentence_transformers.json", "{\"model_type\": \"CrossEncoder\", " + more + "}");
  }

  private void refused(String part) {
    var e = assertThrows(ConfigException.class, this::load);
    assertTrue(e.getMessage().contains(part), e.getMessage());
  }

  private CrossEncoderConfig load() {
    return CrossEncoderConfig.load(directory);
  }

  private void write(String name, String json) throws IOException {
    Files.writeString(directory.resolve(name), json);
  }
}
