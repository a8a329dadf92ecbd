package dev.gatun.loader.config;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.gatun.loader.json.Text;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * What sentence-transformers reads beside the model for a cross-encoder, in the order of its {@code
 * CrossEncoder} 6.0.
 *
 * @param activationFunction path of the torch class that turns logits into scores, as {@code
 *     torch.nn.modules.linear.Identity}; empty where no file names one that is trusted
 * @param maxSeqLength tokens a pair is cut to, special ones included; empty if only the tokenizer
 *     and the model limit
 */
public record CrossEncoderConfig(Optional<String> activationFunction, OptionalInt maxSeqLength) {
  private static final String SETTINGS = "config_sentence_transformers.json";

  /**
   * Reads a model directory.
   *
   * @throws ConfigException if a file is malformed or asks for something that is not supported
   */
  public static CrossEncoderConfig load(Path directory) {
    Optional<String> activation = inModelConfig(directory.resolve("config.json"));
    if (!Files.exists(directory.resolve("modules.json"))
        || !Files.exists(directory.resolve(SETTINGS))) {
      return new CrossEncoderConfig(activation, OptionalInt.empty());
    }
    ConfigReader settings = ConfigReader.of(directory.resolve(SETTINGS));
    // A directory of another kind, as a sentence embedder: only its config.json is looked at.
    if (!settings.text("model_type", "SentenceTransformer").equals("CrossEncoder")) {
      return new CrossEncoderConfig(activation, OptionalInt.empty());
    }
    requireOnlyTransformer(directory);
    if (settings.optionalText("default_prompt_name").isPresent()) {
      throw settings.refuse(
          "default_prompt_name", settings.nullable("default_prompt_name"), "null (no prompt)");
    }
    var transformer = TransformerSettings.read(directory, TransformerSettings.Task.SCORING);
    return new CrossEncoderConfig(
        settings
            .optionalText("activation_fn")
            .filter(CrossEncoderConfig::trusted)
            .or(() -> activation),
        transformer.maxSeqLength());
  }

  private static Optional<String> inModelConfig(Path file) {
    ConfigReader keys = ConfigReader.of(file);
    JsonNode nested = keys.nullable("sentence_transformers");
    // A key that is there counts, even with a null.
    if (nested instanceof ObjectNode object && object.has("activation_fn")) {
      return new ConfigReader(file + ": sentence_transformers", object)
          .optionalText("activation_fn")
          .filter(CrossEncoderConfig::trusted);
    }
    return keys.optionalText("sbert_ce_default_activation_function")
        .filter(CrossEncoderConfig::trusted);
  }

  /** Other paths are code of the model's own, which sentence-transformers doesn't run unasked. */
  private static boolean trusted(String path) {
    return path.startsWith("torch.");
  }

  private static void requireOnlyTransformer(Path directory) {
    Path file = directory.resolve("modules.json");
    JsonNode modules = ConfigParser.readArray(file);
    String type = modules.path(0).path("type").asText();
    if (modules.size() != 1 || !type.substring(type.lastIndexOf('.') + 1).equals("Transformer")) {
      throw new ConfigException(
          file.toString(), "modules", Text.shorten(modules.toString(), 200), "one Transformer");
    }
  }
}
