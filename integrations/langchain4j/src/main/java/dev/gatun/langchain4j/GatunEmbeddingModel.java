package dev.gatun.langchain4j;

import dev.gatun.ComputeDtype;
import dev.gatun.Device;
import dev.gatun.EmbedOptions;
import dev.gatun.TextEmbedder;
import dev.gatun.TextEmbedderBuilder;
import dev.langchain4j.data.embedding.Embedding;
import dev.langchain4j.model.embedding.EmbeddingModel;
import dev.langchain4j.model.embedding.listener.EmbeddingModelListener;
import dev.langchain4j.model.embedding.request.EmbeddingInput;
import dev.langchain4j.model.embedding.request.EmbeddingInputType;
import dev.langchain4j.model.embedding.request.EmbeddingParameter;
import dev.langchain4j.model.embedding.request.EmbeddingRequest;
import dev.langchain4j.model.embedding.request.EmbeddingRequestParameters;
import dev.langchain4j.model.embedding.response.EmbeddingResponse;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.function.Consumer;

/**
 * A {@link TextEmbedder} as LangChain4j's embedding model.
 *
 * <pre>{@code
 * var model = GatunEmbeddingModel.builder().modelName("sentence-transformers/all-MiniLM-L6-v2").build();
 * float[] vector = model.embed("The ferry left before sunrise.").content().vector();
 * }</pre>
 *
 * <p>A request's input type, which {@code embeddingInputType} of LangChain4j's ingestor and
 * retriever sets, puts the model's prompt {@code query} or {@code document} before the text. A text
 * without an input type gets the model's default prompt, if it has one. Safe to use from many
 * threads.
 */
public final class GatunEmbeddingModel implements EmbeddingModel, AutoCloseable {
  private static final Set<EmbeddingParameter<?>> PARAMETERS =
      Set.of(EmbeddingRequestParameters.INPUT_TYPE, EmbeddingRequestParameters.DIMENSIONS);

  private final TextEmbedder embedder;
  private final boolean closesEmbedder;
  private final String modelName;
  private final List<EmbeddingModelListener> listeners;

  private GatunEmbeddingModel(Builder builder) {
    modelName = Objects.requireNonNull(builder.modelName, "modelName");
    listeners = builder.listeners;
    closesEmbedder = builder.embedder == null;
    embedder = builder.embedder();
  }

  /** Begins with a model's name and settings. */
  public static Builder builder() {
    return new Builder();
  }

  /**
   * Embeds texts, one vector per input.
   *
   * @throws IllegalArgumentException if more dimensions are asked for than the model gives
   * @throws IllegalStateException after {@link #close()}
   */
  @Override
  public EmbeddingResponse doEmbed(EmbeddingRequest request) {
    EmbedOptions options = EmbedOptions.defaults();
    EmbeddingInputType type = request.inputType();
    if (type != null) {
      options = options.withPromptName(type.name().toLowerCase(Locale.ROOT));
    }
    if (request.dimensions() != null) {
      options = options.withDimensions(request.dimensions());
    }
    List<String> texts = request.inputs().stream().map(EmbeddingInput::text).toList();
    return EmbeddingResponse.builder()
        .embeddings(Arrays.stream(embedder.embed(texts, options)).map(Embedding::from).toList())
        .modelName(modelName)
        .build();
  }

  @Override
  public Set<EmbeddingParameter<?>> supportedParameters() {
    return PARAMETERS;
  }

  @Override
  public List<EmbeddingModelListener> listeners() {
    return listeners;
  }

  @Override
  public int dimension() {
    return embedder.dimension();
  }

  @Override
  public String modelName() {
    return modelName;
  }

  /** Frees the model, unless the builder was given an embedder: that is its owner's to close. */
  @Override
  public void close() {
    if (closesEmbedder) {
      embedder.close();
    }
  }

  /** Which model, and what to do differently from its own settings. */
  public static final class Builder {
    private Consumer<TextEmbedderBuilder> settings;
    private String modelName;
    private TextEmbedder embedder;
    private List<EmbeddingModelListener> listeners = List.of();

    private Builder() {}

    /** A directory, or the id of a model on the hub; required. */
    public Builder modelName(String value) {
      modelName = value;
      return this;
    }

    /**
     * Takes this embedder instead of loading one; {@link #modelName} is then only told. Its own
     * builder has every setting.
     */
    public Builder embedder(TextEmbedder value) {
      embedder = value;
      return this;
    }

    /** Branch, tag or commit of a model given by its id. */
    public Builder revision(String value) {
      return with(b -> b.revision(value));
    }

    /** Where to run. */
    public Builder device(Device value) {
      return with(b -> b.device(value));
    }

    /** CPU threads including the caller; 0 for all. */
    public Builder threads(int value) {
      return with(b -> b.threads(value));
    }

    /** Precision to compute in. */
    public Builder dtype(ComputeDtype value) {
      return with(b -> b.dtype(value));
    }

    /** Tokens a text is cut to. */
    public Builder maxTokens(int value) {
      return with(b -> b.maxTokens(value));
    }

    /** Leading elements of each vector to keep, unless a request says otherwise. */
    public Builder dimensions(int value) {
      return with(b -> b.dimensions(value));
    }

    /** Whether vectors are scaled to length 1, whatever the model does. */
    public Builder normalize(boolean value) {
      return with(b -> b.normalize(value));
    }

    /** Adds or replaces a prompt; {@code query} and {@code document} are those of input types. */
    public Builder prompt(String name, String text) {
      return with(b -> b.prompt(name, text));
    }

    /** Told of every request, response and error. */
    public Builder listeners(List<EmbeddingModelListener> value) {
      listeners = List.copyOf(value);
      return this;
    }

    /**
     * Loads the model.
     *
     * @throws dev.gatun.loader.GatunException the subclass names what is wrong
     * @throws IllegalArgumentException if a setting does not fit the model, or stands beside an
     *     embedder that is loaded already
     */
    public GatunEmbeddingModel build() {
      return new GatunEmbeddingModel(this);
    }

    private Builder with(Consumer<TextEmbedderBuilder> setting) {
      settings = settings == null ? setting : settings.andThen(setting);
      return this;
    }

    private TextEmbedder embedder() {
      if (embedder == null) {
        TextEmbedderBuilder loading = TextEmbedder.builder(modelName);
        if (settings != null) {
          settings.accept(loading);
        }
        return loading.build();
      }
      if (settings != null) {
        throw new IllegalArgumentException(
            "an embedder is given, which is loaded already: make the settings in its own builder");
      }
      return embedder;
    }
  }
}
