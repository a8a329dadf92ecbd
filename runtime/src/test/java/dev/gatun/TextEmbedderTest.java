package dev.gatun;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.Test;

class TextEmbedderTest {
  private static final String LONG = "the river and the sea and the boat on the lake";

  private static TextEmbedder load(String fixture) {
    return builder(fixture).build();
  }

  private static TextEmbedderBuilder builder(String fixture) {
    return TextEmbedder.builder(Fixtures.directory(fixture));
  }

  private static double norm(float[] vector) {
    double squares = 0;
    for (float v : vector) {
      squares += (double) v * v;
    }
    return Math.sqrt(squares);
  }

  @Test
  void aTextHasTheSameVectorAloneAndInABatch() {
    try (var embedder = TextEmbedder.load(Fixtures.directory("sentence-mean").toString())) {
      float[][] vectors = embedder.embed(List.of("a", "the river and the sea", ""));
      assertEquals(embedder.dimension(), vectors[1].length);
      assertArrayEquals(embedder.embed("the river and the sea"), vectors[1]);
      assertEquals(1, norm(vectors[1]), 1e-6); // the fixture ends in Normalize
      assertEquals(0, embedder.embed(List.of()).length);
    }
  }

  @Test
  void longTextsAreCutOrRefused() {
    try (var cut = builder("sentence-mean").maxTokens(5).build();
        var whole = load("sentence-mean")) {
      assertEquals(OptionalInt.of(24), whole.maxTokens());
      assertEquals(OptionalInt.of(5), cut.maxTokens());
      assertArrayEquals(whole.embed("boat on the"), cut.embed("boat on the lake and sea"), 1e-6f);
    }
    try (var strict = builder("sentence-mean").truncation(TextTruncation.ERROR).build()) {
      strict.embed("the boat");
      String tooLong = String.join(" ", Collections.nCopies(4, LONG));
      TextTooLongException e =
          assertThrows(
              TextTooLongException.class, () -> strict.embed(List.of("the boat", tooLong)));
      assertTrue(e.getMessage().contains("24"), e::getMessage);
      assertTrue(e.getMessage().contains("the river and the sea"), e::getMessage);
    }
    // never more than the model's positions
    try (var embedder = builder("sentence-mean").maxTokens(1_000).build()) {
      assertEquals(OptionalInt.of(40), embedder.maxTokens());
    }
    try (var tables = load("sentence-static")) {
      assertEquals(OptionalInt.empty(), tables.maxTokens());
    }
  }

  @Test
  void dimensionsAndLengths() {
    float[] full;
    try (var embedder = load("sentence-mean")) {
      full = embedder.embed(LONG);
      EmbedOptions three = EmbedOptions.defaults().withDimensions(3);
      assertArrayEquals(Arrays.copyOf(full, 3), embedder.embed(List.of(LONG), three)[0]);
      for (int dimensions : new int[] {0, 37}) {
        EmbedOptions wrong = EmbedOptions.defaults().withDimensions(dimensions);
        assertThrows(IllegalArgumentException.class, () -> embedder.embed(List.of(LONG), wrong));
      }
    }
    try (var embedder = builder("sentence-mean").dimensions(3).normalize(true).build()) {
      assertEquals(3, embedder.dimension());
      float[] vector = embedder.embed(LONG);
      assertEquals(1, norm(vector), 1e-6);
      assertEquals(full[0] / full[1], vector[0] / vector[1], 1e-3);
    }
    try (var embedder = builder("sentence-mean").normalize(false).build()) {
      float[] vector = embedder.embed(LONG);
      assertTrue(norm(vector) > 1.5);
      assertEquals(full[0], vector[0] / norm(vector), 1e-6);
    }
    assertThrows(
        IllegalArgumentException.class, () -> builder("sentence-mean").dimensions(37).build());
    // a model's own truncate_dim is a default, not a limit
    try (var embedder = load("sentence-truncate-dim")) {
      assertEquals(7, embedder.dimension());
      EmbedOptions all = EmbedOptions.defaults().withDimensions(20);
      assertEquals(1, norm(embedder.embed(List.of(LONG), all)[0]), 1e-6);
    }
  }

  @Test
  void promptsComeFromTheModelTheBuilderOrTheCall() {
    var plain = EmbedOptions.defaults();
    try (var embedder = load("sentence-prompts");
        var own =
            builder("sentence-prompts")
                .prompt("query", "a ship: ")
                .prompt("mine", "old ")
                .defaultPromptName("mine")
                .build()) {
      assertEquals("search a query: ", embedder.prompts().get("query"));
      assertArrayEquals(
          embedder.embed(List.of("search a query: boat"), plain.withPrompt(""))[0],
          embedder.embedQuery("boat"),
          1e-6f);
      assertArrayEquals(
          embedder.embed(List.of("boat"), plain.withPrompt("passage of the canal: "))[0],
          embedder.embed("boat"));
      assertArrayEquals(
          embedder.embed(List.of("boat"), plain.withPrompt(""))[0], embedder.embedDocument("boat"));
      assertArrayEquals(
          embedder.embed(List.of("boat"), plain.withPrompt("a ship: "))[0],
          own.embedQueries(List.of("boat"))[0]);
      assertArrayEquals(
          embedder.embed(List.of("boat"), plain.withPrompt("old "))[0], own.embed("boat"));
      var e =
          assertThrows(
              IllegalArgumentException.class,
              () -> embedder.embed(List.of("boat"), plain.withPromptName("nothing")));
      assertTrue(e.getMessage().contains("no prompt 'nothing'"), e::getMessage);
      assertTrue(e.getMessage().contains("passage"), e::getMessage);
    }
    assertThrows(
        IllegalArgumentException.class,
        () -> builder("sentence-prompts").defaultPromptName("nothing").build());
  }

