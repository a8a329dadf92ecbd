package dev.gatun.tokenizers;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** Reading small JSON files and text files, with errors that name the file. */
final class Json {
  static final ObjectMapper MAPPER = new ObjectMapper();

  private Json() {}

  /** The text of a UTF-8 file; malformed UTF-8 is an error, not a replacement character. */
  static String readText(Path file) {
    try {
      return StandardCharsets.UTF_8
          .newDecoder()
          .decode(ByteBuffer.wrap(Files.readAllBytes(file)))
          .toString();
    } catch (CharacterCodingException e) {
      throw new TokenizerException(file, "not valid UTF-8", e);
    } catch (IOException e) {
      throw new TokenizerException(file, "cannot be read: " + e, e);
    }
  }

  /** The object in a file, or empty when there is no such file. */
  static Optional<ObjectNode> readObjectIfPresent(Path file) {
    if (!Files.isRegularFile(file)) {
      return Optional.empty();
    }
    try {
      JsonNode root = MAPPER.readTree(readText(file));
      if (root instanceof ObjectNode object) {
        return Optional.of(object);
      }
      throw new TokenizerException(file, "must hold a JSON object");
    } catch (JsonProcessingException e) {
      throw malformed(file, e);
    }
  }

  static TokenizerException malformed(Path file, JsonProcessingException e) {
    var at = e.getLocation();
    String where = at == null ? "" : " at line " + at.getLineNr() + ", column " + at.getColumnNr();
    return new TokenizerException(
        file, "not valid JSON" + where + ": " + e.getOriginalMessage(), e);
  }
}
