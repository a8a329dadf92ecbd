package dev.gatun.tokenizers;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.gatun.tokenizers.TokenizerSettings.StripAccents;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;

/**
 * Reads the small files beside a vocabulary. DJL's own parser of tokenizer_config.json is never
 * used: it takes neither token objects nor a model_max_length of 1e30.
 */
final class TokenizerSettingsReader {
  private static final String CONFIG = "tokenizer_config.json";
  private static final String SPECIAL_TOKENS_MAP = "special_tokens_map.json";
  private static final String ADDED_TOKENS = "added_tokens.json";

  private final Path directory;
  private final Path configFile;
  private final ObjectNode config;
  private final List<Path> files = new ArrayList<>();

  TokenizerSettingsReader(Path directory) {
    this.directory = directory;
    this.configFile = directory.resolve(CONFIG);
    Optional<ObjectNode> read = Json.readObjectIfPresent(configFile);
    read.ifPresent(object -> files.add(configFile));
    this.config = read.orElseGet(JsonNodeFactory.instance::objectNode);
  }

  /** The files that {@link #read} has read. */
  List<Path> files() {
    return List.copyOf(files);
  }

  TokenizerSettings read() {
    Optional<String> tokenizerClass =
        text("tokenizer_class").map(TokenizerSettingsReader::withoutFast);
    Optional<TokenizerFamily> family =
        tokenizerClass.isPresent()
            ? tokenizerClass.flatMap(TokenizerFamily::ofClass)
            : modelType().flatMap(TokenizerFamily::ofModelType);
    refuseSplitSpecialTokens();

    var named = new EnumMap<SpecialRole, AddedToken>(SpecialRole.class);
    family.ifPresent(known -> named.putAll(known.defaultSpecialTokens()));
    var additional = new ArrayList<AddedToken>();
    readSpecialTokens(config, configFile, family, named, additional);

    var addedTokens = new TreeMap<Integer, AddedToken>();
    if (config.has("added_tokens_decoder")) {
      readAddedTokensDecoder(addedTokens);
    } else {
      // transformers reads these two only when added_tokens_decoder is absent
      Path mapFile = directory.resolve(SPECIAL_TOKENS_MAP);
      Optional<ObjectNode> map = Json.readObjectIfPresent(mapFile);
      if (map.isPresent()) {
        files.add(mapFile);
        readSpecialTokens(map.get(), mapFile, family, named, additional);
      }
      readAddedTokensFile(addedTokens, named, additional);
    }
    useAddedTokenAttributes(named, addedTokens);

    return new TokenizerSettings(
        tokenizerClass,
        family,
        modelMaxLength(),
        named,
        List.copyOf(additional),
        List.copyOf(addedTokens.values()),
        bool("do_lower_case"),
        stripAccents(),
        bool("keep_accents"),
        bool("tokenize_chinese_chars"),
        bool("add_prefix_space"),
        bool("split_by_punct").orElse(false),
        bool("trim_offsets"),
        bool("add_bos_token"),
        bool("add_eos_token"),
        extraIds(),
        bool("clean_up_tokenization_spaces").orElse(false),
        side("truncation_side"),
        side("padding_side"),
        modelInputNames());
  }

  private static String withoutFast(String className) {
    return className.endsWith("Fast")
        ? className.substring(0, className.length() - "Fast".length())
        : className;
  }

  private Optional<String> modelType() {
    Path file = directory.resolve("config.json");
    return Json.readObjectIfPresent(file)
        .map(model -> model.path("model_type"))
        .filter(JsonNode::isTextual)
        .map(JsonNode::textValue);
  }

  /** Text equal to a special token is always one token here; the opposite has no DJL switch. */
  private void refuseSplitSpecialTokens() {
    if (bool("split_special_tokens").orElse(false)) {
      throw new TokenizerException(
          configFile, "split_special_tokens = true is not supported; supported: false");
    }
  }

  private void readSpecialTokens(
      ObjectNode object,
      Path file,
      Optional<TokenizerFamily> family,
      Map<SpecialRole, AddedToken> named,
      List<AddedToken> additional) {
    for (SpecialRole role : SpecialRole.values()) {
      JsonNode value = object.get(role.key());
      if (value != null && value.isNull()) {
        named.remove(role); // an explicit null switches the class's default off
      } else if (value != null && value.isTextual() && family.isPresent()) {
        named.put(role, family.get().specialToken(role, value.textValue()));
      } else if (value != null) {
        named.put(role, AddedToken.specialOf(value, file, role.key()));
      }
    }
    JsonNode extra = object.get("extra_special_tokens");
    if (extra == null || extra.isEmpty()) {
      extra = object.get("additional_special_tokens");
    }
    if (extra != null && !extra.isNull()) {
      if (!extra.isContainerNode()) {
        throw new TokenizerException(
            file, "additional_special_tokens must be a list or an object, not " + extra);
      }
      for (JsonNode token : extra) {
        addUnlessKnown(
            additional, AddedToken.specialOf(token, file, "additional_special_tokens[]"));
      }
    }
    for (Map.Entry<String, JsonNode> entry : object.properties()) {
      String key = entry.getKey();
      if (key.endsWith("_token") && !isRole(key) && entry.getValue().isTextual()) {
        addUnlessKnown(additional, AddedToken.special(entry.getValue().textValue()));
      }
    }
  }

