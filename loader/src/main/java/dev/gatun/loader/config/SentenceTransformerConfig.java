package dev.gatun.loader.config;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.gatun.loader.json.StrictJson;
import dev.gatun.loader.json.Text;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * What sentence-transformers adds to a model directory: which modules follow the transformer, the
 * text limits and the prompts.
 *
 * @param poolingModes how token vectors become one; several are put one behind the other
 * @param normalize whether vectors are scaled to length 1
 * @param maxSeqLength tokens a text is cut to, special ones included; empty if only the model
 *     limits
 * @param doLowerCase text is lower-cased before it is tokenized
 * @param defaultPrompt put before every text; empty if there is none
 */
public record SentenceTransformerConfig(
    List<PoolingMode> poolingModes,
    boolean normalize,
    OptionalInt maxSeqLength,
    boolean doLowerCase,
    String defaultPrompt) {

  /** Pooling modes, in the order in which the old boolean keys are concatenated. */
  public enum PoolingMode {
    CLS("cls", "pooling_mode_cls_token"),
    MAX("max", "pooling_mode_max_tokens"),
    MEAN("mean", "pooling_mode_mean_tokens"),
    MEAN_SQRT_LEN_TOKENS("mean_sqrt_len_tokens", "pooling_mode_mean_sqrt_len_tokens"),
    WEIGHTEDMEAN("weightedmean", "pooling_mode_weightedmean_tokens"),
    LASTTOKEN("lasttoken", "pooling_mode_lasttoken");

    private final String name;
    private final String oldKey;

    PoolingMode(String name, String oldKey) {
      this.name = name;
      this.oldKey = oldKey;
    }
  }

  /**
   * Reads a model directory; without modules.json it is a transformer with mean pooling.
   *
   * @throws ConfigException if a file is malformed or asks for a module that is not supported
   */
  public static SentenceTransformerConfig load(Path directory) {
    List<PoolingMode> modes = List.of(PoolingMode.MEAN);
    boolean normalize = false;
    if (Files.exists(directory.resolve("modules.json"))) {
      List<Module> modules = modules(directory.resolve("modules.json"));
      modes = pooling(directory, modules.get(1).path());
      normalize = modules.size() == 3;
    }
    ConfigReader limits = optional(directory, "sentence_bert_config.json");
    ConfigReader prompts = optional(directory, "config_sentence_transformers.json");
    return new SentenceTransformerConfig(
        modes,
        normalize,
        limits.optionalInteger("max_seq_length", 1, Integer.MAX_VALUE),
        limits.bool("do_lower_case", false),
        defaultPrompt(prompts));
  }

  private record Module(String type, String path) {}

  /** The modules, which are Transformer, Pooling and perhaps Normalize. */
  private static List<Module> modules(Path file) {
    List<Module> modules = new ArrayList<>();
    for (JsonNode node : readArray(file)) {
      if (!node.path("type").isTextual() || !node.path("path").isTextual()) {
        throw new ConfigException(
            file.toString(),
            "a module lacks its type or path: " + Text.shorten(node.toString(), 200),
            null);
      }
      String type = node.get("type").textValue();
      // Packages were renamed between releases: only the class says what it is.
      modules.add(
          new Module(type.substring(type.lastIndexOf('.') + 1), node.get("path").textValue()));
    }
    List<String> types = modules.stream().map(Module::type).toList();
    if (!types.equals(List.of("Transformer", "Pooling"))
        && !types.equals(List.of("Transformer", "Pooling", "Normalize"))) {
      throw new ConfigException(
          file.toString(),
          "modules",
          types.toString(),
          "[Transformer, Pooling] and [Transformer, Pooling, Normalize]");
    }
    return modules;
  }

  private static List<PoolingMode> pooling(Path directory, String path) {
    Path folder = directory.resolve(path).normalize();
    if (!folder.startsWith(directory.normalize())) {
      throw new ConfigException(
          directory.resolve("modules.json").toString(), "path", path, "folders of the model");
    }
    Path file = folder.resolve("config.json");
    ObjectNode root = ConfigParser.readObject(file);
    ConfigReader keys = new ConfigReader(file.toString(), root);
    if (!keys.bool("include_prompt", true)) {
      throw keys.refuse("include_prompt", "false", "true");
    }
    List<PoolingMode> modes = new ArrayList<>();
    if (root.has("pooling_mode")) {
      List<String> names =
          root.get("pooling_mode").isTextual()
              ? List.of(root.get("pooling_mode").textValue())
              : keys.texts("pooling_mode");
      for (String name : names) {
        modes.add(mode(keys, name));
      }
    } else {
      for (PoolingMode mode : PoolingMode.values()) {
        if (keys.bool(mode.oldKey, false)) {
          modes.add(mode);
        }
      }
    }
    return modes.isEmpty() ? List.of(PoolingMode.MEAN) : List.copyOf(modes);
  }

  private static PoolingMode mode(ConfigReader keys, String name) {
    for (PoolingMode mode : PoolingMode.values()) {
      if (mode.name.equals(name)) {
        return mode;
      }
    }
    throw keys.refuse(
        "pooling_mode",
        Text.quote(name),
        String.join(", ", List.of(PoolingMode.values()).stream().map(m -> m.name).toList()));
  }

  private static String defaultPrompt(ConfigReader keys) {
    Optional<String> name = keys.optionalText("default_prompt_name");
    Map<String, String> prompts = new LinkedHashMap<>();
    JsonNode node = keys.nullable("prompts");
    if (node != null) {
      node.properties().forEach(e -> prompts.put(e.getKey(), e.getValue().asText()));
    }
    if (name.isEmpty()) {
      return "";
    }
    if (!prompts.containsKey(name.get())) {
      throw keys.refuse(
          "default_prompt_name", Text.quote(name.get()), "a key of prompts, " + prompts.keySet());
    }
    return prompts.get(name.get());
  }

  private static ConfigReader optional(Path directory, String name) {
    Path file = directory.resolve(name);
    ObjectNode root =
        Files.exists(file) ? ConfigParser.readObject(file) : JsonNodeFactory.instance.objectNode();
    return new ConfigReader(file.toString(), root);
  }

  private static ArrayNode readArray(Path file) {
    try {
      return StrictJson.readArray(ConfigParser.readBytes(file));
    } catch (IOException e) {
      throw new ConfigException(file.toString(), "is malformed: " + StrictJson.reason(e), e);
    }
  }
}
