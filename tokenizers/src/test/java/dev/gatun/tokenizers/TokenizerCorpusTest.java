package dev.gatun.tokenizers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The published vocabularies, and small ones where those are not at hand, against the Python
 * libraries, over conformance/tokenizer-corpus.
 */
class TokenizerCorpusTest {
  private static final String GPT2 = "shared/data/tokenizers/gpt2";
  private static final String T5 = "shared/data/tokenizers/t5";
  private static final String BERT = "shared/models/all-MiniLM-L6-v2";
  private static final String SMALL = "conformance/tokenizer-corpus/vocabularies/";
  private static final String CLASS = "'tokenizer_class': ";

  @TempDir Path directory;

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "gpt2                              |" + GPT2 + "| tokenizer.json         |",
        "t5                                |" + T5 + "  | tokenizer.json         |",
        "bert                              |" + BERT + "| tokenizer.json         |",
        "gpt2-from-vocab                   |" + GPT2 + "| vocab.json merges.txt  |",
        "t5-from-spiece                    |" + T5 + "  | spiece.model           |",
        "bert-from-vocab                   |" + BERT + "| vocab.txt              |",
        "bert-from-vocab-cased             |" + BERT + "| vocab.txt | 'do_lower_case': false",
        "bert-from-vocab-keep-accents      |" + BERT + "| vocab.txt | 'strip_accents': false",
        "bert-from-vocab-cased-strip-accents |"
            + BERT
            + "| vocab.txt |"
            + " 'do_lower_case': false, 'strip_accents': true",
        "bert-from-vocab-no-chinese-chars  |"
            + BERT
            + "| vocab.txt |"
            + " 'tokenize_chinese_chars': false",
        "roberta     |" + SMALL + "roberta     | tokenizer.json          |",
        "roberta     |"
            + SMALL
            + "roberta     | vocab.json merges.txt   |"
            + CLASS
            + "'RobertaTokenizer'",
        "xlm-roberta |" + SMALL + "xlm-roberta | tokenizer.json          |",
        "xlm-roberta |"
            + SMALL
            + "xlm-roberta | sentencepiece.bpe.model |"
            + CLASS
            + "'XLMRobertaTokenizerFast'",
        "distilbert  |"
            + SMALL
            + "distilbert  | tokenizer.json          |"
            + CLASS
            + "'DistilBertTokenizer'",
        "distilbert  |"
            + SMALL
            + "distilbert  | vocab.txt               |"
            + CLASS
            + "'DistilBertTokenizerFast'",
      })
  void agreesOnEveryLine(String name, String source, String files, String config)
      throws IOException {
    Optional<Path> corpus = TestFiles.inProject("conformance/tokenizer-corpus");
    Optional<Path> vocabulary = TestFiles.inProject(source);
    assumeTrue(corpus.isPresent(), "conformance/tokenizer-corpus is not there");
    assumeTrue(vocabulary.isPresent(), source + " is not beside the project");
    for (String file : files.split(" ")) {
      Files.copy(vocabulary.get().resolve(file), directory.resolve(file));
    }
    if (config != null) {
      Files.writeString(
          directory.resolve("tokenizer_config.json"), "{" + config.replace('\'', '"') + "}");
    }

    List<String> lines = Files.readAllLines(corpus.get().resolve("corpus.jsonl"));
    List<String> expected = Files.readAllLines(corpus.get().resolve("expected-" + name + ".jsonl"));
    assertEquals(lines.size(), expected.size());
    var wrong = new ArrayList<String>();
    try (var tokenizer = Tokenizer.load(directory)) {
      for (int i = 0; i < lines.size(); i++) {
        String difference =
            difference(tokenizer, TestFiles.json(lines.get(i)), TestFiles.json(expected.get(i)));
        if (difference != null) {
          wrong.add("line " + (i + 1) + ": " + difference);
        }
      }
    }
    System.out.printf(
        "%s: %d of %d lines equal%n", name, lines.size() - wrong.size(), lines.size());
    assertEquals(List.of(), wrong);
  }

  private static String difference(Tokenizer tokenizer, JsonNode line, JsonNode expected) {
    String first = line.get("text").textValue();
    String second = line.has("pair") ? line.get("pair").textValue() : null;
    Encoding encoding = second == null ? tokenizer.encode(first) : tokenizer.encode(first, second);
    int[] ids = SmallTokenizersTest.ints(expected.get("ids"));
    if (!Arrays.equals(ids, encoding.ids())) {
      return "ids " + Arrays.toString(encoding.ids()) + ", expected " + Arrays.toString(ids);
    }
    if (second == null
        && !Arrays.equals(
            ids, tokenizer.encodeIds(List.of(first), EncodeOptions.defaults()).getFirst())) {
      return "encodeIds differs from encode";
    }
    if (expected.has("types")
        && !Arrays.equals(SmallTokenizersTest.ints(expected.get("types")), encoding.typeIds())) {
      return "type ids " + Arrays.toString(encoding.typeIds());
    }
    if (expected.has("offsets")) {
      int[] offsets = SmallTokenizersTest.ints(expected.get("offsets"));
      for (int i = 0; i < encoding.length(); i++) {
        String text = encoding.sequence(i) == 1 ? second : first;
        if (text.offsetByCodePoints(0, offsets[2 * i]) != encoding.start(i)
            || text.offsetByCodePoints(0, offsets[2 * i + 1]) != encoding.end(i)) {
          return "offsets of token " + i + ": " + encoding.start(i) + " to " + encoding.end(i);
        }
      }
    }
    return null;
  }
}
