package dev.gatun.loader.config;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.gatun.loader.json.Text;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.Set;

/**
 * Typed access to a configuration's keys. Remembers which were read, so that the others can be
 * reported; refuses wrong types, values out of range and two spellings of one key that disagree.
 */
final class ConfigReader {
  private final String source;
  private final ObjectNode root;
  private final Set<String> read = new HashSet<>();

  /**
   * @param source what to call the configuration in messages: its path
   */
  ConfigReader(String source, ObjectNode root) {
    this.source = source;
    this.root = root;
  }

  /** The keys of a file. */
  static ConfigReader of(Path file) {
    return new ConfigReader(file.toString(), ConfigParser.readObject(file));
  }

  /** No keys: every one has its default. */
  static ConfigReader none(Path source) {
    return new ConfigReader(source.toString(), JsonNodeFactory.instance.objectNode());
  }

  /** The keys of a file that need not be there. */
  static ConfigReader optional(Path file) {
    return Files.exists(file) ? of(file) : none(file);
  }

  /**
   * A required integer; {@code spellings} are the names of one key, the architecture's own first.
   */
  int integer(int fallback, int min, int max, String... spellings) {
    JsonNode node = node(spellings);
    return node == null ? fallback : integerIn(node, min, max, spellings[0]);
  }

  /** An integer that may be absent or null. */
  OptionalInt optionalInteger(String key, int min, int max) {
    JsonNode node = nullable(key);
    return node == null ? OptionalInt.empty() : OptionalInt.of(integerIn(node, min, max, key));
  }

  /** One integer or a list of them; empty if absent or null. */
  List<Integer> integers(String key, int min, int max) {
    JsonNode node = nullable(key);
    if (node == null) {
      return List.of();
    }
    if (!node.isArray()) {
      return List.of(integerIn(node, min, max, key));
    }
    List<Integer> values = new ArrayList<>(node.size());
    node.forEach(element -> values.add(integerIn(element, min, max, key)));
    return List.copyOf(values);
  }

  /** A token id; {@code fallback} if absent, empty if null. */
  OptionalInt tokenId(String key, OptionalInt fallback) {
    return root.has(key)
        ? optionalInteger(key, CommonKeys.MIN_TOKEN, CommonKeys.MAX_TOKEN)
        : fallback;
  }

  /** A token id or a list of them; {@code fallback} if absent, empty if null. */
  List<Integer> tokenIds(String key, List<Integer> fallback) {
    return root.has(key) ? integers(key, CommonKeys.MIN_TOKEN, CommonKeys.MAX_TOKEN) : fallback;
  }

  /** A finite number. */
  double number(String key, double fallback, double min, double max) {
    JsonNode node = node(key);
    return node == null ? fallback : numberIn(node, min, max, key);
  }

  /** A finite number that may be absent or null. */
  OptionalDouble optionalNumber(String key, double min, double max) {
    JsonNode node = nullable(key);
    return node == null ? OptionalDouble.empty() : OptionalDouble.of(numberIn(node, min, max, key));
  }

  boolean bool(String key, boolean fallback) {
    JsonNode node = node(key);
    return node == null ? fallback : boolIn(node, key);
  }

  /** A boolean that may be absent or null. */
  Optional<Boolean> optionalBool(String key) {
    return Optional.ofNullable(nullable(key)).map(node -> boolIn(node, key));
  }

  String text(String key, String fallback) {
    return optionalText(key).orElse(fallback);
  }

  /** A string that may be absent or null. */
  Optional<String> optionalText(String key) {
    JsonNode node = nullable(key);
    if (node != null && !node.isTextual()) {
      throw refuse(key, node, "a string");
    }
    return Optional.ofNullable(node).map(JsonNode::textValue);
  }

  List<String> texts(String key) {
    JsonNode node = nullable(key);
    List<String> values = new ArrayList<>();
    if (node != null) {
      for (JsonNode element : node) {
        if (!element.isTextual()) {
          throw refuse(key, node, "a list of strings");
        }
        values.add(element.textValue());
      }
      if (!node.isArray()) {
        throw refuse(key, node, "a list of strings");
      }
    }
    return values;
  }

  Activation activation(String key, String fallback) {
    String name = text(key, fallback);
    return Activation.fromName(name)
        .orElseThrow(() -> refuse(key, Text.quote(name), String.join(", ", Activation.names())));
  }

  /** A setting of which only {@code false} is implemented. */
  void onlyFalse(String key, String why) {
    if (optionalBool(key).orElse(false)) {
      throw refuse(key, "true", "false (" + why + ")");
    }
  }

  /** A setting that is only understood where it is absent, null or empty. */
  void onlyAbsent(String key, String why) {
    JsonNode node = nullable(key);
    if (node != null && !(node.isContainerNode() && node.isEmpty())) {
      throw refuse(key, node, "absent (" + why + ")");
    }
  }

  /** The value of a key that may be absent, as it stands; null for an absent or null one. */
  JsonNode nullable(String key) {
    read.add(key);
    JsonNode node = root.get(key);
    return node == null || node.isNull() ? null : node;
  }

  /**
   * The value of {@code key}, null if absent; unlike {@link #nullable} this refuses an explicit
   * null.
   */
  private JsonNode node(String... spellings) {
    JsonNode found = null;
    String foundAs = null;
    for (String key : spellings) {
      read.add(key);
      JsonNode node = root.get(key);
      if (node == null) {
        continue;
      }
      if (node.isNull()) {
        throw refuse(key, node, "a value, or the key left out");
      }
      if (found != null && !found.equals(node)) {
        throw refuse(
            key, node, "the value of " + foundAs + ", " + found + ", which is the same setting");
      }
      found = node;
      foundAs = key;
    }
    return found;
  }

  ConfigException refuse(String key, JsonNode value, String supported) {
    return refuse(key, value == null ? "absent" : value.toString(), supported);
  }

  ConfigException refuse(String key, String value, String supported) {
    return new ConfigException(source, key, value, supported);
  }

  /** The keys that nothing has asked for. */
  UnreadKeys unread(Set<String> harmless) {
    List<String> known = new ArrayList<>();
    List<String> unknown = new ArrayList<>();
    for (Map.Entry<String, JsonNode> entry : root.properties()) {
      String key = entry.getKey();
      // A key set to null says that its feature is not in use.
      if (!read.contains(key)) {
        (harmless.contains(key) || entry.getValue().isNull() ? known : unknown).add(key);
      }
    }
    return new UnreadKeys(known, unknown);
  }

  private int integerIn(JsonNode node, int min, int max, String key) {
    if (!node.isIntegralNumber()
        || !node.canConvertToInt()
        || node.intValue() < min
        || node.intValue() > max) {
      throw refuse(key, node, "an integer between " + min + " and " + max);
    }
    return node.intValue();
  }

  private double numberIn(JsonNode node, double min, double max, String key) {
    double value = node.isNumber() ? node.doubleValue() : Double.NaN;
    if (!(value >= min && value <= max)) {
      throw refuse(key, node, "a number between " + min + " and " + max);
    }
    return value;
  }

  private boolean boolIn(JsonNode node, String key) {
    if (!node.isBoolean()) {
      throw refuse(key, node, "true or false");
    }
    return node.booleanValue();
  }
}
