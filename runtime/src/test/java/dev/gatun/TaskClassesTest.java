package dev.gatun;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.QuestionAnswerer.Answer;
import dev.gatun.TokenClassifier.Aggregation;
import dev.gatun.loader.config.ConfigException;
import dev.gatun.tokenizers.TextPair;
import dev.gatun.tokenizers.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

/** What the task classes share: their ends, their refusals, empty and huge inputs, threads. */
class TaskClassesTest {
  private static final LoadOptions OPTIONS = LoadOptions.defaults().withThreads(2);

  private static CrossEncoder crossEncoder() {
    return CrossEncoder.load(Fixtures.directory("task-rerank"), OPTIONS);
  }

  private static TextClassifier textClassifier() {
    return TextClassifier.load(Fixtures.directory("task-classify"), OPTIONS);
  }

  private static TokenClassifier tokenClassifier() {
    return TokenClassifier.load(Fixtures.directory("task-tokens"), OPTIONS);
  }

  private static QuestionAnswerer questionAnswerer() {
    return QuestionAnswerer.load(Fixtures.directory("task-answers"), OPTIONS);
  }

  private static FillMask fillMask() {
    return FillMask.load(Fixtures.directory("task-fill"), OPTIONS);
  }

  @Test
  void nothingGivesNothing() {
    try (var encoder = crossEncoder();
        var classifier = textClassifier();
        var tagger = tokenClassifier();
        var reader = questionAnswerer();
        var filler = fillMask()) {
      assertEquals(0, encoder.scores(List.of()).length);
      assertEquals(List.of(), encoder.rank("a", List.of()));
      assertEquals(List.of(), classifier.classify(List.of(), 1));
      assertEquals(List.of(), classifier.classifyPairs(List.of(), 1));
      assertEquals(List.of(), tagger.classify(List.of(), TokenClassifier.Options.defaults()));
      assertEquals(List.of(), tagger.classify(""));
      assertEquals(List.of(), reader.answers(List.of(), QuestionAnswerer.Options.defaults()));
      assertEquals(List.of(), filler.fill(List.of(), 1));
    }
  }

  @Test
  void useAfterCloseIsNamed() {
    endsWith(TaskClassesTest::crossEncoder, e -> e.scores(List.of()));
    endsWith(TaskClassesTest::crossEncoder, e -> e.score("a", "b"));
    endsWith(TaskClassesTest::textClassifier, c -> c.classify("a"));
    endsWith(TaskClassesTest::textClassifier, c -> c.classifyPairs(List.of(), 1));
    endsWith(TaskClassesTest::tokenClassifier, t -> t.classify("a"));
    endsWith(TaskClassesTest::questionAnswerer, r -> r.answer("a", "b"));
    endsWith(TaskClassesTest::fillMask, f -> f.fill("[MASK]", 1));
  }

  private interface Call<T> {
    void on(T subject);
  }

  private static <T extends AutoCloseable> void endsWith(Supplier<T> open, Call<T> call) {
    T subject = open.get();
    try {
      subject.close();
      subject.close();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
    assertThrows(IllegalStateException.class, () -> call.on(subject));
  }

  @Test
  void nullsAreRefused() {
    try (var encoder = crossEncoder();
        var classifier = textClassifier();
        var tagger = tokenClassifier();
        var reader = questionAnswerer();
        var filler = fillMask()) {
      var holed = Collections.<String>singletonList(null);
      var holedPairs = Collections.<TextPair>singletonList(null);
      var tokenOptions = TokenClassifier.Options.defaults();
      var answerOptions = QuestionAnswerer.Options.defaults();
      List<Executable> calls =
          List.of(
              () -> encoder.score(null, "a"),
              () -> encoder.score("a", null),
              () -> encoder.scores(null),
              () -> encoder.scores(holedPairs),
              () -> encoder.rank(null, List.of()),
              () -> encoder.rank("a", holed),
              () -> classifier.classify((String) null),
              () -> classifier.classify(holed, 1),
              () -> classifier.classifyPairs(holedPairs, 1),
              () -> tagger.classify((String) null),
              () -> tagger.classify(holed, tokenOptions),
              () -> tagger.classify("a", null),
              () ->
                  tagger.classify(
                      holed, tokenOptions.withAggregation(Aggregation.MAX).withStride(3)),
              () -> reader.answer(null, "a"),
              () -> reader.answers(holedPairs, answerOptions),
              () -> reader.answers("a", "b", null),
              () -> filler.fill((String) null, 1),
              () -> filler.fill(holed, 1),
              () -> filler.fill("[MASK]", 1, holed));
      for (int i = 0; i < calls.size(); i++) {
        assertThrows(NullPointerException.class, calls.get(i), "call " + i);
      }
    }
  }

  @Test
  void anotherHeadIsRefusedByName() {
    var directory = Fixtures.directory("task-fill");
    var e = assertThrows(ConfigException.class, () -> TextClassifier.load(directory, OPTIONS));
    assertTrue(e.getMessage().contains("BertForMaskedLM"), e.getMessage());
    assertTrue(e.getMessage().contains("ForSequenceClassification"), e.getMessage());
    assertThrows(ConfigException.class, () -> CrossEncoder.load(directory, OPTIONS));
    assertThrows(ConfigException.class, () -> TokenClassifier.load(directory, OPTIONS));
    assertThrows(ConfigException.class, () -> QuestionAnswerer.load(directory, OPTIONS));
    var bare = Fixtures.directory("sentence-mean");
    assertThrows(ConfigException.class, () -> FillMask.load(bare, OPTIONS));
    var none = Fixtures.directory("bert-model-bare-config");
    assertThrows(ConfigException.class, () -> FillMask.load(none, OPTIONS));
  }

  @Test
  void aHugeBatchComesBackInOrder() {
    List<String> words = List.of("the boat", "water rises, the ship rises", "rain", "", "A 🚢");
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < 5000; i++) {
      texts.add(words.get((i * 7) % words.size()));
    }
    try (var encoder = crossEncoder()) {
      var ranked = encoder.rank("the lock", texts);
      assertEquals(texts.size(), ranked.size());
      float[] alone = new float[words.size()];
      for (int i = 0; i < alone.length; i++) {
        alone[i] = encoder.score("the lock", words.get(i));
      }
      CrossEncoder.Ranked before = null;
      for (var r : ranked) {
        assertEquals(alone[words.indexOf(texts.get(r.index()))], r.score(), 1e-6f);
        assertTrue(before == null || before.score() >= r.score());
        assertTrue(before == null || before.score() > r.score() || before.index() < r.index());
        before = r;
      }
      assertEquals(ranked.subList(0, 3), encoder.rank("the lock", texts, 3));
    }
  }

