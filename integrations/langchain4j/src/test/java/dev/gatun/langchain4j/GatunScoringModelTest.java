package dev.gatun.langchain4j;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.gatun.ComputeDtype;
import dev.gatun.CrossEncoder;
import dev.gatun.Device;
import dev.gatun.loader.hub.ModelNotFoundException;
import dev.langchain4j.data.segment.TextSegment;
import java.util.List;
import org.junit.jupiter.api.Test;

class GatunScoringModelTest {
  private static final String QUERY = "the ship rises";
  private static final List<String> TEXTS =
      List.of("hello", "water rises", "Old boats; new ropes!");

  @Test
  void scoresAreThoseOfTheCrossEncoder() {
    try (var encoder = CrossEncoder.load(Fixture.RERANKER);
        var model = GatunScoringModel.builder().modelName(Fixture.RERANKER).build()) {
      List<Double> scores =
          model.scoreAll(TEXTS.stream().map(TextSegment::from).toList(), QUERY).content();
      for (int i = 0; i < TEXTS.size(); i++) {
        assertEquals(encoder.score(QUERY, TEXTS.get(i)), scores.get(i).floatValue(), 1e-6f);
      }
      assertEquals(scores.get(1), model.score("water rises", QUERY).content(), 1e-6);
      assertEquals(List.of(), model.scoreAll(List.of(), QUERY).content());
    }
  }

  @Test
  void settingsReachTheCrossEncoder() {
    try (var whole = GatunScoringModel.builder().modelName(Fixture.RERANKER).build();
        var cut =
            GatunScoringModel.builder()
                .modelName(Fixture.RERANKER)
                .threads(1)
                .device(Device.cpu())
                .dtype(ComputeDtype.BF16)
                .maxTokens(6)
                .build()) {
      assertNotEquals(
          whole.score(TEXTS.get(2), QUERY).content(), cut.score(TEXTS.get(2), QUERY).content());
    }
  }

  @Test
  void failuresAreNamed() {
    var nowhere = GatunScoringModel.builder().modelName("./no-such-model");
    assertThrows(ModelNotFoundException.class, nowhere::build);
    assertThrows(NullPointerException.class, GatunScoringModel.builder()::build);
    var closed = GatunScoringModel.builder().modelName(Fixture.RERANKER).build();
    closed.close();
    assertThrows(IllegalStateException.class, () -> closed.score("hello", QUERY));
  }
}
