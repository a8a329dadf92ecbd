package dev.gatun.tokenizers;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Reads tokenizer.json. The large model section is streamed and kept as text, the others become
 * trees; {@code padding} is left behind.
 */
final class TokenizerJsonFile {
  /** Deeper than any real file, well below the 128 levels at which the Rust parser gives up. */
  private static final int DEEPEST_NESTING = 64;

  private final Path file;
  private final String text;
  private final ObjectNode sections = JsonNodeFactory.instance.objectNode();
  private JsonNode addedTokens = JsonNodeFactory.instance.arrayNode();
  private ModelSection model;
  private JsonNode truncation = JsonNodeFactory.instance.nullNode();

  private TokenizerJsonFile(Path file, String text) {
    this.file = file;
    this.text = text;
    TokenizerDefinition.SECTIONS.forEach(sections::putNull);
  }

  /** Reads and checks a file. */
  static TokenizerJsonFile read(Path file) {
    var json = new TokenizerJsonFile(file, Json.readText(file));
    try {
      json.parse();
    } catch (JsonProcessingException e) {
      throw Json.malformed(file, e);
    } catch (IOException e) {
      throw new UncheckedIOException(e); // the source is a String
    }
    TokenizerJsonChecks.check(file, json.sections, json.model);
    return json;
  }

  /** The sections, to be adjusted by the caller. */
  ObjectNode sections() {
    return sections;
  }

  /** What the file says, with what the settings add to it. */
  TokenizerDefinition define(TokenizerSource source, TokenizerSettings settings) {
    return new TokenizerDefinition(
        source,
        file,
        sections,
        model.json(),
        model.bpe(),
        model.continuingSubwordPrefix(),
        new Vocabulary(model.vocabulary(), AddedTokens.complete(addedTokens(), settings)));
  }

  /** The tokens of the added_tokens section, in file order. */
  private List<AddedToken> addedTokens() {
    if (addedTokens.isNull()) {
      return List.of();
    }
    if (!addedTokens.isArray()) {
      throw new TokenizerException(file, "added_tokens must be a list");
    }
    var tokens = new ArrayList<AddedToken>();
    for (JsonNode node : addedTokens) {
      tokens.add(AddedToken.of(node, false, file, "added_tokens[" + tokens.size() + "]"));
    }
    return tokens;
  }

  /**
   * The truncation that the library itself applies to a text, and transformers does not.
   *
   * @throws TokenizerException if it is malformed or cuts no single text
   */
  Optional<Truncation> truncation() {
    if (truncation.isNull()) {
      return Optional.empty();
    }
    JsonNode length = truncation.path("max_length");
    String strategy = truncation.path("strategy").asText();
    String direction = truncation.path("direction").asText("Right");
    if (!length.canConvertToInt()
        || length.intValue() < 1
        || !List.of("LongestFirst", "OnlyFirst").contains(strategy)
        || !List.of("Left", "Right").contains(direction)) {
      throw new TokenizerException(
          file,
          "truncation "
              + truncation
              + " is not supported; supported: a max_length from 1, strategy LongestFirst or"
              + " OnlyFirst, direction Left or Right");
    }
    var side = direction.equals("Left") ? Truncation.Side.LEFT : Truncation.Side.RIGHT;
    return Optional.of(Truncation.to(length.intValue()).withSide(side));
  }

  private void parse() throws IOException {
    try (JsonParser parser = Json.parser(text)) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        throw new TokenizerException(file, "must hold a JSON object");
      }
      Set<String> seen = new HashSet<>();
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        String name = parser.currentName();
        if (!seen.add(name)) {
          throw new TokenizerException(file, "section \"" + name + "\" is there twice");
        }
        parser.nextToken();
        readSection(name, parser);
      }
      if (parser.nextToken() != null) {
        throw new TokenizerException(file, "has text after its JSON object");
      }
    }
    if (model == null) {
      throw new TokenizerException(file, "has no \"model\" section");
    }
  }

  private void readSection(String name, JsonParser parser) throws IOException {
    switch (name) {
      case "model" -> {
        if (parser.currentToken() != JsonToken.START_OBJECT) {
          throw new TokenizerException(file, "\"model\" must be an object");
        }
        model = ModelSection.read(file, text, parser);
      }
      case "added_tokens" -> addedTokens = readTree(name, parser);
      case "truncation" -> truncation = readTree(name, parser);
      case "version" -> {
        JsonNode version = readTree(name, parser);
        if (!"1.0".equals(version.textValue())) {
          throw new TokenizerException(
              file, "version " + version + " is not supported; supported: \"1.0\"");
        }
      }
      default -> {
        if (TokenizerDefinition.SECTIONS.contains(name)) {
          sections.set(name, readTree(name, parser));
        } else {
          parser.skipChildren();
        }
      }
    }
  }

  private JsonNode readTree(String name, JsonParser parser) throws IOException {
    JsonNode tree = Json.tree(parser);
    if (depth(tree) > DEEPEST_NESTING) {
      throw new TokenizerException(file, "\"" + name + "\" is nested too deeply");
    }
    return tree;
  }

  private static int depth(JsonNode node) {
    int deepest = 0;
    for (JsonNode child : node) {
      deepest = Math.max(deepest, depth(child));
    }
    return deepest + 1;
  }
}
