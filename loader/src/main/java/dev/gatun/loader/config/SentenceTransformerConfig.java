package dev.gatun.loader.config;

import com.fasterxml.jackson.databind.JsonNode;
import dev.gatun.loader.json.Text;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * What sentence-transformers adds to a model directory: the modules, the text limits and the
 * prompts. Read from {@code modules.json}, the modules' own config.json, {@code
 * sentence_bert_config.json} (or one of its older names) and {@code
 * config_sentence_transformers.json}.
 *
 * @param modules a transformer with pooling or a static embedding, and what follows
 * @param maxSeqLength tokens a text is cut to, special ones included; empty if only the model
 *     limits
 * @param doLowerCase text is lower-cased before it is tokenized
 * @param prompts texts to put before a text, by name; {@code query} and {@code document} are always
 *     there, empty unless the model says otherwise
 * @param defaultPromptName which of them is put before a text when the caller names none
 * @param similarity how vectors are meant to be compared
 * @param truncateDim how many leading elements of a vector are kept; empty for all
 */
public record SentenceTransformerConfig(
    List<SentenceModule> modules,
    OptionalInt maxSeqLength,
    boolean doLowerCase,
    Map<String, String> prompts,
    Optional<String> defaultPromptName,
    SimilarityFunction similarity,
    OptionalInt truncateDim) {

  /** Names, of today and before, of the file with a text's limits. */
  public static final List<String> LIMITS =
      List.of(
          "sentence_bert_config.json",
          "sentence_roberta_config.json",
          "sentence_distilbert_config.json",
          "sentence_camembert_config.json",
          "sentence_albert_config.json",
          "sentence_xlm-roberta_config.json",
          "sentence_xlnet_config.json");

  private static final String KIND = "SentenceTransformer";

  public SentenceTransformerConfig {
    modules = List.copyOf(modules);
    prompts = Collections.unmodifiableMap(new LinkedHashMap<>(prompts));
  }

  /**
   * Reads a model directory. As sentence-transformers does, it takes the defaults, a transformer
   * with mean pooling and nothing of the other files, where there is no modules.json or where that
   * belongs to a model of another kind, as a cross-encoder.
   *
   * @throws ConfigException if a file is malformed or asks for a module that is not supported
   */
  public static SentenceTransformerConfig load(Path directory) {
    var listed = new SentenceModules(directory);
    ConfigReader keys =
        ConfigReader.optional(directory.resolve("config_sentence_transformers.json"));
    if (!listed.exist() || !keys.text("model_type", KIND).equals(KIND)) {
      return of(listed.defaults(), TransformerSettings.NONE, ConfigReader.none(directory));
    }
    List<SentenceModule> modules = listed.read();
    return of(
        modules,
        modules.getFirst() instanceof SentenceModule.Transformer(String path)
            ? TransformerSettings.read(directory.resolve(path), TransformerSettings.Task.EMBEDDING)
            : TransformerSettings.NONE,
        keys);
  }

  private static SentenceTransformerConfig of(
      List<SentenceModule> modules, TransformerSettings transformer, ConfigReader keys) {
    Map<String, String> prompts = prompts(keys);
    Optional<String> defaultPromptName = keys.optionalText("default_prompt_name");
    if (defaultPromptName.isPresent() && !prompts.containsKey(defaultPromptName.get())) {
      throw keys.refuse(
          "default_prompt_name",
          Text.quote(defaultPromptName.get()),
          "a key of prompts, " + prompts.keySet());
    }
    return new SentenceTransformerConfig(
        modules,
        transformer.maxSeqLength(),
        transformer.doLowerCase(),
        prompts,
        defaultPromptName,
        SimilarityFunction.read(keys),
        keys.optionalInteger("truncate_dim", 1, CommonKeys.MAX_WIDTH));
  }

  private static Map<String, String> prompts(ConfigReader keys) {
    Map<String, String> prompts = new LinkedHashMap<>();
    prompts.put("query", "");
    prompts.put("document", "");
    JsonNode node = keys.nullable("prompts");
    if (node != null) {
      if (!node.isObject()) {
        throw keys.refuse("prompts", node, "an object of strings");
      }
      for (Map.Entry<String, JsonNode> entry : node.properties()) {
        JsonNode text = entry.getValue();
        if (!text.isTextual() && !text.isNull()) {
          throw keys.refuse("prompts", node, "an object of strings");
        }
        prompts.put(entry.getKey(), text.isNull() ? "" : text.textValue());
      }
    }
    return prompts;
  }
}