  @Test
  void writesToMemoryOfEitherKind() {
    List<String> texts = List.of("a boat", "the sea");
    EmbedOptions options = EmbedOptions.defaults().withDimensions(5);
    try (var embedder = load("sentence-cls");
        Arena arena = Arena.ofConfined()) {
      float[][] vectors = embedder.embed(texts, options);
      for (MemorySegment target :
          List.of(arena.allocate(41, 1).asSlice(1), MemorySegment.ofArray(new byte[40]))) {
        embedder.embed(texts, options, target);
        for (int i = 0; i < 10; i++) {
          assertEquals(vectors[i / 5][i % 5], target.get(ValueLayout.JAVA_FLOAT_UNALIGNED, 4L * i));
        }
      }
      MemorySegment small = arena.allocate(39);
      MemorySegment readOnly = arena.allocate(40).asReadOnly();
      for (MemorySegment target : List.of(small, readOnly)) {
        var e =
            assertThrows(
                IllegalArgumentException.class, () -> embedder.embed(texts, options, target));
        assertTrue(e.getMessage().contains("take 40 bytes"), e::getMessage);
      }
    }
  }

  @Test
  void streamsInOrderAndTellsProgress() {
    var texts = new ArrayList<String>();
    for (int i = 0; i < 2_500; i++) {
      texts.add("boat " + i);
    }
    var progress = new ArrayList<Long>();
    EmbedOptions options = EmbedOptions.defaults().withProgress(progress::add);
    try (var embedder = load("sentence-static")) {
      var seen = new ArrayList<String>();
      long count =
          embedder.embed(
              texts.iterator(),
              options,
              (index, text, vector) -> {
                assertEquals(seen.size(), index);
                if (index % 500 == 0) {
                  assertArrayEquals(embedder.embed(text), vector);
                }
                seen.add(text);
              });
      assertEquals(2_500, count);
      assertEquals(texts, seen);
      assertEquals(2_500, progress.getLast());
      assertTrue(progress.size() > 1, progress::toString);
      assertEquals(progress.stream().sorted().toList(), progress);
      assertThrows(
          NullPointerException.class, () -> embedder.embed(Collections.singletonList(null)));
    }
  }

  @Test
  void similarityFollowsTheModel() {
    float[] a = {3, 4};
    float[] b = {-4, 3};
    try (var cosine = load("sentence-mean");
        var dot = load("sentence-prompts")) {
      assertEquals(1, cosine.similarity(a, a), 1e-6);
      assertEquals(0, cosine.similarity(a, b), 1e-6);
      assertEquals(25, dot.similarity(a, a));
      assertArrayEquals(
          new float[] {25, 0}, dot.similarity(new float[][] {a}, new float[][] {a, b})[0]);
      assertThrows(IllegalArgumentException.class, () -> cosine.similarity(a, new float[] {1}));
    }
  }

  @Test
  void explainsWhatIsInForce() {
    try (var embedder = builder("sentence-dense-projected-residual").threads(1).build()) {
      String words = embedder.explain();
      assertTrue(
          words.contains("Transformer, Pooling, Dense, LayerNorm, Dense, Dense, Normalize"), words);
      assertTrue(words.contains("max tokens  24, longer texts: cut"), words);
      assertTrue(words.contains(embedder.tier()), words);
      assertEquals(1, embedder.threads());
      assertEquals(ComputeDtype.F32, embedder.dtype());
      assertTrue(embedder.nativeBytes() > 0);
    }
  }

  @Test
  void anInterruptedThreadIsToldAndStaysInterrupted() {
    try (var embedder = load("sentence-cls")) {
      Thread.currentThread().interrupt();
      assertThrows(CancellationException.class, () -> embedder.embed("a"));
      assertTrue(Thread.interrupted());
      embedder.embed("a");
    }
  }

  @Test
  void useAfterCloseIsNamed() {
    for (String fixture : List.of("sentence-cls", "sentence-static")) {
      var embedder = load(fixture);
      embedder.close();
      embedder.close();
      var e = assertThrows(IllegalStateException.class, () -> embedder.embed("a"));
      assertTrue(e.getMessage().startsWith("the embedding model "), e::getMessage);
      assertThrows(IllegalStateException.class, () -> embedder.embed(List.of()));
      assertThrows(IllegalStateException.class, embedder::nativeBytes);
      assertTrue(embedder.explain().contains(fixture));
    }
  }
}
