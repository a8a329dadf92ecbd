package dev.gatun.spring.ai;

import dev.gatun.EmbedOptions;
import dev.gatun.TextEmbedder;
import io.micrometer.observation.ObservationRegistry;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.springframework.ai.chat.metadata.EmptyUsage;
import org.springframework.ai.document.Document;
import org.springframework.ai.embedding.BatchingStrategy;
import org.springframework.ai.embedding.Embedding;
import org.springframework.ai.embedding.EmbeddingModel;
import org.springframework.ai.embedding.EmbeddingOptions;
import org.springframework.ai.embedding.EmbeddingRequest;
import org.springframework.ai.embedding.EmbeddingResponse;
import org.springframework.ai.embedding.EmbeddingResponseMetadata;
import org.springframework.ai.embedding.observation.DefaultEmbeddingModelObservationConvention;
import org.springframework.ai.embedding.observation.EmbeddingModelObservationContext;
import org.springframework.ai.embedding.observation.EmbeddingModelObservationDocumentation;

/**
 * A {@link TextEmbedder} as Spring AI's embedding model.
 *
 * <p>Spring AI's vector stores embed what they keep as {@link Document}s and what they search for
 * as one string. Hence documents get the model's prompt {@code document}, {@link #embed(String)}
 * the prompt {@code query}; a list of strings and a request get the model's default prompt unless
 * {@link GatunEmbeddingOptions} name one. Safe to use from many threads. The embedder is its
 * owner's to close.
 */
public final class GatunEmbeddingModel implements EmbeddingModel {
  private static final DefaultEmbeddingModelObservationConvention CONVENTION =
      new DefaultEmbeddingModelObservationConvention();

  private final TextEmbedder embedder;
  private final String modelName;
  private final ObservationRegistry observations;

  /**
   * Wraps an embedder.
   *
   * @param modelName told with every response
   */
  public GatunEmbeddingModel(TextEmbedder embedder, String modelName) {
    this(embedder, modelName, ObservationRegistry.NOOP);
  }

  /** Wraps an embedder whose requests are observed. */
  public GatunEmbeddingModel(
      TextEmbedder embedder, String modelName, ObservationRegistry observations) {
    this.embedder = Objects.requireNonNull(embedder, "embedder");
    this.modelName = Objects.requireNonNull(modelName, "modelName");
    this.observations = Objects.requireNonNull(observations, "observations");
  }

  /**
   * Embeds texts, one vector per text.
   *
   * @throws IllegalArgumentException if the options name another model, a prompt that the model
   *     does not have, or more dimensions than it gives
   * @throws IllegalStateException after the embedder was closed
   */
  @Override
  public EmbeddingResponse call(EmbeddingRequest request) {
    EmbeddingOptions options = Objects.requireNonNullElse(request.getOptions(), none());
    var observed = new EmbeddingRequest(request.getInstructions(), options);
    var context =
        EmbeddingModelObservationContext.builder()
            .embeddingRequest(observed)
            .provider("gatun")
            .build();
    return EmbeddingModelObservationDocumentation.EMBEDDING_MODEL_OPERATION
        .observation(null, CONVENTION, () -> context, observations)
        .observe(
            () -> {
              EmbeddingResponse response = embed(observed.getInstructions(), options);
              context.setResponse(response);
              return response;
            });
  }

  private EmbeddingResponse embed(List<String> texts, EmbeddingOptions asked) {
    if (asked.getModel() != null && !asked.getModel().equals(modelName)) {
      throw new IllegalArgumentException(
          "the options ask for the model '%s'; this one is '%s'"
              .formatted(asked.getModel(), modelName));
    }
    EmbedOptions options = EmbedOptions.defaults();
    if (asked.getDimensions() != null) {
      options = options.withDimensions(asked.getDimensions());
    }
    if (asked instanceof GatunEmbeddingOptions own && own.promptName() != null) {
      options = options.withPromptName(own.promptName());
    }
    float[][] vectors = embedder.embed(texts, options);
    var embeddings = new ArrayList<Embedding>(vectors.length);
    for (float[] vector : vectors) {
      embeddings.add(new Embedding(vector, embeddings.size()));
    }
    return new EmbeddingResponse(
        embeddings, new EmbeddingResponseMetadata(modelName, new EmptyUsage()));
  }

  /** The vector of a search query. */
  @Override
  public float[] embed(String query) {
    var request = new EmbeddingRequest(List.of(query), GatunEmbeddingOptions.QUERY);
    return call(request).getResult().getOutput();
  }

  /** The vector of a text to be found. */
  @Override
  public float[] embed(Document document) {
    String text = Objects.requireNonNull(getEmbeddingContent(document), "the document has no text");
    var request = new EmbeddingRequest(List.of(text), GatunEmbeddingOptions.DOCUMENT);
    return call(request).getResult().getOutput();
  }

  /** The vectors of texts to be found. */
  @Override
  public List<float[]> embed(
      List<Document> documents, EmbeddingOptions options, BatchingStrategy batchingStrategy) {
    boolean own = options instanceof GatunEmbeddingOptions o && o.promptName() != null;
    EmbeddingOptions chosen =
        own
            ? options
            : new GatunEmbeddingOptions(
                "document", options == null ? null : options.getDimensions());
    return EmbeddingModel.super.embed(documents, chosen, batchingStrategy);
  }

  @Override
  public int dimensions() {
    return embedder.dimension();
  }

  private static EmbeddingOptions none() {
    return EmbeddingOptions.builder().build();
  }
}