  private static boolean isRole(String key) {
    for (SpecialRole role : SpecialRole.values()) {
      if (role.key().equals(key)) {
        return true;
      }
    }
    return false;
  }

  private static void addUnlessKnown(List<AddedToken> tokens, AddedToken token) {
    if (tokens.stream().noneMatch(known -> known.content().equals(token.content()))) {
      tokens.add(token);
    }
  }

  private void readAddedTokensDecoder(Map<Integer, AddedToken> addedTokens) {
    JsonNode decoder = config.get("added_tokens_decoder");
    if (!decoder.isObject()) {
      throw new TokenizerException(configFile, "added_tokens_decoder must be an object");
    }
    for (Map.Entry<String, JsonNode> entry : decoder.properties()) {
      String where = "added_tokens_decoder[\"" + entry.getKey() + "\"]";
      int id;
      try {
        id = Integer.parseInt(entry.getKey());
      } catch (NumberFormatException e) {
        throw new TokenizerException(configFile, where + ": the key must be a token id", e);
      }
      addedTokens.put(id, AddedToken.of(entry.getValue(), false, configFile, where));
    }
  }

  private void readAddedTokensFile(
      Map<Integer, AddedToken> addedTokens,
      Map<SpecialRole, AddedToken> named,
      List<AddedToken> additional) {
    Path file = directory.resolve(ADDED_TOKENS);
    Optional<ObjectNode> object = Json.readObjectIfPresent(file);
    if (object.isEmpty()) {
      return;
    }
    files.add(file);
    for (Map.Entry<String, JsonNode> entry : object.get().properties()) {
      String content = entry.getKey();
      if (!entry.getValue().canConvertToInt()) {
        throw new TokenizerException(
            file, "\"" + content + "\" must be a token id, not " + entry.getValue());
      }
      boolean special =
          named.values().stream().anyMatch(token -> token.content().equals(content))
              || additional.stream().anyMatch(token -> token.content().equals(content));
      addedTokens.put(
          entry.getValue().intValue(),
          new AddedToken(content, false, false, false, !special, special));
    }
  }

  /** A named token that is also an added token takes the added token's attributes. */
  private static void useAddedTokenAttributes(
      Map<SpecialRole, AddedToken> named, Map<Integer, AddedToken> addedTokens) {
    for (AddedToken added : addedTokens.values()) {
      named.replaceAll((role, token) -> token.content().equals(added.content()) ? added : token);
    }
  }

  /** Values beyond an int, of which int(1e30) is the customary one, mean "no limit". */
  private OptionalInt modelMaxLength() {
    JsonNode value = config.has("model_max_length") ? config.get("model_max_length") : null;
    if (value == null) {
      value = config.get("max_len");
    }
    if (value == null || value.isNull()) {
      return OptionalInt.empty();
    }
    double length = value.isNumber() ? value.doubleValue() : Double.NaN;
    if (!(length >= 1)) {
      throw new TokenizerException(
          configFile, "model_max_length must be a positive number, not " + value);
    }
    return length > Integer.MAX_VALUE ? OptionalInt.empty() : OptionalInt.of((int) length);
  }

  private Optional<StripAccents> stripAccents() {
    if (config.path("strip_accents").isNull()) {
      return Optional.of(StripAccents.FOLLOW_LOWERCASE);
    }
    return bool("strip_accents").map(strip -> strip ? StripAccents.YES : StripAccents.NO);
  }

  private int extraIds() {
    JsonNode value = config.get("extra_ids");
    if (value == null || value.isNull()) {
      return 100;
    }
    if (!value.canConvertToInt() || value.intValue() < 0 || value.intValue() > 1_000_000) {
      throw new TokenizerException(
          configFile, "extra_ids must be between 0 and 1000000, not " + value);
    }
    return value.intValue();
  }

  private Truncation.Side side(String key) {
    String side = text(key).orElse("right");
    return switch (side) {
      case "right" -> Truncation.Side.RIGHT;
      case "left" -> Truncation.Side.LEFT;
      default ->
          throw new TokenizerException(
              configFile, key + " must be \"left\" or \"right\", not \"" + side + "\"");
    };
  }

  private Optional<List<String>> modelInputNames() {
    JsonNode names = config.get("model_input_names");
    if (names == null || names.isNull()) {
      return Optional.empty();
    }
    if (!names.isArray()) {
      throw new TokenizerException(configFile, "model_input_names must be a list, not " + names);
    }
    return Optional.of(names.valueStream().map(JsonNode::asText).toList());
  }

  private Optional<String> text(String key) {
    JsonNode value = config.get(key);
    if (value == null || value.isNull()) {
      return Optional.empty();
    }
    if (!value.isTextual()) {
      throw new TokenizerException(configFile, key + " must be a text, not " + value);
    }
    return Optional.of(value.textValue());
  }

  private Optional<Boolean> bool(String key) {
    JsonNode value = config.get(key);
    if (value == null || value.isNull()) {
      return Optional.empty();
    }
    if (!value.isBoolean()) {
      throw new TokenizerException(configFile, key + " must be true or false, not " + value);
    }
    return Optional.of(value.booleanValue());
  }
}
