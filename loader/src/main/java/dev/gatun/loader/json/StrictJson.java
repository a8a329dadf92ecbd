package dev.gatun.loader.json;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParseException;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;

/**
 * JSON from files that nobody vouches for: UTF-8 only, nesting bounded, no leniency.
 *
 * <p>Trees are built here from the token stream and not by an {@code ObjectMapper}: creating a
 * mapper costs more start-up time than everything else that reading a configuration does.
 */
public final class StrictJson {
  /** Deepest nesting that serde_json, the parser of the reference, accepts. */
  public static final int MAX_DEPTH = 127;

  private static final int LONGEST_TEXT = 100_000_000;

  // Names come from the file: neither interned nor kept in Jackson's symbol table, where an
  // attacker could make them collide.
  private static final JsonFactory FACTORY =
      JsonFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(MAX_DEPTH)
                  .maxStringLength(LONGEST_TEXT)
                  .maxNameLength(LONGEST_TEXT)
                  .maxNumberLength(400)
                  .build())
          .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
          .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
          .build();

  private StrictJson() {}

  /** Whether {@code bytes} are well-formed UTF-8; decodes through a small buffer. */
  public static boolean isUtf8(byte[] bytes) {
    CharsetDecoder decoder = strictDecoder();
    ByteBuffer in = ByteBuffer.wrap(bytes);
    CharBuffer out = CharBuffer.allocate(8192);
    while (true) {
      CoderResult result = decoder.decode(in, out, true);
      if (result.isError()) {
        return false;
      }
      if (result.isUnderflow()) {
        return true;
      }
      out.clear();
    }
  }

  /** A token stream over UTF-8 bytes; a byte order mark is an error, as in the reference. */
  public static JsonParser parser(byte[] utf8) throws IOException {
    if (utf8.length >= 3
        && utf8[0] == (byte) 0xEF
        && utf8[1] == (byte) 0xBB
        && utf8[2] == (byte) 0xBF) {
      throw new JsonParseException(null, "the text begins with a byte order mark");
    }
    // Through a reader: given bytes, Jackson would also guess UTF-16 and UTF-32.
    return FACTORY.createParser(
        new InputStreamReader(new ByteArrayInputStream(utf8), strictDecoder()));
  }

  /**
   * Reads one JSON object and nothing after it.
   *
   * @throws IOException with a message fit for users: not UTF-8, syntax, a repeated key, nesting,
   *     trailing text
   */
  public static ObjectNode readObject(byte[] utf8) throws IOException {
    return (ObjectNode) read(utf8, JsonToken.START_OBJECT);
  }

  /** Reads one JSON array and nothing after it, as strictly as {@link #readObject}. */
  public static ArrayNode readArray(byte[] utf8) throws IOException {
    return (ArrayNode) read(utf8, JsonToken.START_ARRAY);
  }

  private static JsonNode read(byte[] utf8, JsonToken expected) throws IOException {
    if (!isUtf8(utf8)) {
      throw new JsonParseException(null, "the text is not UTF-8");
    }
    try (JsonParser parser = parser(utf8)) {
      JsonToken first = parser.nextToken();
      if (first != expected) {
        throw new JsonParseException(
            parser, "expected " + describe(expected) + ", found " + describe(first));
      }
      JsonNode root = value(parser);
      if (parser.nextToken() != null) {
        throw new JsonParseException(parser, "text after the end of the JSON value");
      }
      return root;
    }
  }

  /** The reason inside a parser's exception with its position, without Jackson's own decoration. */
  public static String reason(IOException e) {
    if (e instanceof JsonProcessingException json) {
      String where =
          json.getLocation() == null
              ? ""
              : " (line "
                  + json.getLocation().getLineNr()
                  + ", column "
                  + json.getLocation().getColumnNr()
                  + ")";
      return Text.shorten(json.getOriginalMessage(), 400) + where;
    }
    if (e instanceof FileSystemException file && file.getReason() == null) {
      return file.getFile() + words(file);
    }
    return e.getMessage() == null
        ? e.getClass().getSimpleName()
        : Text.shorten(e.getMessage(), 400);
  }

  /** What the system said about a file, where Java has it only in the exception's class. */
  private static String words(FileSystemException e) {
    return switch (e) {
      case AccessDeniedException _ -> ": permission denied";
      case NoSuchFileException _ -> ": no such file";
      case FileAlreadyExistsException _ -> " is in the way";
      case NotDirectoryException _ -> " is not a directory";
      default -> ": " + e.getClass().getSimpleName();
    };
  }

  /** A token in words for an error message. */
  public static String describe(JsonToken token) {
    return switch (token) {
      case null -> "the end of the text";
      case START_OBJECT -> "an object";
      case START_ARRAY -> "an array";
      case VALUE_STRING -> "a string";
      case VALUE_NUMBER_INT -> "an integer";
      case VALUE_NUMBER_FLOAT -> "a number with a fraction or exponent";
      case VALUE_TRUE, VALUE_FALSE -> "a boolean";
      case VALUE_NULL -> "null";
      default -> token.toString();
    };
  }

  private static ObjectNode object(JsonParser parser) throws IOException {
    ObjectNode node = JsonNodeFactory.instance.objectNode();
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String key = parser.currentName();
      parser.nextToken();
      if (node.has(key)) {
        throw new JsonParseException(
            parser, "the key " + Text.quote(key) + " appears twice in one object");
      }
      node.set(key, value(parser));
    }
    return node;
  }

  // Recursion is bounded by MAX_DEPTH, which the factory enforces on the token stream.
  private static JsonNode value(JsonParser parser) throws IOException {
    JsonNodeFactory nodes = JsonNodeFactory.instance;
    return switch (parser.currentToken()) {
      case START_OBJECT -> object(parser);
      case START_ARRAY -> {
        ArrayNode array = nodes.arrayNode();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
          array.add(value(parser));
        }
        yield array;
      }
      case VALUE_STRING -> nodes.textNode(parser.getText());
      case VALUE_NUMBER_INT -> integer(parser.getText());
      case VALUE_NUMBER_FLOAT -> nodes.numberNode(Double.parseDouble(parser.getText()));
      case VALUE_TRUE -> nodes.booleanNode(true);
      case VALUE_FALSE -> nodes.booleanNode(false);
      case VALUE_NULL -> nodes.nullNode();
      case null, default -> throw new JsonParseException(parser, "unexpected end of the text");
    };
  }

  private static JsonNode integer(String text) {
    BigInteger value = new BigInteger(text);
    return value.bitLength() < Long.SIZE
        ? JsonNodeFactory.instance.numberNode(value.longValue())
        : JsonNodeFactory.instance.numberNode(value);
  }

  private static CharsetDecoder strictDecoder() {
    return StandardCharsets.UTF_8
        .newDecoder()
        .onMalformedInput(CodingErrorAction.REPORT)
        .onUnmappableCharacter(CodingErrorAction.REPORT);
  }
}
