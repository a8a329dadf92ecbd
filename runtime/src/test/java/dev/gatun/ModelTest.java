package dev.gatun;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.loader.GatunException;
import dev.gatun.loader.WeightsException;
import dev.gatun.loader.config.ConfigException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ModelTest {
  private static final LoadOptions TWO_THREADS = LoadOptions.defaults().withThreads(2);

  private static int[] ids(int length, int vocabulary, long seed) {
    return new SplittableRandom(seed).ints(length, 3, vocabulary).toArray();
  }

  @Test
  void aSequenceGivesTheSameNumbersInAnyBatch() {
    try (var model = Model.load(Fixtures.directory("bert-masked-lm"), TWO_THREADS)) {
      int[] a = ids(7, model.config().vocabSize(), 1);
      int[] b = ids(1, model.config().vocabSize(), 2);
      int[] c = ids(19, model.config().vocabSize(), 3);
      Outputs together = model.forward(Inputs.of(a, b, c), Set.of("logits"));
      float[] alone = model.forward(Inputs.of(c), Set.of("logits")).values("logits", 0);
      assertArrayEquals(alone, together.values("logits", 2));
      assertArrayEquals(new long[] {1, model.config().vocabSize()}, together.shape("logits", 1));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "bert-masked-lm, BertModel, pooler.dense",
    "roberta-masked-lm, RobertaModel, pooler.dense",
    "xlm-roberta-masked-lm, XLMRobertaModel, pooler.dense",
    "albert-masked-lm, AlbertModel, pooler",
    "mpnet-masked-lm, MPNetModel, pooler.dense",
  })
  void aBackboneWithoutItsPoolerRunsUntilThatIsAskedFor(
      String fixture, String backbone, String pooler) {
    LoadOptions options = TWO_THREADS.withArchitecture(backbone);
    try (var model = Model.load(Fixtures.directory(fixture), options)) {
      Inputs inputs = Inputs.of(new int[] {5, 9, 7});
      assertEquals(
          3, model.forward(inputs, Set.of("last_hidden_state")).shape("last_hidden_state", 0)[0]);
      assertTrue(model.loadReport().missing().contains(pooler + ".weight"));
      var refusal =
          assertThrows(
              WeightsException.class, () -> model.forward(inputs, Set.of("pooler_output")));
      assertTrue(refusal.getMessage().contains(pooler), refusal.getMessage());
    }
  }

  /** DeBERTa v3 has no segments, but its tokenizer numbers the texts of a pair. */
  @Test
  void segmentsOfAModelThatHasNoneAreIgnored() {
    try (var model = Model.load(Fixtures.directory("deberta-v3"), TWO_THREADS)) {
      Inputs inputs = Inputs.of(ids(3, model.config().vocabSize(), 8));
      Set<String> wanted = Set.of("last_hidden_state");
      float[] plain = model.forward(inputs, wanted).values("last_hidden_state", 0);
      Inputs typed = inputs.withTokenTypeIds(List.of(new int[] {0, 1, 1}));
      assertArrayEquals(plain, model.forward(typed, wanted).values("last_hidden_state", 0));
    }
  }

  @Test
  void bf16TakesHalfTheMemoryAndStaysNear() {
    LoadOptions bf16 = TWO_THREADS.withDtype(ComputeDtype.BF16);
    for (String fixture : List.of("bert-masked-lm", "gpt2-lm", "t5-v1.1")) {
      try (var exact = Model.load(Fixtures.directory(fixture), TWO_THREADS);
          var rounded = Model.load(Fixtures.directory(fixture), bf16)) {
        assertEquals(ComputeDtype.BF16, rounded.dtype());
        assertTrue(rounded.nativeBytes() < 0.7 * exact.nativeBytes(), fixture);
        Inputs inputs = Inputs.of(ids(40, exact.config().vocabSize(), 6));
        if (fixture.startsWith("t5")) {
          inputs = inputs.withDecoderInputIds(List.of(ids(9, exact.config().vocabSize(), 7)));
        }
        float[] expected = exact.forward(inputs, Set.of("logits")).values("logits", 0);
        float[] actual = rounded.forward(inputs, Set.of("logits")).values("logits", 0);
        double largest = 0;
        double error = 0;
        for (int i = 0; i < expected.length; i++) {
          largest = Math.max(largest, Math.abs(expected[i]));
          error = Math.max(error, Math.abs(expected[i] - actual[i]));
        }
        assertTrue(error > 0 && error < 0.05 * largest, fixture + ": " + error + " of " + largest);
      }
    }
  }

  @Test
  void prefillThenStepsGiveTheLogitsOfOnePass() {
    for (String fixture : List.of("gpt2-lm", "gpt2-lm-unscaled")) {
      try (var model = Model.load(Fixtures.directory(fixture), TWO_THREADS)) {
        int[] prompt = ids(5, model.config().vocabSize(), 4);
        int[] text = model.generate(prompt, GenerationOptions.greedy(20).withEosTokenIds());
        assertEquals(25, text.length);
        float[] logits = model.forward(Inputs.of(text), Set.of("logits")).values("logits", 0);
        int vocabulary = model.config().vocabSize();
        for (int position = prompt.length; position < text.length; position++) {
          assertEquals(
              argmax(logits, (position - 1) * vocabulary, vocabulary),
              text[position],
              fixture + ": the cached step and the whole pass disagree at " + position);
        }
      }
    }
  }

  @Test
  void anEncoderDecoderGeneratesWhatOnePassPredicts() {
    for (String fixture : List.of("t5", "t5-deep-decoder", "t5-flan")) {
      try (var model = Model.load(Fixtures.directory(fixture), TWO_THREADS)) {
        int[] source = ids(140, model.config().vocabSize(), 5);
        int[] text = model.generate(source, GenerationOptions.greedy(70).withEosTokenIds());
        float[] logits =
            model
                .forward(Inputs.of(source).withDecoderInputIds(List.of(text)), Set.of("logits"))
                .values("logits", 0);
        int vocabulary = model.config().vocabSize();
        for (int position = 1; position < text.length; position++) {
          assertEquals(
              argmax(logits, (position - 1) * vocabulary, vocabulary), text[position], fixture);
        }
      }
    }
  }

  @Test
  void manyThreadsGetIdenticalNumbers() throws Exception {
    try (var model = Model.load(Fixtures.directory("bert-masked-lm"), TWO_THREADS);
        var executor = Executors.newVirtualThreadPerTaskExecutor()) {
      var inputs = Inputs.of(ids(9, 90, 6), ids(23, 90, 7));
      float[] expected = model.forward(inputs, Set.of("logits")).values("logits", 1);
      var calls = new ArrayList<Callable<float[]>>();
      for (int i = 0; i < 400; i++) {
        calls.add(() -> model.forward(inputs, Set.of("logits")).values("logits", 1));
      }
      for (Future<float[]> result : executor.invokeAll(calls)) {
        assertArrayEquals(expected, result.get());
      }
    }
  }

  @Test
  void closingWhileCallsRunEndsInANamedExceptionNotACrash() throws Exception {
    for (int round = 0; round < 10; round++) {
      var model = Model.load(Fixtures.directory("bert-masked-lm"), TWO_THREADS);
      var inputs = Inputs.of(ids(40, 90, 8), ids(31, 90, 9));
      var started = new CountDownLatch(4);
      try (var executor = Executors.newFixedThreadPool(4)) {
        var calls = new ArrayList<Future<?>>();
        for (int i = 0; i < 4; i++) {
          calls.add(
              executor.submit(
                  () -> {
                    started.countDown();
                    while (true) {
                      try {
                        model.forward(inputs, Set.of("logits"));
                      } catch (IllegalStateException e) {
                        return e.getMessage();
                      }
                    }
                  }));
        }
        started.await();
        Thread.sleep(5);
        model.close();
        model.close();
        for (Future<?> call : calls) {
          assertTrue(call.get().toString().contains("is closed"), call.get().toString());
        }
      }
      assertThrows(IllegalStateException.class, () -> model.forward(inputs, Set.of("logits")));
    }
  }

  @Test
  void wrongInputsAreNamed() {
    try (var model = Model.load(Fixtures.directory("bert-masked-lm"), TWO_THREADS)) {
      int vocabulary = model.config().vocabSize();
      assertMessage(
          "inputIds[0][1] is " + vocabulary,
          () -> model.forward(Inputs.of(new int[] {1, vocabulary}), Set.of("logits")));
      assertMessage(
          "inputIds[0][0] is -1", () -> model.forward(Inputs.of(new int[] {-1}), Set.of("logits")));
      assertMessage(
          "has no output 'logit'", () -> model.forward(Inputs.of(new int[] {1}), Set.of("logit")));
      assertMessage(
          "positions for", () -> model.forward(Inputs.of(new int[100_000]), Set.of("logits")));
      assertMessage(
          "tokenTypeIds[0][0] is 9",
          () ->
              model.forward(
                  Inputs.of(new int[] {1}).withTokenTypeIds(List.of(new int[] {9})),
                  Set.of("logits")));
      assertThrows(
          UnsupportedOperationException.class,
          () -> model.generate(new int[] {1}, GenerationOptions.greedy(1)));
    }
    try (var model = Model.load(Fixtures.directory("gpt2-lm"), TWO_THREADS)) {
      assertMessage(
          "positions; the model has 48",
          () -> model.generate(new int[40], GenerationOptions.greedy(10)));
    }
    assertThrows(IllegalArgumentException.class, () -> Inputs.of(new int[0]));
  }

  @Test
  void anUnknownClassNamesWhatCouldRun() {
    var options = TWO_THREADS.withArchitecture("BertForMultipleChoice");
    var e =
        assertThrows(
            ConfigException.class, () -> Model.load(Fixtures.directory("bert-model"), options));
    assertTrue(e.getMessage().contains("BertForMaskedLM"), e.getMessage());
  }

  @Test
  void aDirectoryWithoutWeightsIsNamed(@TempDir Path directory) throws Exception {
    Files.copy(
        Fixtures.directory("bert-model").resolve("config.json"), directory.resolve("config.json"));
    var e = assertThrows(GatunException.class, () -> Model.load(directory, TWO_THREADS));
    assertTrue(e.getMessage().contains("model.safetensors"), e.getMessage());
  }

  private static void assertMessage(String part, Runnable call) {
    var e = assertThrows(IllegalArgumentException.class, call::run);
    assertTrue(e.getMessage().contains(part), e.getMessage());
  }

  private static int argmax(float[] values, int from, int count) {
    int best = from;
    for (int i = from; i < from + count; i++) {
      if (values[i] > values[best]) {
        best = i;
      }
    }
    return best - from;
  }
}
