package dev.gatun.langchain4j;

import dev.gatun.TextEmbedder;
import dev.langchain4j.model.embedding.EmbeddingModel;
import dev.langchain4j.model.embedding.common.AbstractEmbeddingModelIT;
import dev.langchain4j.model.embedding.listener.EmbeddingModelListener;
import java.util.List;
import org.junit.jupiter.api.AfterAll;

/** LangChain4j's own contract of embedding models. */
class EmbeddingModelContractTest extends AbstractEmbeddingModelIT {
  private static final TextEmbedder EMBEDDER =
      TextEmbedder.builder(Fixture.SENTENCE).prompt("query", "the captain was ").build();

  @AfterAll
  static void close() {
    EMBEDDER.close();
  }

  @Override
  protected List<EmbeddingModel> models() {
    return List.of(model().build());
  }

  @Override
  protected EmbeddingModel modelWith(EmbeddingModelListener listener) {
    return model().listeners(List.of(listener)).build();
  }

  @Override
  protected EmbeddingModel failingModelWith(EmbeddingModelListener listener) {
    var closed =
        GatunEmbeddingModel.builder()
            .modelName(Fixture.SENTENCE)
            .listeners(List.of(listener))
            .build();
    closed.close();
    return closed;
  }

  private static GatunEmbeddingModel.Builder model() {
    return GatunEmbeddingModel.builder().modelName("sentence-mean").embedder(EMBEDDER);
  }

  @Override
  protected boolean supportsImageInput() {
    return false;
  }

  @Override
  protected int dimensionsParameter() {
    return 12;
  }

  /** Tokens are counted inside the embedder; counting them again would tokenize twice. */
  @Override
  protected boolean assertTokenUsage() {
    return false;
  }
}
