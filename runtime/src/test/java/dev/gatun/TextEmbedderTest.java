package dev.gatun;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.junit.jupiter.api.Test;

class TextEmbedderTest {
  @Test
  void aTextHasTheSameVectorAloneAndInABatch() {
    try (var embedder = TextEmbedder.load(Fixtures.directory("sentence-mean").toString())) {
      float[][] vectors = embedder.embed(List.of("a", "the river and the sea", ""));
      assertEquals(embedder.dimension(), vectors[1].length);
      assertArrayEquals(embedder.embed("the river and the sea"), vectors[1], 1e-6f);
      double squares = 0;
      for (float v : vectors[1]) {
        squares += v * v;
      }
      assertEquals(1, squares, 1e-6); // the fixture ends in Normalize
      assertEquals(0, embedder.embed(List.of()).length);
    }
  }

  @Test
  void useAfterCloseIsNamed() {
    var embedder = TextEmbedder.load(Fixtures.directory("sentence-cls").toString());
    embedder.close();
    embedder.close();
    assertThrows(IllegalStateException.class, () -> embedder.embed("a"));
  }
}
