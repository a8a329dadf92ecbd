package dev.gatun.spring.ai;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.EmbedOptions;
import dev.gatun.TextEmbedder;
import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationHandler;
import io.micrometer.observation.ObservationRegistry;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.springframework.ai.document.Document;
import org.springframework.ai.embedding.EmbeddingOptions;
import org.springframework.ai.embedding.EmbeddingRequest;
import org.springframework.ai.embedding.observation.EmbeddingModelObservationContext;

class GatunEmbeddingModelTest {
  private static final String TEXT = "Old boats; new ropes!";
  private static final TextEmbedder EMBEDDER =
      TextEmbedder.builder(Fixture.SENTENCE)
          .prompt("query", "the captain was ")
          .prompt("document", "hello ")
          .build();

  private final GatunEmbeddingModel model = new GatunEmbeddingModel(EMBEDDER, "sentence-mean");

  @AfterAll
  static void close() {
    EMBEDDER.close();
  }

  @Test
  void aStringIsAQueryAndADocumentADocument() {
    assertArrayEquals(EMBEDDER.embedQuery(TEXT), model.embed(TEXT));
    assertArrayEquals(EMBEDDER.embedDocument(TEXT), model.embed(new Document(TEXT)));
    List<float[]> many =
        model.embed(List.of(new Document(TEXT)), EmbeddingOptions.builder().build(), List::of);
    assertArrayEquals(EMBEDDER.embedDocument(TEXT), many.getFirst());
    assertArrayEquals(EMBEDDER.embed(TEXT), model.embed(List.of(TEXT)).getFirst());
  }

  @Test
  void optionsChooseThePromptAndTheDimensions() {
    var request =
        new EmbeddingRequest(List.of("hello", TEXT), new GatunEmbeddingOptions("query", 5));
    var response = model.call(request);
    assertEquals("sentence-mean", response.getMetadata().getModel());
    assertEquals(1, response.getResults().get(1).getIndex());
    assertArrayEquals(
        EMBEDDER
            .embed(
                List.of(TEXT), EmbedOptions.defaults().withPromptName("query").withDimensions(5))[
            0],
        response.getResults().get(1).getOutput());
    List<float[]> queries =
        model.embed(List.of(new Document(TEXT)), GatunEmbeddingOptions.QUERY, List::of);
    assertArrayEquals(EMBEDDER.embedQuery(TEXT), queries.getFirst());
    var few = EmbeddingOptions.builder().dimensions(7).build();
    assertEquals(7, model.embed(List.of(new Document(TEXT)), few, List::of).getFirst().length);
    assertEquals(36, model.dimensions());
    assertEquals(
        36, model.call(new EmbeddingRequest(List.of(TEXT), null)).getResult().getOutput().length);
  }

  @Test
  void whatAModelCannotDoIsRefused() {
    assertRefused("'other'", EmbeddingOptions.builder().model("other").build());
    assertRefused("1 to 36", EmbeddingOptions.builder().dimensions(37).build());
    assertRefused("no prompt 'passage'", new GatunEmbeddingOptions("passage", null));
  }

  private void assertRefused(String reason, EmbeddingOptions options) {
    var request = new EmbeddingRequest(List.of(TEXT), options);
    var error = assertThrows(IllegalArgumentException.class, () -> model.call(request));
    assertTrue(error.getMessage().contains(reason), error.getMessage());
  }

  @Test
  void requestsAreObserved() {
    var seen = new ArrayList<EmbeddingModelObservationContext>();
    var registry = ObservationRegistry.create();
    registry.observationConfig().observationHandler(new Recorder(seen));
    new GatunEmbeddingModel(EMBEDDER, "sentence-mean", registry).embed(TEXT);
    assertEquals(1, seen.size());
    assertEquals("gatun", seen.getFirst().getOperationMetadata().provider());
    assertEquals(36, seen.getFirst().getResponse().getResult().getOutput().length);
  }

  private record Recorder(List<EmbeddingModelObservationContext> seen)
      implements ObservationHandler<EmbeddingModelObservationContext> {
    @Override
    public void onStop(EmbeddingModelObservationContext context) {
      seen.add(context);
    }

    @Override
    public boolean supportsContext(Observation.Context context) {
      return context instanceof EmbeddingModelObservationContext;
    }
  }
}
