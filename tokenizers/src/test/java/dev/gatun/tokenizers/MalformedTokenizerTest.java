package dev.gatun.tokenizers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.BigIntegerNode;
import com.fasterxml.jackson.databind.node.DoubleNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Broken files give a named exception or a working tokenizer. The Rust library answers some of them
 * with a panic, which would end this JVM: that the test ends at all is half of what it proves.
 */
class MalformedTokenizerTest {
  /** One tokenizer.json per model and with every kind of section between them. */
  private static final List<String> SEEDS =
      List.of(
          """
          {"version":"1.0","truncation":{"max_length":4,"strategy":"LongestFirst","stride":0,"direction":"Right"},
           "padding":{"strategy":{"Fixed":16},"direction":"Right","pad_to_multiple_of":null,"pad_id":0,"pad_type_id":0,"pad_token":"[PAD]"},
           "added_tokens":[{"id":0,"content":"[PAD]","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":true}],
           "normalizer":{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,"strip_accents":null,"lowercase":true},
           "pre_tokenizer":{"type":"BertPreTokenizer"},
           "post_processor":{"type":"TemplateProcessing",
            "single":[{"SpecialToken":{"id":"[CLS]","type_id":0}},{"Sequence":{"id":"A","type_id":0}}],
            "pair":[{"Sequence":{"id":"A","type_id":0}},{"Sequence":{"id":"B","type_id":1}}],
            "special_tokens":{"[CLS]":{"id":"[CLS]","ids":[2],"tokens":["[CLS]"]}}},
           "decoder":{"type":"WordPiece","prefix":"##","cleanup":true},
           "model":{"type":"WordPiece","unk_token":"[UNK]","continuing_subword_prefix":"##","max_input_chars_per_word":100,
            "vocab":{"[PAD]":0,"[UNK]":1,"[CLS]":2,"the":3,"##s":4}}}
          """,
          """
          {"version":"1.0","added_tokens":[{"id":9,"content":"<e>","single_word":true,"lstrip":true,"rstrip":true,"normalized":true,"special":false}],
           "normalizer":{"type":"Sequence","normalizers":[{"type":"NFC"},{"type":"Replace","pattern":{"Regex":"b+"},"content":"b"},{"type":"Prepend","prepend":"a"}]},
           "pre_tokenizer":{"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"Regex":"\\\\s+"},"behavior":"Isolated","invert":false},
             {"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true},{"type":"Digits","individual_digits":true}]},
           "post_processor":{"type":"Sequence","processors":[{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":false,"use_regex":true},
             {"type":"RobertaProcessing","sep":["</s>",2],"cls":["<s>",0],"trim_offsets":true,"add_prefix_space":true}]},
           "decoder":{"type":"Sequence","decoders":[{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true,"use_regex":true},{"type":"Fuse"},
             {"type":"Strip","content":" ","start":1,"stop":0},{"type":"Replace","pattern":{"String":"a"},"content":"a"}]},
           "model":{"type":"BPE","dropout":null,"unk_token":null,"continuing_subword_prefix":"","end_of_word_suffix":"","fuse_unk":false,
             "byte_fallback":false,"ignore_merges":false,"vocab":{"a":0,"b":1,"ab":2,"t":3,"h":4},"merges":[["a","b"]]}}
          """,
          """
          {"version":"1.0","added_tokens":[],
           "normalizer":{"type":"Precompiled","precompiled_charsmap":"%s"},
           "pre_tokenizer":{"type":"Metaspace","replacement":"▁","prepend_scheme":"always","split":true},
           "post_processor":null,
           "decoder":{"type":"Sequence","decoders":[{"type":"ByteFallback"},{"type":"Metaspace","replacement":"▁","prepend_scheme":"always","split":true}]},
           "model":{"type":"Unigram","unk_id":0,"byte_fallback":true,"vocab":[["<unk>",0.0],["▁",-1.5],["the",-2.25],["t",-3.0],["h",-3.5]]}}
          """
              .formatted(charsMap()));

  private static final String TEXT = "the Ａabb 😀\u0000 <e>1 thes";

  @TempDir Path directory;

