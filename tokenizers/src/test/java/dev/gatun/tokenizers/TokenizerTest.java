package dev.gatun.tokenizers;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CountDownLatch;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TokenizerTest {
  @TempDir Path directory;

  /** The file stores max_length 4 and padding to 16. */
  @Test
  void storedTruncationAndPaddingDoNotApply() {
    try (var tokenizer = Tokenizer.load(TestFiles.small("stored"))) {
      assertEquals(3, tokenizer.encode("the").length());
      assertEquals(9, tokenizer.encode("the cat sat the cat sat a").length());
    }
  }

  @Test
  void truncatesAsTheLibraryDoes() {
    JsonNode cases = TestFiles.json(TestFiles.small("stored/truncations.json"));
    try (var tokenizer = Tokenizer.load(TestFiles.small("stored"))) {
      int the = tokenizer.tokenId("the").orElseThrow();
      int cat = tokenizer.tokenId("cat").orElseThrow();
      for (JsonNode row : cases) {
        var strategy = Truncation.Strategy.valueOf(row.get(0).textValue().toUpperCase());
        var options =
            EncodeOptions.defaults()
                .withTruncation(
                    new Truncation(row.get(1).intValue(), strategy, Truncation.Side.RIGHT));
        String first = "the ".repeat(row.get(2).intValue());
        String second = "cat ".repeat(row.get(3).intValue());
        if (row.get(4).intValue() < 0) {
          assertThrows(
              IllegalArgumentException.class,
              () -> tokenizer.encode(first, second, options),
              row.toString());
        } else {
          int[] ids = tokenizer.encode(first, second, options).ids();
          assertEquals(row.get(4).intValue(), count(ids, the), row.toString());
          assertEquals(row.get(5).intValue(), count(ids, cat), row.toString());
        }
      }
    }
  }

  private static long count(int[] ids, int wanted) {
    return IntStream.of(ids).filter(id -> id == wanted).count();
  }

  @Test
  void truncatesOnTheModelsSideUnlessToldOtherwise() {
    try (var tokenizer = Tokenizer.load(TestFiles.small("stored"))) { // truncation_side: left
      var options = EncodeOptions.defaults();
      assertArrayEquals(
          new String[] {"[CLS]", "cat", "sat", "[SEP]"},
          tokenizer.encode("the cat sat", options.withMaxLength(4)).tokens());
      Encoding right =
          tokenizer.encode(
              "the cat sat",
              options.withTruncation(Truncation.to(4).withSide(Truncation.Side.RIGHT)));
      assertArrayEquals(new String[] {"[CLS]", "the", "cat", "[SEP]"}, right.tokens());
      assertArrayEquals(new int[] {1, 0, 0, 1}, right.specialTokensMask());
      assertEquals(7, right.end(2));
      assertEquals(
          5, tokenizer.encode("the cat sat", options.withMaxLength(OptionalInt.empty())).length());
      assertThrows(
          IllegalArgumentException.class,
          () -> tokenizer.encode("the cat", options.withMaxLength(1)));
    }
  }

  @Test
  void factsOfTheModel() {
    try (var tokenizer = Tokenizer.load(TestFiles.small("stored"))) {
      assertEquals(OptionalInt.of(12), tokenizer.modelMaxLength());
      assertEquals(13, tokenizer.vocabSize());
      assertEquals(Optional.of(new SpecialToken("[PAD]", 0)), tokenizer.specialTokens().pad());
      assertEquals(Optional.of(new SpecialToken("[MASK]", 12)), tokenizer.specialTokens().mask());
      assertEquals(Optional.empty(), tokenizer.specialTokens().bos());
      assertEquals(OptionalInt.of(11), tokenizer.tokenId("user_symbol"));
      assertFalse(tokenizer.isSpecial(11));
      assertTrue(tokenizer.isSpecial(12));
      assertEquals(OptionalInt.empty(), tokenizer.tokenId("absent"));
      assertEquals(Optional.empty(), tokenizer.token(13));
      assertEquals(TokenizerSource.Kind.TOKENIZER_JSON, tokenizer.source().kind());
      assertEquals(2, tokenizer.source().files().size());
    }
    try (var tokenizer = Tokenizer.load(TestFiles.small("sentence-piece"))) {
      assertEquals(OptionalInt.empty(), tokenizer.modelMaxLength());
      List<SpecialToken> additional = tokenizer.specialTokens().additional();
      assertEquals(3, additional.size());
      assertEquals(tokenizer.vocabSize() - 1, tokenizer.tokenId("<extra_id_0>").orElseThrow());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"word-piece", "byte-level"}) // 10^30 as an integer, 1e30
  void noLimitSentinel(String name) {
    try (var tokenizer = Tokenizer.load(TestFiles.small(name))) {
      assertEquals(OptionalInt.empty(), tokenizer.modelMaxLength());
    }
  }

  @Test
  void idsBeyondTheVocabularyAreSkipped() {
    try (var tokenizer = Tokenizer.load(TestFiles.small("word-piece"))) {
      int the = tokenizer.tokenId("the").orElseThrow();
      assertEquals("the", tokenizer.decode(new int[] {the, 40_000, Integer.MAX_VALUE}, true));
      assertThrows(IllegalArgumentException.class, () -> tokenizer.decode(new int[] {-1}, true));
      assertEquals("", tokenizer.decode(new int[0], false));
    }
  }

  @Test
  void unpairedSurrogatesCountAsReplacementCharacters() {
    try (var tokenizer = Tokenizer.load(TestFiles.small("byte-level"))) {
      var replacements =
          Map.of(
              "\ud83d", "\ufffd",
              "a\ude00b😀", "a\ufffdb😀",
              "\ud83d\ud83d\ude00", "\ufffd😀",
              "x\ud800", "x\ufffd");
      replacements.forEach(
          (text, replaced) -> {
            assertEquals(tokenizer.encode(replaced), tokenizer.encode(text));
            assertEquals(replaced, tokenizer.decode(tokenizer.encode(text).ids(), true));
          });
    }
  }

  @Test
  void aMegabyteOfOneText() {
    try (var tokenizer = Tokenizer.load(TestFiles.small("word-piece"))) {
      String text = "the cat sat on 😀 ".repeat(60_000);
      Encoding encoding = tokenizer.encode(text);
      assertEquals(5 * 60_000 + 2, encoding.length());
      assertEquals(text.length() - 1, encoding.end(encoding.length() - 2));
    }
  }

  @Test
  void nullsAreRefused() {
    try (var tokenizer = Tokenizer.load(TestFiles.small("word-piece"))) {
      assertThrows(NullPointerException.class, () -> tokenizer.encode((String) null));
      assertThrows(NullPointerException.class, () -> tokenizer.encode("a", (String) null));
      assertThrows(
          NullPointerException.class, () -> tokenizer.encodeBatch(Collections.singletonList(null)));
      assertThrows(NullPointerException.class, () -> Tokenizer.load(null));
    }
  }

  @Test
  void batchesKeepTheirOrder() {
    try (var tokenizer = Tokenizer.load(TestFiles.small("word-piece"))) {
      var texts = new ArrayList<String>();
      var pairs = new ArrayList<TextPair>();
      for (int i = 0; i < 500; i++) {
        texts.add("the cat ".repeat(i % 7) + i);
        pairs.add(new TextPair("the " + i, "cat"));
      }
      List<Encoding> batch = tokenizer.encodeBatch(texts);
      var options = EncodeOptions.defaults().withSpecialTokens(false);
      List<Encoding> both = tokenizer.encodePairs(pairs, options);
      for (int i = 0; i < texts.size(); i++) {
        assertEquals(tokenizer.encode(texts.get(i)), batch.get(i));
        assertEquals(tokenizer.encode("the " + i, "cat", options), both.get(i));
      }
      assertEquals(List.of(), tokenizer.encodeBatch(List.of()));
    }
  }

  @Test
  void idsAloneAreThoseOfTheEncoding() {
    try (var tokenizer = Tokenizer.load(TestFiles.small("stored"))) {
      List<String> texts =
          List.of("the cat sat", "", "a \ud800 the", "the ".repeat(9), "cat", "the cat [MASK]");
      for (int length : new int[] {3, 5, 99}) {
        var options = EncodeOptions.defaults().withMaxLength(length);
        List<int[]> ids = tokenizer.encodeIds(texts, options);
        for (int i = 0; i < texts.size(); i++) {
          assertArrayEquals(tokenizer.encode(texts.get(i), options).ids(), ids.get(i));
        }
      }
      var bare = EncodeOptions.defaults().withSpecialTokens(false);
      assertArrayEquals(
          tokenizer.encode("the cat", bare).ids(),
          tokenizer.encodeIds(List.of("the cat"), bare).getFirst());
    }
  }

  @Test
  void useAfterCloseIsAnError() {
    var tokenizer = Tokenizer.load(TestFiles.small("word-piece"));
    StreamingDecoder stream = tokenizer.streamingDecoder(true);
    tokenizer.close();
    tokenizer.close();
    assertThrows(IllegalStateException.class, () -> tokenizer.encode("the"));
    assertThrows(IllegalStateException.class, () -> tokenizer.encode("the", "cat"));
    assertThrows(IllegalStateException.class, () -> tokenizer.encodeBatch(List.of()));
    assertThrows(IllegalStateException.class, () -> tokenizer.decode(new int[] {1}, true));
    assertThrows(IllegalStateException.class, () -> tokenizer.tokenId("the"));
    assertThrows(IllegalStateException.class, tokenizer::vocabSize);
    assertThrows(IllegalStateException.class, () -> stream.accept(1));
    assertThrows(IllegalStateException.class, () -> tokenizer.streamingDecoder(true));
  }

  /** Closing while others encode: they get results or IllegalStateException, never a crash. */
  @Test
  @Timeout(60)
  void closesUnderLoad() throws InterruptedException {
    for (int round = 0; round < 10; round++) {
      var tokenizer = Tokenizer.load(TestFiles.small("byte-level"));
      Encoding expected = tokenizer.encode("the cat");
      var started = new CountDownLatch(4);
      var failures = Collections.synchronizedList(new ArrayList<Throwable>());
      var threads = new ArrayList<Thread>();
      for (int i = 0; i < 4; i++) {
        threads.add(
            Thread.ofPlatform()
                .start(
                    () -> {
                      started.countDown();
                      try {
                        while (true) {
                          assertEquals(expected, tokenizer.encode("the cat"));
                        }
                      } catch (IllegalStateException e) {
                        // closed
                      } catch (Throwable e) {
                        failures.add(e);
                      }
                    }));
      }
      started.await();
      tokenizer.close();
      for (Thread thread : threads) {
        thread.join();
      }
      assertEquals(List.of(), failures);
    }
  }

  @Test
  void streamsOnlyWholeCharacters() {
    try (var tokenizer = Tokenizer.load(TestFiles.small("byte-level"))) {
      int[] ids = tokenizer.encode("a👩‍🚀é").ids();
      StreamingDecoder stream = tokenizer.streamingDecoder(true);
      var pieces = new ArrayList<String>();
      for (int id : ids) {
        String piece = stream.accept(id);
        if (!piece.isEmpty()) {
          pieces.add(piece);
        }
      }
      assertEquals(List.of("a", "👩", "\u200d", "🚀", "é"), pieces);
      assertEquals("", stream.finish());

      StreamingDecoder cut = tokenizer.streamingDecoder(true);
      assertEquals("a", cut.accept(ids[0]));
      assertEquals("", cut.accept(ids[1]));
      assertNotEquals("", cut.finish()); // half a character comes out as U+FFFD
      assertEquals("", cut.finish());
    }
  }

  @Test
  void missingTokenizerSaysWhatWasSearched() {
    var e = assertThrows(TokenizerException.class, () -> Tokenizer.load(directory));
    assertTrue(e.getMessage().contains("vocab.txt"), e.getMessage());
    assertThrows(TokenizerException.class, () -> Tokenizer.load(directory.resolve("absent")));
  }

  /** CamemBERT, mBART and others number the pieces of this file in another way. */
  @ParameterizedTest
  @ValueSource(strings = {"{}", "{\"model_type\": \"camembert\"}", "{\"model_type\": \"bert\"}"})
  void onlyTheNameOfXlmRobertaOpensItsModelFile(String config) throws IOException {
    Path model = TestFiles.small("xlm-roberta/sentencepiece.bpe.model");
    Files.copy(model, directory.resolve("sentencepiece.bpe.model"));
    Files.writeString(directory.resolve("config.json"), config);
    var e = assertThrows(TokenizerException.class, () -> Tokenizer.load(directory));
    assertTrue(e.getMessage().contains("cannot be read by itself"), e.getMessage());

    Files.writeString(directory.resolve("config.json"), "{\"model_type\": \"xlm-roberta\"}");
    try (var tokenizer = Tokenizer.load(directory)) {
      assertEquals(TokenizerSource.Kind.SENTENCE_PIECE, tokenizer.source().kind());
      assertEquals(0, tokenizer.encode("the cat").ids()[0]);
    }
  }

  @Test
  void xlmRobertaNeedsItsSpecialTokens() throws IOException {
    Path model = TestFiles.small("xlm-roberta/sentencepiece.bpe.model");
    Files.copy(model, directory.resolve("sentencepiece.bpe.model"));
    Files.writeString(
        directory.resolve("tokenizer_config.json"),
        "{\"tokenizer_class\": \"XLMRobertaTokenizer\", \"mask_token\": null}");
    var e = assertThrows(TokenizerException.class, () -> Tokenizer.load(directory));
    assertTrue(e.getMessage().contains("mask_token"), e.getMessage());
  }
}
