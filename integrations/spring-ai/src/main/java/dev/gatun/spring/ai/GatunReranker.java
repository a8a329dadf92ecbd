package dev.gatun.spring.ai;

import dev.gatun.CrossEncoder;
import java.util.List;
import java.util.Objects;
import org.springframework.ai.document.Document;
import org.springframework.ai.rag.Query;
import org.springframework.ai.rag.postretrieval.document.DocumentPostProcessor;

/**
 * Sorts what a vector search has found by a {@link CrossEncoder}, which reads query and document
 * together; for {@code documentPostProcessors} of Spring AI's {@code RetrievalAugmentationAdvisor}.
 * Documents get the encoder's score in place of their own. Safe to use from many threads. The
 * encoder is its owner's to close.
 */
public final class GatunReranker implements DocumentPostProcessor {
  private final CrossEncoder encoder;
  private final int topK;

  /**
   * Wraps an encoder.
   *
   * @param topK most documents to keep
   * @throws IllegalArgumentException if {@code topK} is below 1
   */
  public GatunReranker(CrossEncoder encoder, int topK) {
    this.encoder = Objects.requireNonNull(encoder, "encoder");
    if (topK < 1) {
      throw new IllegalArgumentException("topK is " + topK + "; at least 1 is needed");
    }
    this.topK = topK;
  }

  /**
   * The documents that go best with the query, best first.
   *
   * @throws IllegalArgumentException if one has no text
   * @throws IllegalStateException after the encoder was closed, or if it has several labels
   */
  @Override
  public List<Document> process(Query query, List<Document> documents) {
    List<String> texts = documents.stream().map(GatunReranker::text).toList();
    return encoder.rank(query.text(), texts, topK).stream()
        .map(
            ranked -> documents.get(ranked.index()).mutate().score((double) ranked.score()).build())
        .toList();
  }

  private static String text(Document document) {
    if (document.getText() == null) {
      throw new IllegalArgumentException(
          "the document " + document.getId() + " has no text to be ranked by");
    }
    return document.getText();
  }
}