  private static String charsMap() {
    Path model = TestFiles.small("sentence-piece/spiece.model");
    return Base64.getEncoder().encodeToString(SentencePieceModel.read(model).charsMap());
  }

  @Test
  void seedsLoad() throws IOException {
    for (String seed : SEEDS) {
      assertTrue(survives(seed), "a seed must load: " + seed);
    }
  }

  /**
   * Every value of every seed replaced, in turn, by unfitting ones: three of nine, which three
   * changing from place to place. {@code -Dgatun.mutations=9} tries them all.
   */
  @Test
  void wrongTypesAndHugeNumbers() throws IOException {
    JsonNodeFactory json = JsonNodeFactory.instance;
    List<JsonNode> replacements =
        List.of(
            NullNode.instance,
            json.objectNode(),
            json.arrayNode(),
            IntNode.valueOf(-1),
            BigIntegerNode.valueOf(BigInteger.TWO.pow(70)),
            DoubleNode.valueOf(1e300),
            TextNode.valueOf(""),
            TextNode.valueOf("]["),
            json.booleanNode(true));
    int refused = 0;
    int total = 0;
    for (String seed : SEEDS) {
      int places = places(TestFiles.json(seed)).size();
      for (int place = 0; place < places; place++) {
        for (int i = 0; i < Integer.getInteger("gatun.mutations", 3); i++) {
          JsonNode replacement =
              replacements.get((3 * place + i + place / 3) % replacements.size());
          JsonNode mutant = TestFiles.json(seed);
          places(mutant).get(place).accept(replacement);
          refused += survives(mutant.toString()) ? 0 : 1;
          total++;
        }
      }
    }
    assertTrue(refused > total / 3, refused + " of " + total + " refused");
  }

  /** Every field and list entry removed, in turn. */
  @Test
  void missingParts() throws IOException {
    int refused = 0;
    for (String seed : SEEDS) {
      int places = places(TestFiles.json(seed)).size();
      for (int place = 0; place < places; place++) {
        JsonNode mutant = TestFiles.json(seed);
        places(mutant).get(place).accept(null);
        refused += survives(mutant.toString()) ? 0 : 1;
      }
    }
    assertTrue(refused > 20, refused + " refused");
  }

