package dev.gatun;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GenerateBatchTest {
  private static final LoadOptions TWO_THREADS = LoadOptions.defaults().withThreads(2);

  private static List<int[]> prompts(Model model, int... lengths) {
    var random = new SplittableRandom(11);
    return IntStream.of(lengths)
        .mapToObj(n -> random.ints(n, 3, model.config().vocabSize()).toArray())
        .toList();
  }

  private static void assertAsOneByOne(
      Model model, List<int[]> prompts, GenerationOptions options) {
    List<int[]> together = model.generateBatch(prompts, options);
    assertEquals(prompts.size(), together.size());
    for (int i = 0; i < prompts.size(); i++) {
      int[] alone = model.generate(prompts.get(i), options.withSeed(options.seed() + i));
      assertArrayEquals(alone, together.get(i), "prompt " + i);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"gpt2-lm", "gpt2-lm-unscaled", "gpt2-lm-untied", "t5", "t5-v1.1", "t5-flan"})
  void textsAreThoseOfOneByOne(String fixture) {
    try (var model = Model.load(Fixtures.directory(fixture), TWO_THREADS)) {
      List<int[]> prompts = prompts(model, 3, 1, 17, 17, 9);
      var greedy = GenerationOptions.greedy(30);
      assertAsOneByOne(model, prompts, greedy);
      assertAsOneByOne(model, prompts, greedy.withEosTokenIds());
      assertAsOneByOne(model, prompts, greedy.withTemperature(1.5).withSeed(5));
    }
  }

  @Test
  void aTextThatEndsLeavesTheOthersAlone() {
    for (String fixture : List.of("gpt2-lm", "t5")) {
      try (var model = Model.load(Fixtures.directory(fixture), TWO_THREADS)) {
        List<int[]> prompts = prompts(model, 2, 11, 5, 7, 13, 4, 4, 8);
        // At this temperature the texts meet their end at different steps.
        var options =
            GenerationOptions.greedy(30)
                .withTemperature(50)
                .withEosTokenIds(IntStream.range(20, 30).toArray())
                .withMinNewTokens(2);
        assertAsOneByOne(model, prompts, options);
        long lengths =
            model.generateBatch(prompts, options).stream()
                .mapToInt(ids -> ids.length)
                .distinct()
                .count();
        assertTrue(lengths > 2, "all texts ended together: the test tests nothing");
      }
    }
  }

  @Test
  void cachesLongerThanABlockAndEncoderTextsOfAnyLength() {
    try (var model = Model.load(Fixtures.directory("t5"), TWO_THREADS)) {
      assertAsOneByOne(
          model, prompts(model, 140, 1, 65), GenerationOptions.greedy(140).withEosTokenIds());
    }
  }

  @Test
  void theListenerEndsOneTextOnly() {
    try (var model = Model.load(Fixtures.directory("gpt2-lm"), TWO_THREADS)) {
      List<int[]> prompts = prompts(model, 5, 6);
      var greedy = GenerationOptions.greedy(10).withEosTokenIds();
      int first = model.generate(prompts.get(0), greedy)[5];
      int second = model.generate(prompts.get(1), greedy)[6];
      var seen = new ArrayList<Integer>();
      var calls = new int[1];
      List<int[]> texts =
          model.generateBatch(
              prompts,
              greedy.onToken(
                  token -> {
                    seen.add(token);
                    return calls[0]++ != 0; // the first token of the first text is its last
                  }));
      assertEquals(List.of(first, second), seen.subList(0, 2));
      assertEquals(6, texts.get(0).length);
      assertArrayEquals(model.generate(prompts.get(1), greedy), texts.get(1));
    }
  }

  @Test
  void wrongPromptsAreNamed() {
    try (var model = Model.load(Fixtures.directory("gpt2-lm"), TWO_THREADS)) {
      var greedy = GenerationOptions.greedy(10);
      assertThrows(IllegalArgumentException.class, () -> model.generateBatch(List.of(), greedy));
      var e =
          assertThrows(
              IllegalArgumentException.class,
              () -> model.generateBatch(List.of(new int[] {5}, new int[] {5, 9999}), greedy));
      assertTrue(e.getMessage().contains("inputIds[1][1] is 9999"), e.getMessage());
      e =
          assertThrows(
              IllegalArgumentException.class,
              () -> model.generateBatch(List.of(new int[] {5}, new int[40]), greedy));
      assertTrue(e.getMessage().contains("positions; the model has 48"), e.getMessage());
    }
  }
}
