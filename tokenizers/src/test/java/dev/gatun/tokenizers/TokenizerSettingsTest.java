package dev.gatun.tokenizers;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** tokenizer_config.json and its kin, over one and the same tokenizer.json. */
class TokenizerSettingsTest {
  @TempDir Path directory;

  @BeforeEach
  void copyTokenizer() throws IOException {
    TestFiles.copy(TestFiles.small("stored"), directory);
    Files.delete(directory.resolve("tokenizer_config.json"));
  }

  private Tokenizer load(String config) throws IOException {
    Files.writeString(directory.resolve("tokenizer_config.json"), config.replace('\'', '"'));
    return Tokenizer.load(directory);
  }

  @Test
  void noConfigAtAll() {
    try (var tokenizer = Tokenizer.load(directory)) {
      assertEquals(OptionalInt.empty(), tokenizer.modelMaxLength());
      assertEquals(11, tokenizer.vocabSize());
      assertEquals(Optional.empty(), tokenizer.specialTokens().cls());
      assertArrayEquals(new int[] {2, 4, 3}, tokenizer.encode("THE").ids());
    }
  }

  /** Without a tokenizer_class, config.json's model_type gives the class and its defaults. */
  @Test
  void classFromModelType() throws IOException {
    Files.writeString(directory.resolve("config.json"), "{\"model_type\":\"bert\"}");
    try (var tokenizer = Tokenizer.load(directory)) {
      assertEquals(2, tokenizer.specialTokens().cls().orElseThrow().id());
      assertEquals(11, tokenizer.specialTokens().mask().orElseThrow().id()); // newly added
      assertEquals(12, tokenizer.vocabSize());
    }
  }

  @Test
  void aStatedFlagWinsOverTokenizerJson() throws IOException {
    try (var tokenizer = load("{'tokenizer_class': 'BertTokenizer', 'do_lower_case': false}")) {
      assertArrayEquals(new int[] {2, 1, 3}, tokenizer.encode("THE").ids());
    }
    try (var tokenizer = load("{'tokenizer_class': 'BertTokenizer'}")) {
      assertArrayEquals(new int[] {2, 4, 3}, tokenizer.encode("THE").ids());
    }
    // the flag belongs to BERT's class; a generic class has no use for it
    try (var tokenizer =
        load("{'tokenizer_class': 'PreTrainedTokenizerFast', 'do_lower_case': false}")) {
      assertArrayEquals(new int[] {2, 4, 3}, tokenizer.encode("THE").ids());
    }
  }

  @ParameterizedTest
  @CsvSource({
    "12, 12",
    "1024.0, 1024",
    "1e30, -1",
    "1000000000000000019884624838656, -1",
    "2147483647, 2147483647",
    "2147483648, -1",
    "null, -1"
  })
  void modelMaxLength(String value, int expected) throws IOException {
    try (var tokenizer = load("{'model_max_length': " + value + "}")) {
      assertEquals(
          expected < 0 ? OptionalInt.empty() : OptionalInt.of(expected),
          tokenizer.modelMaxLength());
    }
  }

  /** special_tokens_map.json counts only where added_tokens_decoder is absent. */
  @Test
  void specialTokensMap() throws IOException {
    Files.writeString(
        directory.resolve("special_tokens_map.json"),
        """
        {"cls_token": {"content": "[CLS]", "lstrip": false, "normalized": false, "rstrip": false,
           "single_word": false},
         "additional_special_tokens": ["<x>", {"content": "<y>", "lstrip": true}]}
        """);
    try (var tokenizer = load("{}")) {
      assertEquals(2, tokenizer.specialTokens().cls().orElseThrow().id());
      assertArrayEquals(new int[] {2, 11, 12, 3}, tokenizer.encode("<x>  <y>").ids());
      assertEquals("", tokenizer.decode(new int[] {11, 12}, true));
    }
    try (var tokenizer = load("{'added_tokens_decoder': {}}")) {
      assertEquals(Optional.empty(), tokenizer.specialTokens().cls());
      assertEquals(11, tokenizer.vocabSize());
    }
  }

  @Test
  void addedTokensFile() throws IOException {
    Files.writeString(directory.resolve("added_tokens.json"), "{\"<b>\": 12, \"<a>\": 11}");
    try (var tokenizer = load("{}")) {
      assertEquals(11, tokenizer.tokenId("<a>").orElseThrow());
      assertEquals(12, tokenizer.tokenId("<b>").orElseThrow());
      assertArrayEquals(new int[] {2, 12, 11, 3}, tokenizer.encode("<b><a>").ids());
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{'model_max_length': 'long'}",
        "{'model_max_length': -1}",
        "{'do_lower_case': 'yes'}",
        "{'keep_accents': 'yes'}",
        "{'tokenizer_class': 3}",
        "{'pad_token': 7}",
        "{'pad_token': {'lstrip': true}}",
        "{'additional_special_tokens': 'x'}",
        "{'added_tokens_decoder': {'x': {'content': 'a'}}}",
        "{'added_tokens_decoder': {'1': 'a'}}",
        "{'added_tokens_decoder': []}",
        "{'truncation_side': 'up'}",
        "{'split_special_tokens': true}",
        "{'extra_ids': -4}",
        "[]",
        "{"
      })
  void nonsenseIsNamed(String config) {
    var e = assertThrows(TokenizerException.class, () -> load(config));
    assertTrue(e.getMessage().contains("tokenizer_config.json"), e.getMessage());
  }

  /** A class that is named but that Gatun cannot build from parts must not be taken for another. */
  @Test
  void anotherClassIsNotGuessed() throws IOException {
    Files.delete(directory.resolve("tokenizer.json"));
    Files.copy(TestFiles.small("word-piece/vocab.txt"), directory.resolve("vocab.txt"));
    var e =
        assertThrows(
            TokenizerException.class, () -> load("{'tokenizer_class': 'FunnelTokenizer'}"));
    assertTrue(e.getMessage().contains("FunnelTokenizer"), e.getMessage());
    load("{}").close();
  }

  @Test
  void albertNeedsAnUnknownPiece() throws IOException {
    Files.delete(directory.resolve("tokenizer.json"));
    byte[] onePiece = {0x0a, 3, 0x0a, 1, 'a'};
    Files.write(directory.resolve("spiece.model"), onePiece);
    var e =
        assertThrows(
            TokenizerException.class, () -> load("{'tokenizer_class': 'AlbertTokenizer'}"));
    assertTrue(e.getMessage().contains("spiece.model"), e.getMessage());
    assertTrue(e.getMessage().contains("one piece"), e.getMessage());
  }
}