  @Test
  void truncatedAndFlippedBytes() throws IOException {
    var random = new Random(11);
    int refused = 0;
    for (String seed : SEEDS) {
      byte[] bytes = seed.getBytes(StandardCharsets.UTF_8);
      for (int i = 0; i < 60; i++) {
        byte[] shorter = Arrays.copyOf(bytes, random.nextInt(bytes.length));
        refused += survives(shorter) ? 0 : 1;
        byte[] flipped = bytes.clone();
        flipped[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
        refused += survives(flipped) ? 0 : 1;
      }
    }
    assertTrue(refused >= 180, refused + " refused"); // every shortened one at least
  }

  @Test
  void damagedNormalizationTables() throws IOException {
    var random = new Random(7);
    byte[] table = Base64.getDecoder().decode(charsMap());
    for (int i = 0; i < 150; i++) {
      byte[] damaged = table.clone();
      if (i < 30) {
        damaged = Arrays.copyOf(damaged, random.nextInt(damaged.length));
      } else {
        for (int hits = 0; hits < 20; hits++) {
          damaged[random.nextInt(damaged.length)] = (byte) random.nextInt(256);
        }
      }
      String map = Base64.getEncoder().encodeToString(damaged);
      survives(SEEDS.get(2).replace(charsMap(), map));
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "sentence-piece/spiece.model",
        "xlm-roberta/sentencepiece.bpe.model",
        "deberta/spm.model"
      })
  void damagedSentencePieceModels(String name) throws IOException {
    var random = new Random(5);
    Path valid = TestFiles.small(name);
    TestFiles.copy(valid.getParent(), directory);
    byte[] model = Files.readAllBytes(valid);
    int refused = 0;
    for (int i = 0; i < 150; i++) {
      byte[] damaged =
          i % 2 == 0 ? Arrays.copyOf(model, random.nextInt(model.length)) : model.clone();
      if (i % 2 == 1) {
        damaged[random.nextInt(600)] = (byte) random.nextInt(256);
      }
      Files.write(directory.resolve(valid.getFileName()), damaged);
      refused += loads() ? 0 : 1;
    }
    assertTrue(refused > 50, refused + " refused");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "0 | \"id\":\"[CLS]\",\"type_id\":0 | \"id\":\"[X]\",\"type_id\":0 | absent from special_tokens",
        "0 | \"ids\":[2]                    | \"ids\":[2,3]                | unlike numbers",
        "0 | \"version\":\"1.0\"            | \"version\":\"2.0\"          | version \"2.0\"",
        "0 | \"the\":3                      | \"the\":3000000000           | must be a token id",
        "0 | \"model\":{                    | \"model\":{},\"model\":{     | no \"vocab\"",
        "1 | \"stop\":0                     | \"stop\":1                   | Strip",
        "1 | \"continuing_subword_prefix\":\"\" | \"continuing_subword_prefix\":\"##\" | shorter than",
        "1 | \"b+\"                         | \"(b\"                       | refused",
        "2 | \"unk_id\":0                   | \"unk_id\":99                | refused",
        "2 | \"precompiled_charsmap\":\"    | \"precompiled_charsmap\":\"* | base64",
        "1 | \"b+\"                         | \"(b+)+$\"                 | grows exponentially",
        "1 | \"b+\"                         | \"(?<x>b\\\\g<x>?)\"   | calls a group",
        "1 | {\"type\":\"NFC\"}             | {\"type\":\"Prepend\",\"prepend\":\"\"} | Prepend",
        "1 | {\"type\":\"Digits\",\"individual_digits\":true} | {\"type\":\"FixedLength\",\"length\":0} | FixedLength",
        "2 | [\"t\",-3.0]                   | [\"t\"]                      | [piece, score]",
      })
  void namesTheDefect(int seed, String old, String replacement, String message) throws IOException {
    assertTrue(SEEDS.get(seed).contains(old));
    Path file = directory.resolve("tokenizer.json");
    Files.writeString(
        file,
        SEEDS.get(seed).replaceFirst(Pattern.quote(old), Matcher.quoteReplacement(replacement)));
    var e = assertThrows(TokenizerException.class, () -> Tokenizer.load(directory));
    assertEquals(file, e.file());
    assertTrue(e.getMessage().startsWith(file.toString()), e.getMessage());
    assertTrue(e.getMessage().contains(message), e.getMessage());
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "null", "[]", "{}", "{\"model\":null}", "\"", "\uFEFF{}", "{} {}"})
  void notATokenizer(String text) throws IOException {
    Files.writeString(directory.resolve("tokenizer.json"), text);
    assertThrows(TokenizerException.class, () -> Tokenizer.load(directory));
  }

  @Test
  void deepNesting() throws IOException {
    for (int depth : new int[] {70, 5_000}) {
      String nested = "{\"type\":\"Sequence\",\"decoders\":[".repeat(depth) + "]}".repeat(depth);
      String json = SEEDS.get(2).replaceFirst("\"decoder\":", "\"decoder\":" + nested + ",\"x\":");
      Files.writeString(directory.resolve("tokenizer.json"), json);
      assertThrows(TokenizerException.class, () -> Tokenizer.load(directory));
    }
  }

  private void refuses(String message, String json) throws IOException {
    Files.writeString(directory.resolve("tokenizer.json"), json);
    var e = assertThrows(TokenizerException.class, () -> Tokenizer.load(directory));
    assertTrue(e.getMessage().contains(message), e.getMessage());
    assertTrue(e.getMessage().length() < 1_000, "a long message");
  }

  private static String normalizing(String step, int times) {
    return SEEDS
        .get(1)
        .replace("{\"type\":\"NFC\"},", (step + ",").repeat(times).replace("\\", "\\\\"));
  }

  @Test
  void textsThatGrowWithoutEnd() throws IOException {
    String replace = "{\"type\":\"Replace\",\"pattern\":{\"String\":\"a\"},\"content\":\"aa\"}";
    assertTrue(survives(normalizing(replace, 2)));
    refuses("100 times as long", normalizing(replace, 60));
    refuses("100 times as long", normalizing(replace.replace("String", "Regex"), 60));
    refuses("100 times as long", normalizing("{\"type\":\"ByteLevel\"}", 60));
    String prepend = "{\"type\":\"Prepend\",\"prepend\":\"" + "x".repeat(100) + "\"}";
    refuses("10000 are supported", normalizing(prepend, 900));
    refuses(
        "decoder: makes",
        SEEDS
            .get(1)
            .replace("{\"type\":\"Fuse\"}", "{\"type\":\"Fuse\"}" + ("," + replace).repeat(60)));
    String bytes = "{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"trim_offsets\":true},";
    refuses(
        "100 times as long",
        SEEDS.get(1).replace("{\"type\":\"Split\"", bytes.repeat(60) + "{\"type\":\"Split\""));
  }

  @Test
  void whatOverflowsTheStackOfTheLibrary() throws IOException {
    String groups = "(".repeat(1_000);
    refuses("nested too deeply", SEEDS.get(1).replace("b+", groups + "a" + ")".repeat(1_000)));
    refuses("nested too deeply", SEEDS.get(1).replace("b+", "[".repeat(5_000) + "a"));
    refuses("10000 are read", SEEDS.get(1).replace("b+", "a".repeat(20_000)));
    refuses(
        "a piece of 50000 bytes", SEEDS.get(2).replace("\"the\"", '"' + "a".repeat(50_000) + '"'));
  }

  @Test
  void tooMuchOfEverything() throws IOException {
    String token = "{\"id\":9,\"content\":\"<%d>\",\"special\":false}";
    String many =
        IntStream.range(0, 70_001).mapToObj(token::formatted).collect(Collectors.joining(","));
    refuses(
        "70001 added tokens",
        SEEDS.get(2).replace("\"added_tokens\":[", "\"added_tokens\":[" + many));
    String part = "{\"Sequence\":{\"id\":\"A\",\"type_id\":0}},";
    refuses(
        "post_processor.single has",
        SEEDS.get(0).replace("\"single\":[", "\"single\":[" + part.repeat(200)));
    try (var file = new RandomAccessFile(directory.resolve("tokenizer.json").toFile(), "rw")) {
      file.setLength(3L << 30);
    }
    var e = assertThrows(TokenizerException.class, () -> Tokenizer.load(directory));
    assertTrue(e.getMessage().contains("3221225472 bytes"), e.getMessage());
  }

  private boolean survives(String json) throws IOException {
    return survives(json.getBytes(StandardCharsets.UTF_8));
  }

  private boolean survives(byte[] json) throws IOException {
    Files.write(directory.resolve("tokenizer.json"), json);
    return loads();
  }

  /** Loads, encodes and decodes; whatever goes wrong must be a named exception. */
  private boolean loads() {
    try (var tokenizer = Tokenizer.load(directory)) {
      Encoding encoding = tokenizer.encode(TEXT);
      tokenizer.decode(encoding.ids(), false);
      tokenizer.decode(tokenizer.encode(TEXT, "the").ids(), true);
      tokenizer.decode(new int[0], true);
      tokenizer.encode("");
      return true;
    } catch (TokenizerException e) {
      return false;
    }
  }

  /** Every place of a tree, as a setter; setting null removes. */
  private static List<Consumer<JsonNode>> places(JsonNode node) {
    var places = new ArrayList<Consumer<JsonNode>>();
    if (node instanceof ObjectNode object) {
      for (var entry : object.properties()) {
        String key = entry.getKey();
        places.add(
            value -> {
              if (value == null) {
                object.remove(key);
              } else {
                object.set(key, value);
              }
            });
        places.addAll(places(entry.getValue()));
      }
    } else if (node instanceof ArrayNode array) {
      for (int i = 0; i < array.size(); i++) {
        int index = i;
        places.add(
            value -> {
              if (value == null) {
                array.remove(index);
              } else {
                array.set(index, value);
              }
            });
        places.addAll(places(array.get(i)));
      }
    }
    return places;
  }
}
