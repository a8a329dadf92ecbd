package dev.gatun.loader.config;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.gatun.loader.json.Text;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;

/**
 * What sentence-transformers' {@code Transformer} module is set up with: {@code
 * sentence_bert_config.json}, or one of its older names. Settings that would change the numbers and
 * are not built are refused.
 *
 * @param maxSeqLength tokens a text is cut to, special ones included; empty for what tokenizer and
 *     model allow
 * @param doLowerCase text is lower-cased before it is tokenized
 */
record TransformerSettings(OptionalInt maxSeqLength, boolean doLowerCase) {
  static final TransformerSettings NONE = new TransformerSettings(OptionalInt.empty(), false);

  /** What the module is used for, in the words of the file. */
  enum Task {
    EMBEDDING("feature-extraction", "last_hidden_state", "token_embeddings"),
    SCORING("sequence-classification", "logits", "scores");

    private final String name;
    private final String modelOutput;
    private final String moduleOutput;

    Task(String name, String modelOutput, String moduleOutput) {
      this.name = name;
      this.modelOutput = modelOutput;
      this.moduleOutput = moduleOutput;
    }
  }

  /** Among the tokenizer's arguments; goes before {@code max_seq_length}. */
  private static final String MAX_LENGTH = "model_max_length";

  private static final Set<String> HARMLESS =
      Set.of(
          "attn_implementation",
          "cache_dir",
          "device_map",
          "dtype",
          "local_files_only",
          "low_cpu_mem_usage",
          "revision",
          "token",
          "torch_dtype",
          "trust_remote_code",
          "use_auth_token",
          "use_fast",
          "use_safetensors");

  /**
   * Reads the settings of a module.
   *
   * @param folder of the transformer
   * @throws ConfigException if the file is malformed or asks for something that is not supported
   */
  static TransformerSettings read(Path folder, Task task) {
    ConfigReader keys = keys(folder);
    only(keys, "transformer_task", task.name);
    only(keys, "module_output_name", task.moduleOutput);
    checkModalities(keys, task);
    for (String key :
        List.of(
            "processing_kwargs",
            "query_length",
            "document_length",
            "query_expansion",
            "tokenizer_name_or_path")) {
      keys.onlyAbsent(key, "texts are tokenized as the model's own tokenizer does it");
    }
    for (String key : List.of("model_args", "model_kwargs", "config_args", "config_kwargs")) {
      checkArguments(keys, key, null);
    }
    OptionalInt length = keys.optionalInteger("max_seq_length", 1, Integer.MAX_VALUE);
    for (String key : List.of("tokenizer_args", "processor_kwargs")) {
      checkArguments(keys, key, MAX_LENGTH);
      if (keys.nullable(key) instanceof ObjectNode arguments && arguments.has(MAX_LENGTH)) {
        length = new ConfigReader(key, arguments).optionalInteger(MAX_LENGTH, 1, Integer.MAX_VALUE);
      }
    }
    if (task == Task.SCORING) {
      keys.onlyFalse("do_lower_case", "the tokenizer decides");
    }
    return new TransformerSettings(length, keys.bool("do_lower_case", false));
  }

  private static ConfigReader keys(Path folder) {
    return SentenceTransformerConfig.LIMITS.stream()
        .map(folder::resolve)
        .filter(Files::exists)
        .findFirst()
        .map(ConfigReader::of)
        .orElseGet(() -> ConfigReader.none(folder));
  }

  private static void only(ConfigReader keys, String key, String supported) {
    String value = keys.text(key, supported);
    if (!value.equals(supported)) {
      throw keys.refuse(key, Text.quote(value), supported);
    }
  }

  /** Which output of the model is taken for a text; chat messages are not built. */
  private static void checkModalities(ConfigReader keys, Task task) {
    JsonNode modalities = keys.nullable("modality_config");
    if (modalities == null) {
      return;
    }
    JsonNode text = modalities.path("text");
    if (modalities.has("message")
        || !text.path("method").asText().equals("forward")
        || !text.path("method_output_name").asText().equals(task.modelOutput)) {
      throw keys.refuse("modality_config", modalities, "text by " + task.modelOutput);
    }
  }

  /**
   * Arguments of {@code from_pretrained} that say no more than where files are and how it runs.
   *
   * @param known another one that is understood; null for none
   */
  private static void checkArguments(ConfigReader keys, String key, String known) {
    JsonNode arguments = keys.nullable(key);
    if (arguments == null) {
      return;
    }
    for (Map.Entry<String, JsonNode> entry : arguments.properties()) {
      String name = entry.getKey();
      if (!HARMLESS.contains(name) && !name.equals(known) && !entry.getValue().isNull()) {
        throw keys.refuse(key + "." + name, entry.getValue(), "absent");
      }
    }
  }
}
