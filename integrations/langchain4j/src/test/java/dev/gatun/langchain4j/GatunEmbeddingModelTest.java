package dev.gatun.langchain4j;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.ComputeDtype;
import dev.gatun.Device;
import dev.gatun.TextEmbedder;
import dev.gatun.loader.hub.ModelNotFoundException;
import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.exception.UnsupportedFeatureException;
import dev.langchain4j.model.embedding.request.EmbeddingInputType;
import dev.langchain4j.model.embedding.request.EmbeddingRequest;
import java.util.List;
import org.junit.jupiter.api.Test;

class GatunEmbeddingModelTest {
  private static final String TEXT = "Old boats; new ropes!";

  @Test
  void vectorsAreThoseOfTheEmbedderWithThePromptOfTheInputType() {
    try (var embedder =
            TextEmbedder.builder(Fixture.SENTENCE)
                .prompt("query", "the captain was ")
                .prompt("document", "hello ")
                .build();
        var model =
            GatunEmbeddingModel.builder()
                .modelName(Fixture.SENTENCE)
                .prompt("query", "the captain was ")
                .prompt("document", "hello ")
                .build()) {
      assertArrayEquals(embedder.embed(TEXT), model.embed(TEXT).content().vector());
      assertArrayEquals(embedder.embedQuery(TEXT), embedded(model, EmbeddingInputType.QUERY, null));
      assertArrayEquals(
          embedder.embedDocument(TEXT), embedded(model, EmbeddingInputType.DOCUMENT, null));
      assertEquals(5, embedded(model, EmbeddingInputType.DOCUMENT, 5).length);
    }
  }

  private static float[] embedded(
      GatunEmbeddingModel model, EmbeddingInputType type, Integer dimensions) {
    var request =
        EmbeddingRequest.builder().input(TEXT).inputType(type).dimensions(dimensions).build();
    return model.embed(request).embeddings().getFirst().vector();
  }

  @Test
  void settingsReachTheEmbedder() {
    try (var model =
        GatunEmbeddingModel.builder()
            .modelName(Fixture.SENTENCE)
            .threads(1)
            .device(Device.cpu())
            .dtype(ComputeDtype.BF16)
            .maxTokens(4)
            .dimensions(8)
            .normalize(true)
            .build()) {
      assertEquals(8, model.dimension());
      assertEquals(Fixture.SENTENCE, model.modelName());
      float[] vector = model.embed("water rises").content().vector();
      double squares = 0;
      for (float element : vector) {
        squares += element * element;
      }
      assertEquals(1, squares, 1e-6);
      // Four tokens are [CLS], two pieces and [SEP]: the rest of a text makes no difference.
      assertArrayEquals(
          model.embed("a a hello").content().vector(), model.embed("a a rope").content().vector());
    }
  }

  @Test
  void noSegmentsGiveNoVectors() {
    try (var model = GatunEmbeddingModel.builder().modelName(Fixture.SENTENCE).build()) {
      assertEquals(List.of(), model.embedAll(List.<TextSegment>of()).content());
    }
  }

  @Test
  void whatAModelCannotDoIsRefused() {
    try (var model = GatunEmbeddingModel.builder().modelName(Fixture.SENTENCE).build()) {
      var tooMany = EmbeddingRequest.builder().input(TEXT).dimensions(37).build();
      var error = assertThrows(IllegalArgumentException.class, () -> model.embed(tooMany));
      assertTrue(error.getMessage().contains("1 to 36"), error.getMessage());
      var otherModel = EmbeddingRequest.builder().input(TEXT).modelName("other").build();
      assertThrows(UnsupportedFeatureException.class, () -> model.embed(otherModel));
    }
    var nowhere = GatunEmbeddingModel.builder().modelName("./no-such-model");
    assertThrows(ModelNotFoundException.class, nowhere::build);
    assertThrows(NullPointerException.class, GatunEmbeddingModel.builder()::build);
  }

  @Test
  void anEmbedderThatWasGivenStaysOpen() {
    try (var embedder = TextEmbedder.load(Fixture.SENTENCE)) {
      GatunEmbeddingModel.builder().modelName("shared").embedder(embedder).build().close();
      assertEquals(36, embedder.embed(TEXT).length);
      var late = GatunEmbeddingModel.builder().modelName("shared").embedder(embedder).threads(1);
      assertThrows(IllegalArgumentException.class, late::build);
    }
  }
}
