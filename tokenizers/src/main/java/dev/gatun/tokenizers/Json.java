package dev.gatun.tokenizers;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.io.JsonEOFException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * Reading JSON files and text files, with errors that name the file. Without an {@code
 * ObjectMapper}: making one takes a fifth of a cold start.
 */
final class Json {
  // A vocabulary's pieces are not worth a symbol table, let alone interning.
  private static final JsonFactory FACTORY =
      JsonFactory.builder()
          .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
          .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
          .build();

  /** Bytes of the largest file that is read; real ones stay below 40 million. */
  private static final long LONGEST_FILE = 128L << 20;

  private Json() {}

  /** The whole of a file of a tokenizer. */
  static byte[] readBytes(Path file) {
    try {
      long size = Files.size(file);
      if (size > LONGEST_FILE) {
        throw new TokenizerException(
            file, "has " + size + " bytes; at most " + LONGEST_FILE + " are read");
      }
      return Files.readAllBytes(file);
    } catch (IOException e) {
      throw new TokenizerException(file, "cannot be read: " + e, e);
    }
  }

  /** The text of a UTF-8 file; malformed UTF-8 is an error, not a replacement character. */
  static String readText(Path file) {
    byte[] bytes = readBytes(file);
    try {
      String text = new String(bytes, StandardCharsets.UTF_8);
      // The strict decoder is slow in a fresh JVM: only where a replacement character may come of
      // it.
      return text.indexOf('\uFFFD') < 0
          ? text
          : StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      throw new TokenizerException(file, "not valid UTF-8", e);
    }
  }

  /** The object in a file, or empty when there is no such file. */
  static Optional<ObjectNode> readObjectIfPresent(Path file) {
    if (!Files.isRegularFile(file)) {
      return Optional.empty();
    }
    try {
      try (JsonParser parser = parser(readText(file))) {
        if (parser.nextToken() == JsonToken.START_OBJECT) {
          return Optional.of((ObjectNode) tree(parser));
        }
      }
      throw new TokenizerException(file, "must hold a JSON object");
    } catch (JsonProcessingException e) {
      throw malformed(file, e);
    } catch (IOException e) {
      throw new UncheckedIOException(e); // the source is a String
    }
  }

  static JsonParser parser(String text) throws IOException {
    return FACTORY.createParser(text);
  }

  /**
   * The value on which a parser stands, which then stands on its last token. Of a repeated key the
   * last counts. The parser bounds how deep values nest.
   */
  static JsonNode tree(JsonParser parser) throws IOException {
    JsonNodeFactory nodes = JsonNodeFactory.instance;
    return switch (parser.currentToken()) {
      case START_OBJECT -> {
        ObjectNode object = nodes.objectNode();
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
          String name = parser.currentName();
          parser.nextToken();
          object.set(name, tree(parser));
        }
        yield object;
      }
      case START_ARRAY -> {
        ArrayNode array = nodes.arrayNode();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
          array.add(tree(parser));
        }
        yield array;
      }
      case VALUE_STRING -> nodes.textNode(parser.getText());
      case VALUE_NUMBER_INT ->
          switch (parser.getNumberType()) {
            case INT -> nodes.numberNode(parser.getIntValue());
            case LONG -> nodes.numberNode(parser.getLongValue());
            default -> nodes.numberNode(parser.getBigIntegerValue());
          };
      case VALUE_NUMBER_FLOAT -> nodes.numberNode(parser.getDoubleValue());
      case VALUE_TRUE -> nodes.booleanNode(true);
      case VALUE_FALSE -> nodes.booleanNode(false);
      case VALUE_NULL -> nodes.nullNode();
      case null, default -> throw new JsonEOFException(parser, null, "unexpected end of the text");
    };
  }

  /** A tree as JSON text; its own {@code toString} would make an {@code ObjectMapper}. */
  static String text(JsonNode tree) {
    var text = new StringWriter();
    try (JsonGenerator generator = FACTORY.createGenerator(text)) {
      write(tree, generator);
    } catch (IOException e) {
      throw new UncheckedIOException(e); // the target is a String
    }
    return text.toString();
  }

  private static void write(JsonNode node, JsonGenerator generator) throws IOException {
    switch (node.getNodeType()) {
      case OBJECT -> {
        generator.writeStartObject();
        for (Map.Entry<String, JsonNode> entry : node.properties()) {
          generator.writeFieldName(entry.getKey());
          write(entry.getValue(), generator);
        }
        generator.writeEndObject();
      }
      case ARRAY -> {
        generator.writeStartArray();
        for (JsonNode element : node) {
          write(element, generator);
        }
        generator.writeEndArray();
      }
      case STRING -> generator.writeString(node.textValue());
      case NUMBER -> generator.writeNumber(node.asText());
      case BOOLEAN -> generator.writeBoolean(node.booleanValue());
      default -> generator.writeNull();
    }
  }

  static TokenizerException malformed(Path file, JsonProcessingException e) {
    var at = e.getLocation();
    String where = at == null ? "" : " at line " + at.getLineNr() + ", column " + at.getColumnNr();
    return new TokenizerException(
        file, "not valid JSON" + where + ": " + e.getOriginalMessage(), e);
  }
}