  @Test
  void manyThreadsAtOnce() throws Exception {
    try (var tagger = tokenClassifier();
        var threads = Executors.newFixedThreadPool(4)) {
      var options =
          TokenClassifier.Options.defaults().withAggregation(Aggregation.AVERAGE).withStride(5);
      List<String> texts =
          List.of("The captain of the red boat 🚢 on the canal.", "rain ".repeat(90));
      var want = tagger.classify(texts, options);
      Callable<Boolean> same =
          () -> {
            for (int i = 0; i < 10; i++) {
              var got = tagger.classify(texts, options);
              for (int t = 0; t < texts.size(); t++) {
                assertEquals(
                    want.get(t).stream().map(TokenClassifier.Entity::start).toList(),
                    got.get(t).stream().map(TokenClassifier.Entity::start).toList());
              }
            }
            return true;
          };
      for (var future : threads.invokeAll(Collections.nCopies(4, same))) {
        assertTrue(future.get());
      }
    }
  }

  @Test
  void settingsOfTheCrossEncoder() {
    String directory = Fixtures.directory("task-rerank").toString();
    try (var own = CrossEncoder.builder(directory).options(OPTIONS).build();
        var raw =
            CrossEncoder.builder(directory)
                .options(OPTIONS)
                .activation(ScoreFunction.IDENTITY)
                .maxTokens(9)
                .build()) {
      assertEquals(ScoreFunction.SIGMOID, own.activation());
      assertEquals(40, own.maxTokens());
      assertEquals(9, raw.maxTokens());
      float logit = raw.score("a", "b");
      assertEquals(1 / (1 + Math.exp(-logit)), own.score("a", "b"), 1e-6);
      // [CLS] the boat [SEP] rise ##s and [SEP] is 8 tokens; of what follows one more is read
      assertEquals(
          raw.score("the boat", "rises and the"),
          raw.score("the boat", "rises and the rain"),
          1e-6);
      assertThrows(IllegalArgumentException.class, () -> own.rank("a", List.of("b"), 0));
    }
    try (var labels = CrossEncoder.load(Fixtures.directory("task-rerank-labels"), OPTIONS)) {
      assertEquals(3, labels.scoresPerLabel(List.of(new TextPair("a", "b")))[0].length);
      assertThrows(IllegalStateException.class, () -> labels.score("a", "b"));
    }
    assertThrows(
        IllegalArgumentException.class, () -> CrossEncoder.builder(directory).maxTokens(0));
  }

  @Test
  void offsetsAreOfTheJavaString() {
    String text = "🚢🌊 the boat";
    try (var tagger = tokenClassifier();
        var reader = questionAnswerer()) {
      var all = TokenClassifier.Options.defaults().withIgnoreLabels(Set.of());
      var last = tagger.classify(text, all).getLast();
      assertEquals("boat", text.substring(last.start(), last.end()));
      var options = QuestionAnswerer.Options.defaults().withTopK(20);
      for (Answer answer : reader.answers("where", text, options)) {
        assertEquals(answer.text(), text.substring(answer.start(), answer.end()));
      }
    }
  }

  @Test
  void anyNumberOfAnswersCanBeAskedFor() {
    String text = "the lock gate opens slowly and the old boat rises";
    var options = QuestionAnswerer.Options.defaults();
    try (var reader = questionAnswerer()) {
      assertEquals(
          reader.answers("where", text, options.withTopK(1_000_000)),
          reader.answers("where", text, options.withTopK(Integer.MAX_VALUE)));
    }
  }

