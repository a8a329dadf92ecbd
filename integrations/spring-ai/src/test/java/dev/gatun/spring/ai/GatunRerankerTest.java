package dev.gatun.spring.ai;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.CrossEncoder;
import dev.gatun.CrossEncoder.Ranked;
import java.net.URI;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.springframework.ai.content.Media;
import org.springframework.ai.document.Document;
import org.springframework.ai.rag.Query;
import org.springframework.util.MimeTypeUtils;

class GatunRerankerTest {
  private static final Query QUERY = new Query("the ship rises");
  private static final List<Document> DOCUMENTS =
      List.of(
          new Document("hello", Map.of("page", 1)),
          new Document("water rises", Map.of("page", 2)),
          new Document("Old boats; new ropes!", Map.of("page", 3)));
  private static final CrossEncoder ENCODER = CrossEncoder.load(Fixture.RERANKER);

  @AfterAll
  static void close() {
    ENCODER.close();
  }

  @Test
  void documentsAreSortedByTheEncoderAndKeepWhatTheyHave() {
    List<Ranked> expected =
        ENCODER.rank(QUERY.text(), DOCUMENTS.stream().map(Document::getText).toList());
    List<Document> sorted = new GatunReranker(ENCODER, 2).process(QUERY, DOCUMENTS);
    assertEquals(2, sorted.size());
    for (int i = 0; i < sorted.size(); i++) {
      Document original = DOCUMENTS.get(expected.get(i).index());
      assertEquals(original.getId(), sorted.get(i).getId());
      assertEquals(original.getMetadata(), sorted.get(i).getMetadata());
      assertEquals(expected.get(i).score(), sorted.get(i).getScore(), 1e-6);
    }
    assertEquals(List.of(), new GatunReranker(ENCODER, 2).process(QUERY, List.of()));
  }

  @Test
  void whatCannotBeRankedIsRefused() {
    var picture =
        new Document(
            Media.builder()
                .mimeType(MimeTypeUtils.IMAGE_PNG)
                .data(URI.create("file:///picture.png"))
                .build(),
            Map.of());
    var error =
        assertThrows(
            IllegalArgumentException.class,
            () -> new GatunReranker(ENCODER, 2).process(QUERY, List.of(picture)));
    assertTrue(error.getMessage().contains(picture.getId()), error.getMessage());
    assertThrows(IllegalArgumentException.class, () -> new GatunReranker(ENCODER, 0));
  }
}
