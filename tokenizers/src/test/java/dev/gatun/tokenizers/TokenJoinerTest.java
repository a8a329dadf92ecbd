package dev.gatun.tokenizers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Expected texts are those of the decoders of Python's tokenizers 0.23. */
class TokenJoinerTest {
  @Test
  void wordPiece() {
    String plain = "{\"type\": \"WordPiece\", \"prefix\": \"##\", \"cleanup\": true}";
    assertEquals(
        "##the boat.'sn't 🚢s? don't a. b",
        join(plain, "##the", "bo", "##at", ".", "'s", "n't", "🚢", "##s", "?", "do not", "a . b"));
    assertEquals("", join(plain));
    String raw = "{\"type\": \"WordPiece\", \"prefix\": \"##\", \"cleanup\": false}";
    assertEquals("the .x", join(raw, "the", ".", "##x"));
  }

  @Test
  void byteLevel() {
    String decoder = "{\"type\": \"ByteLevel\"}";
    assertEquals(
        " the café 🚢x yĠ世", join(decoder, "Ġthe", "ĠcafÃ©", "ĠðŁ", "ļ", "¢", "x y", "Ġ世"));
    assertEquals("\uFFFD", join(decoder, "ðŁ", "ļ"));
  }

  @Test
  void metaspace() {
    assertEquals(
        "the boat  x🚢", join("{\"type\": \"Metaspace\"}", "▁the", "▁bo", "at", "▁▁x", "🚢"));
    assertEquals(
        " the boat",
        join("{\"type\": \"Metaspace\", \"prepend_scheme\": \"never\"}", "▁the", "▁bo", "at"));
  }

  @Test
  void withoutDecoderAndWithAnUnknownOne() {
    assertEquals("a b", join("null", "a", "b"));
    var e = assertThrows(TokenizerException.class, () -> join("{\"type\": \"CTC\"}", "a"));
    assertTrue(e.getMessage().contains("CTC"), e.getMessage());
  }

  private static String join(String decoder, String... tokens) {
    return new TokenJoiner(Path.of("tokenizer.json"), TestFiles.json(decoder))
        .join(List.of(tokens));
  }
}
