package dev.gatun.spring.ai;

import org.springframework.ai.embedding.EmbeddingOptions;

/**
 * What one request to a {@link GatunEmbeddingModel} may change. Null leaves a setting as it is.
 *
 * @param promptName which of the model's prompts is put before every text
 * @param dimensions how many leading elements of each vector are kept
 */
public record GatunEmbeddingOptions(String promptName, Integer dimensions)
    implements EmbeddingOptions {

  /** Texts to be found, as {@code encode_document()} embeds them. */
  public static final GatunEmbeddingOptions DOCUMENT = new GatunEmbeddingOptions("document", null);

  /** Search queries, as {@code encode_query()} embeds them. */
  public static final GatunEmbeddingOptions QUERY = new GatunEmbeddingOptions("query", null);

  /** No model: a {@link GatunEmbeddingModel} is one model. */
  @Override
  public String getModel() {
    return null;
  }

  @Override
  public Integer getDimensions() {
    return dimensions;
  }
}