  @Test
  void questionsThatCannotBeAsked() {
    try (var reader = questionAnswerer()) {
      assertThrows(IllegalArgumentException.class, () -> reader.answer("", "a"));
      assertThrows(IllegalArgumentException.class, () -> reader.answer("a", ""));
      assertThrows(
          IllegalArgumentException.class,
          () -> reader.answer("the boat ".repeat(40), "rain ".repeat(40)));
      assertEquals(new Answer("", 0, 0, 0), reader.answer("a", "   "));
      assertThrows(
          IllegalArgumentException.class, () -> QuestionAnswerer.Options.defaults().withTopK(0));
      assertThrows(
          IllegalArgumentException.class,
          () ->
              reader.answers(
                  "a", "rain ".repeat(40), QuestionAnswerer.Options.defaults().withWindows(8, 8)));
    }
  }

  /** What transformers 4.57 answers; it takes its answers out of the question, too. */
  @Test
  void aTokenizerThatPadsOnTheLeftReadsTheContextFirst(@TempDir Path directory) throws IOException {
    copy("task-answers", directory, "\"padding_side\": \"left\", ");
    try (var reader = QuestionAnswerer.load(directory, OPTIONS)) {
      var two = QuestionAnswerer.Options.defaults().withTopK(2);
      List<Answer> answers = reader.answers("zz", "reopened, unclosable gates", two);
      assertEquals("unclosable", answers.getFirst().text());
      assertEquals(0.036332069, answers.getFirst().score(), 1e-7);
      assertEquals("", answers.getLast().text());
      assertEquals(0.027951928, answers.getLast().score(), 1e-7);
      String context =
          "the water in the canal falls and the ship falls and the water in the lake rises and the"
              + " night is old and the crew was slow to close the gate of the lock on that day of"
              + " rain, and the captain opened it in 1920 at night";
      assertEquals("it in 1920 at", reader.answers("the sea", context, two).getLast().text());
    }
  }

  @Test
  void typeIdsAreGivenWhereTheTokenizerHasThem(@TempDir Path directory) throws IOException {
    copy("task-rerank", directory, "\"model_input_names\": [\"input_ids\", \"attention_mask\"], ");
    var pair = List.of(new TextPair("the boat", "it is red"));
    try (var typed = crossEncoder();
        var untyped = CrossEncoder.load(directory, OPTIONS);
        var tokenizer = Tokenizer.load(directory);
        var model = Model.load(directory, OPTIONS)) {
      int[] ids = tokenizer.encode("the boat", "it is red").ids();
      float logit = model.forward(Inputs.of(ids), Set.of("logits")).values("logits", 0)[0];
      assertEquals(1 / (1 + Math.exp(-logit)), untyped.scores(pair)[0], 1e-6);
      assertTrue(Math.abs(typed.scores(pair)[0] - untyped.scores(pair)[0]) > 1e-4);
    }
  }

  /** Copies a fixture, with more keys in its tokenizer_config.json. */
  private static void copy(String fixture, Path to, String keys) throws IOException {
    Path from = Fixtures.directory(fixture);
    for (String name : List.of("config.json", "model.safetensors", "tokenizer.json")) {
      Files.copy(from.resolve(name), to.resolve(name));
    }
    String config = Files.readString(from.resolve("tokenizer_config.json"));
    Files.writeString(to.resolve("tokenizer_config.json"), config.replaceFirst("\\{", "{" + keys));
  }

  @Test
  void masksThatAreNotThere() {
    try (var filler = fillMask()) {
      assertEquals("[MASK]", filler.maskToken());
      assertThrows(IllegalArgumentException.class, () -> filler.fill("no mask", 1));
      assertThrows(IllegalArgumentException.class, () -> filler.fill("", 1));
      // cut off with the end of the text
      assertThrows(
          IllegalArgumentException.class, () -> filler.fill("rain ".repeat(50) + "[MASK]", 1));
      assertThrows(
          IllegalArgumentException.class, () -> filler.fill("[MASK]", 1, List.of("", " ")));
      assertThrows(IllegalArgumentException.class, () -> filler.fill("[MASK]", 0));
      assertEquals(1, filler.fill("[MASK]", 9, List.of("boat", "boat")).getFirst().size());
    }
  }

  @Test
  void windowsNeedAggregation() {
    assertThrows(
        IllegalArgumentException.class, () -> TokenClassifier.Options.defaults().withStride(2));
    try (var tagger = tokenClassifier()) {
      var options =
          TokenClassifier.Options.defaults().withAggregation(Aggregation.SIMPLE).withStride(38);
      assertThrows(
          IllegalArgumentException.class, () -> tagger.classify("rain ".repeat(50), options));
    }
  }

  @Test
  void scoreFunctions() {
    float[] logits = {-1000, 0, 1000};
    assertArrayEquals(new float[] {0, 0.5f, 1}, ScoreFunction.SIGMOID.apply(logits), 1e-7f);
    assertArrayEquals(new float[] {0, 0, 1}, ScoreFunction.SOFTMAX.apply(logits), 1e-7f);
    assertArrayEquals(logits, ScoreFunction.IDENTITY.apply(logits));
  }
}
