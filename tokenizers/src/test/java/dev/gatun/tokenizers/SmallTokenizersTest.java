package dev.gatun.tokenizers;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.stream.StreamSupport;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Every supported form of tokenizer, in miniature, against what transformers made of the same files
 * (make_small_tokenizers.py).
 */
class SmallTokenizersTest {
  private static final JsonNode LINES = TestFiles.json(TestFiles.small("lines.json"));

  @ParameterizedTest
  @ValueSource(
      strings = {
        "word-piece",
        "word-piece-cased",
        "byte-level",
        "byte-level-bos",
        "roberta",
        "sentence-piece",
        "stored",
        "xlm-roberta",
        "xlm-roberta-no-prefix",
        "roberta-json",
        "xlm-roberta-json",
        "distilbert-json",
        "electra",
        "electra-cased",
        "mpnet",
        "mpnet-cased",
        "mpnet-stored",
        "albert",
        "albert-cased",
        "albert-stored",
        "albert-stored-cased",
        "modernbert",
        "deberta",
        "deberta-lower-case",
        "deberta-stored"
      })
  void agreesWithTransformers(String name) {
    JsonNode expected = TestFiles.json(TestFiles.small(name + "/expected.json"));
    try (var tokenizer = Tokenizer.load(TestFiles.small(name))) {
      assertEquals(expected.get("size").asInt(), tokenizer.vocabSize(), "vocabulary size");
      for (int i = 0; i < LINES.size(); i++) {
        String text = LINES.get(i).textValue();
        String second = LINES.get((i * 5 + 2) % LINES.size()).textValue();
        String what = name + ", line " + i;
        JsonNode row = expected.get("rows").get(i);
        Encoding single = tokenizer.encode(text);
        assertEncoding(row.get("single"), single, text, null, what);
        assertEncoding(row.get("pair"), tokenizer.encode(text, second), text, second, what);
        var bare = EncodeOptions.defaults().withSpecialTokens(false);
        assertArrayEquals(ints(row.get("bare")), tokenizer.encode(text, bare).ids(), what);

        assertEquals(row.get("decoded").textValue(), tokenizer.decode(single.ids(), false), what);
        assertEquals(
            row.get("decodedPlain").textValue(), tokenizer.decode(single.ids(), true), what);
        for (boolean skip : new boolean[] {false, true}) {
          StreamingDecoder stream = tokenizer.streamingDecoder(skip);
          var text2 = new StringBuilder();
          for (int id : single.ids()) {
            text2.append(stream.accept(id));
          }
          text2.append(stream.finish());
          assertEquals(
              tokenizer.decodeWithoutCleanUp(single.ids(), skip),
              text2.toString(),
              what + " streamed");
        }
        assertVocabulary(tokenizer, row.get("single"));
      }
    }
  }

  static void assertEncoding(
      JsonNode expected, Encoding actual, String first, String second, String what) {
    assertArrayEquals(ints(expected.get("ids")), actual.ids(), what);
    assertArrayEquals(ints(expected.get("types")), actual.typeIds(), what);
    assertArrayEquals(ints(expected.get("mask")), actual.specialTokensMask(), what);
    for (int i = 0; i < actual.length(); i++) {
      assertEquals(expected.get("tokens").get(i).textValue(), actual.tokens()[i], what);
      String text = actual.sequence(i) == 1 ? second : first;
      int start = expected.get("offsets").get(2 * i).intValue(); // in code points
      int end = expected.get("offsets").get(2 * i + 1).intValue();
      assertEquals(text.offsetByCodePoints(0, start), actual.start(i), what + ", token " + i);
      assertEquals(text.offsetByCodePoints(0, end), actual.end(i), what + ", token " + i);
    }
  }

  /** Ids and tokens lead to each other, wherever the token is not a stretch of unknown text. */
  private static void assertVocabulary(Tokenizer tokenizer, JsonNode expected) {
    for (int i = 0; i < expected.get("ids").size(); i++) {
      int id = expected.get("ids").get(i).intValue();
      String token = tokenizer.token(id).orElseThrow();
      assertEquals(id, tokenizer.tokenId(token).orElseThrow());
      // a repeated piece keeps its last id; SentencePiece shows unknown text itself; a token that
      // swallows the spaces beside it shows them too
      if (!token.equals("<unk>") && !token.equals("[UNK]")) {
        assertEquals(expected.get("tokens").get(i).textValue(), token);
      }
    }
  }

  static int[] ints(JsonNode array) {
    return StreamSupport.stream(array.spliterator(), false).mapToInt(JsonNode::intValue).toArray();
  }
}
