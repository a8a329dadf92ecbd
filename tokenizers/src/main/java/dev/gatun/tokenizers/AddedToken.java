package dev.gatun.tokenizers;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;

/**
 * A token matched in the text before the model sees it: the {@code AddedToken} of Hugging Face
 * tokenizers.
 *
 * @param content the text to match, never empty
 * @param singleWord match only between word boundaries
 * @param lstrip swallow the whitespace on its left
 * @param rstrip swallow the whitespace on its right
 * @param normalized match against the normalized text
 * @param special dropped by decoding without special tokens
 */
record AddedToken(
    String content,
    boolean singleWord,
    boolean lstrip,
    boolean rstrip,
    boolean normalized,
    boolean special) {

  /** A special token given only by its text, as {@code AddedToken(text, special=True)}. */
  static AddedToken special(String content) {
    return new AddedToken(content, false, false, false, false, true);
  }

  /**
   * Reads a token written as an object.
   *
   * @param defaultSpecial what a missing {@code special} field means
   * @throws TokenizerException when {@code content} is missing or a flag is not a boolean
   */
  static AddedToken of(JsonNode node, boolean defaultSpecial, Path file, String where) {
    JsonNode content = node.get("content");
    if (!node.isObject() || content == null || !content.isTextual()) {
      throw new TokenizerException(
          file, where + " must be a token object with a text \"content\", not " + node);
    }
    boolean special = flag(node, "special", defaultSpecial, file, where);
    return new AddedToken(
        content.textValue(),
        flag(node, "single_word", false, file, where),
        flag(node, "lstrip", false, file, where),
        flag(node, "rstrip", false, file, where),
        flag(node, "normalized", !special, file, where),
        special);
  }

  /** Reads a special token in either of its two forms, text or object. */
  static AddedToken specialOf(JsonNode node, Path file, String where) {
    if (node.isTextual()) {
      return special(node.textValue());
    }
    AddedToken token = of(node, true, file, where);
    return new AddedToken(
        token.content, token.singleWord, token.lstrip, token.rstrip, token.normalized, true);
  }

  ObjectNode toJson(int id) {
    return JsonNodeFactory.instance
        .objectNode()
        .put("id", id)
        .put("content", content)
        .put("single_word", singleWord)
        .put("lstrip", lstrip)
        .put("rstrip", rstrip)
        .put("normalized", normalized)
        .put("special", special);
  }

  private static boolean flag(JsonNode node, String key, boolean absent, Path file, String where) {
    JsonNode value = node.get(key);
    if (value == null || value.isNull()) {
      return absent;
    }
    if (!value.isBoolean()) {
      throw new TokenizerException(file, where + "." + key + " must be a boolean, not " + value);
    }
    return value.booleanValue();
  }
}
