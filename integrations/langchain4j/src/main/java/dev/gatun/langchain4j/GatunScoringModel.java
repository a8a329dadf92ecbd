package dev.gatun.langchain4j;

import dev.gatun.ComputeDtype;
import dev.gatun.CrossEncoder;
import dev.gatun.Device;
import dev.gatun.LoadOptions;
import dev.gatun.tokenizers.TextPair;
import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.model.output.Response;
import dev.langchain4j.model.scoring.ScoringModel;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.OptionalInt;

/**
 * A {@link CrossEncoder} as LangChain4j's scoring model, for {@code ReRankingContentAggregator}.
 *
 * <pre>{@code
 * var model = GatunScoringModel.builder().modelName("cross-encoder/ms-marco-MiniLM-L6-v2").build();
 * double score = model.score("The ferry left before sunrise.", "When did the boat leave?").content();
 * }</pre>
 *
 * <p>Safe to use from many threads.
 */
public final class GatunScoringModel implements ScoringModel, AutoCloseable {
  private final CrossEncoder encoder;

  private GatunScoringModel(Builder builder) {
    CrossEncoder.Builder loading =
        CrossEncoder.builder(Objects.requireNonNull(builder.modelName, "modelName"))
            .options(builder.options);
    builder.maxTokens.ifPresent(loading::maxTokens);
    encoder = loading.build();
  }

  /** Begins with a model's name and settings. */
  public static Builder builder() {
    return new Builder();
  }

  /**
   * How well each segment goes with the query, in their order.
   *
   * @throws IllegalStateException after {@link #close()}, or if the model has several labels
   */
  @Override
  public Response<List<Double>> scoreAll(List<TextSegment> segments, String query) {
    Objects.requireNonNull(query, "query");
    List<TextPair> pairs = segments.stream().map(s -> new TextPair(query, s.text())).toList();
    var scores = new ArrayList<Double>(pairs.size());
    for (float score : encoder.scores(pairs)) {
      scores.add((double) score);
    }
    return Response.from(scores);
  }

  /** Frees the model; idempotent. */
  @Override
  public void close() {
    encoder.close();
  }

  /** Which model, and how to load it. */
  public static final class Builder {
    private String modelName;
    private LoadOptions options = LoadOptions.defaults();
    private OptionalInt maxTokens = OptionalInt.empty();

    private Builder() {}

    /** A directory, or the id of a model on the hub; required. */
    public Builder modelName(String value) {
      modelName = value;
      return this;
    }

    /** Branch, tag or commit of a model given by its id. */
    public Builder revision(String value) {
      options = options.withRevision(value);
      return this;
    }

    /** Where to run. */
    public Builder device(Device value) {
      options = options.withDevice(value);
      return this;
    }

    /** CPU threads including the caller; 0 for all. */
    public Builder threads(int value) {
      options = options.withThreads(value);
      return this;
    }

    /** Precision to compute in. */
    public Builder dtype(ComputeDtype value) {
      options = options.withDtype(value);
      return this;
    }

    /** Tokens that a query and a segment are cut to together. */
    public Builder maxTokens(int value) {
      maxTokens = OptionalInt.of(value);
      return this;
    }

    /**
     * Loads the model.
     *
     * @throws dev.gatun.loader.GatunException the subclass names what is wrong
     */
    public GatunScoringModel build() {
      return new GatunScoringModel(this);
    }
  }
}
