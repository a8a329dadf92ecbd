package dev.gatun.loader.config;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.gatun.loader.json.StrictJson;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;

/** Reads {@code config.json} into the record of its architecture. */
public final class ConfigParser {
  /**
   * Largest configuration that is read; real ones, with a label per class, stay below two
   * megabytes.
   */
  static final long LONGEST_FILE = 16L << 20;

  private static final Map<String, Function<ConfigReader, ModelConfig>> ARCHITECTURES =
      new TreeMap<>(
          Map.ofEntries(
              Map.entry("bert", BertConfig::read),
              Map.entry("gpt2", Gpt2Config::read),
              Map.entry("t5", T5Config::read),
              Map.entry("roberta", RobertaConfig::roberta),
              Map.entry("xlm-roberta", RobertaConfig::xlmRoberta),
              Map.entry("camembert", RobertaConfig::camembert),
              Map.entry("distilbert", DistilbertConfig::read),
              Map.entry("albert", AlbertConfig::read),
              Map.entry("electra", ElectraConfig::read),
              Map.entry("mpnet", MpnetConfig::read),
              Map.entry("modernbert", ModernBertConfig::read),
              Map.entry("deberta-v2", DebertaV2Config::read)));

  private ConfigParser() {}

  /**
   * Reads a {@code config.json}.
   *
   * @throws ConfigException if the file cannot be read, is malformed, or asks for something that is
   *     not supported
   */
  public static ModelConfig parse(Path configJson) {
    return parse(configJson.toString(), readObject(configJson));
  }

  /**
   * Reads a configuration that is already a tree.
   *
   * @throws ConfigException if it is not an object, or asks for something that is not supported
   */
  public static ModelConfig parse(JsonNode config) {
    if (!(config instanceof ObjectNode object)) {
      throw new ConfigException(
          "config", "expected a JSON object, found " + config.getNodeType(), null);
    }
    return parse("config", object);
  }

  /**
   * Reads a configuration from text.
   *
   * @param source what to call it in messages
   * @throws ConfigException if it is malformed, or asks for something that is not supported
   */
  public static ModelConfig parse(String source, byte[] utf8) {
    return parse(source, readObject(source, utf8));
  }

  static ObjectNode readObject(Path file) {
    return readObject(file.toString(), readBytes(file));
  }

  /** Reads a list beside the configuration, such as {@code modules.json}. */
  static ArrayNode readArray(Path file) {
    try {
      return StrictJson.readArray(readBytes(file));
    } catch (IOException e) {
      throw new ConfigException(file.toString(), "is malformed: " + StrictJson.reason(e), e);
    }
  }

  /** The whole of a configuration file. */
  static byte[] readBytes(Path file) {
    try {
      long size = Files.size(file);
      if (size > LONGEST_FILE) {
        throw new ConfigException(
            file.toString(),
            "has " + size + " bytes; a configuration has at most " + LONGEST_FILE,
            null);
      }
      return Files.readAllBytes(file);
    } catch (NoSuchFileException e) {
      throw new ConfigException(file.toString(), "no such file", e);
    } catch (IOException e) {
      throw new ConfigException(file.toString(), "cannot be read: " + StrictJson.reason(e), e);
    }
  }

  /**
   * Reads a configuration as a tree, whatever its model type.
   *
   * @param source what to call it in messages
   * @throws ConfigException if it is no JSON object
   */
  public static ObjectNode readObject(String source, byte[] utf8) {
    try {
      return StrictJson.readObject(utf8);
    } catch (IOException e) {
      throw new ConfigException(source, "is malformed: " + StrictJson.reason(e), e);
    }
  }

  private static ModelConfig parse(String source, ObjectNode root) {
    ConfigReader keys = new ConfigReader(source, root);
    JsonNode modelType = keys.nullable("model_type");
    Function<ConfigReader, ModelConfig> architecture =
        modelType == null || !modelType.isTextual()
            ? null
            : ARCHITECTURES.get(modelType.textValue());
    if (architecture == null) {
      throw keys.refuse("model_type", modelType, String.join(", ", ARCHITECTURES.keySet()));
    }
    return architecture.apply(keys);
  }
}
