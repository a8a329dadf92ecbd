package dev.gatun.tokenizers;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The decoders of the Rust library ({@code src/decoders}) on tokens as text: the library behind DJL
 * decodes ids only. WordPiece, ByteLevel and Metaspace, which is what encoders have.
 */
final class TokenJoiner {
  /** GPT-2's printable stand-ins for bytes. */
  private static final Map<Integer, Integer> BYTES = byteLevelBytes();

  private final Path file;
  private final JsonNode decoder;

  /**
   * @param decoder the section of tokenizer.json; null or a JSON null joins with spaces
   */
  TokenJoiner(Path file, JsonNode decoder) {
    this.file = file;
    this.decoder = decoder;
  }

  String join(List<String> tokens) {
    if (decoder == null || decoder.isNull()) {
      return String.join(" ", tokens);
    }
    return switch (decoder.path("type").asText()) {
      case "WordPiece" ->
          wordPiece(
              tokens, decoder.path("prefix").asText("##"), decoder.path("cleanup").asBoolean(true));
      case "ByteLevel" -> byteLevel(tokens);
      case "Metaspace" -> metaspace(tokens);
      default ->
          throw new TokenizerException(
              file,
              "decoder "
                  + decoder.path("type")
                  + " can't join tokens into words; supported: WordPiece, ByteLevel, Metaspace");
    };
  }

  private static String wordPiece(List<String> tokens, String prefix, boolean cleanUp) {
    var text = new StringBuilder();
    for (int i = 0; i < tokens.size(); i++) {
      String token = tokens.get(i);
      if (i > 0) {
        token = token.startsWith(prefix) ? token.substring(prefix.length()) : " " + token;
      }
      text.append(cleanUp ? cleanUp(token) : token);
    }
    return text.toString();
  }

  /** The library's clean-up, of one token at a time: not the one of transformers. */
  private static String cleanUp(String token) {
    return token
        .replace(" .", ".")
        .replace(" ?", "?")
        .replace(" !", "!")
        .replace(" ,", ",")
        .replace(" ' ", "'")
        .replace(" n't", "n't")
        .replace(" 'm", "'m")
        .replace(" do not", " don't")
        .replace(" 's", "'s")
        .replace(" 've", "'ve")
        .replace(" 're", "'re");
  }

  private static String byteLevel(List<String> tokens) {
    var bytes = new ByteArrayOutputStream();
    for (String token : tokens) {
      boolean known = token.codePoints().allMatch(BYTES::containsKey);
      if (known) {
        token.codePoints().forEach(c -> bytes.write(BYTES.get(c)));
      } else {
        bytes.writeBytes(token.getBytes(StandardCharsets.UTF_8));
      }
    }
    return bytes.toString(StandardCharsets.UTF_8);
  }

  private String metaspace(List<String> tokens) {
    String replacement = decoder.path("replacement").asText("▁");
    boolean prepended = !decoder.path("prepend_scheme").asText("always").equals("never");
    var text = new StringBuilder();
    for (int i = 0; i < tokens.size(); i++) {
      text.append(tokens.get(i).replace(replacement, i == 0 && prepended ? "" : " "));
    }
    return text.toString();
  }

  private static Map<Integer, Integer> byteLevelBytes() {
    var bytes = new HashMap<Integer, Integer>();
    int moved = 0;
    for (int b = 0; b < 256; b++) {
      boolean printable = b >= '!' && b <= '~' || b >= 0xA1 && b <= 0xAC || b >= 0xAE;
      bytes.put(printable ? b : 256 + moved++, b);
    }
    return Map.copyOf(bytes);
  }
}
