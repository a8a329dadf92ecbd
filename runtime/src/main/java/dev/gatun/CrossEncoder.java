package dev.gatun;

import dev.gatun.loader.config.ConfigException;
import dev.gatun.loader.config.CrossEncoderConfig;
import dev.gatun.tokenizers.EncodeOptions;
import dev.gatun.tokenizers.Encoding;
import dev.gatun.tokenizers.TextPair;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * How well two texts go together, read by the model at once: the reranker that sorts what a vector
 * search has found. Equal to {@code CrossEncoder} of Python's sentence-transformers 6.
 *
 * <pre>{@code
 * try (var encoder = CrossEncoder.load("cross-encoder/ms-marco-MiniLM-L6-v2")) {
 *   List<Ranked> best = encoder.rank("Who dug the canal?", documents, 10);
 * }
 * }</pre>
 *
 * <p>Scores are made of logits by the function that the model's files name, else by a sigmoid for a
 * model with one label and not at all for one with several. Safe to use from many threads.
 */
public final class CrossEncoder implements AutoCloseable {
  private final TaskModel task;
  private final ScoreFunction activation;
  private final int maxTokens;

  private CrossEncoder(TaskModel task, ScoreFunction activation, int maxTokens) {
    this.task = task;
    this.activation = activation;
    this.maxTokens = maxTokens;
  }

  /**
   * A document and its place among those it was ranked with.
   *
   * @param index its index in the list that was given
   * @param score how well it goes with the query
   */
  public record Ranked(int index, float score) {}

  /** Loads with {@link LoadOptions#defaults()}. */
  public static CrossEncoder load(String idOrPath) {
    return builder(idOrPath).build();
  }

  /**
   * Loads a cross-encoder.
   *
   * @param idOrPath a directory, or an id in the Hugging Face cache
   * @throws ConfigException if config.json names a class without a sequence classification head, or
   *     an activation that is not supported
   * @throws dev.gatun.loader.GatunException the subclass names what else is wrong
   */
  public static CrossEncoder load(String idOrPath, LoadOptions options) {
    return builder(idOrPath).options(options).build();
  }

  /** Loads from a directory. */
  public static CrossEncoder load(Path directory, LoadOptions options) {
    return new Builder(directory.toString()).options(options).build(directory);
  }

  /** Loads with other settings than the model's own. */
  public static Builder builder(String idOrPath) {
    return new Builder(idOrPath);
  }

  /** What to load, and what to do differently from the model's files. */
  public static final class Builder {
    private final String idOrPath;
    private LoadOptions options = LoadOptions.defaults();
    private ScoreFunction activation;
    private int maxTokens;

    private Builder(String idOrPath) {
      this.idOrPath = Objects.requireNonNull(idOrPath, "idOrPath");
    }

    /** How the model is loaded. */
    public Builder options(LoadOptions value) {
      options = Objects.requireNonNull(value, "options");
      return this;
    }

    /** Makes scores of logits in this way, whatever the model's files say. */
    public Builder activation(ScoreFunction value) {
      activation = Objects.requireNonNull(value, "activation");
      return this;
    }

    /**
     * Cuts a pair to this many tokens, special ones included, whatever the model's files say; never
     * above the positions the model has.
     *
     * @throws IllegalArgumentException if below 1
     */
    public Builder maxTokens(int value) {
      if (value < 1) {
        throw new IllegalArgumentException("maxTokens is " + value + "; at least 1 is needed");
      }
      maxTokens = value;
      return this;
    }

    /** Loads; throws as {@link CrossEncoder#load(String, LoadOptions)}. */
    public CrossEncoder build() {
      return build(options.locate(idOrPath));
    }

    private CrossEncoder build(Path directory) {
      var config = CrossEncoderConfig.load(directory);
      ScoreFunction function = activation != null ? activation : named(directory, config);
      TaskModel task =
          TaskModel.load(directory, options, "a cross-encoder", "ForSequenceClassification");
      if (function == null) {
        function = task.config().numLabels() == 1 ? ScoreFunction.SIGMOID : ScoreFunction.IDENTITY;
      }
      int usual = Math.min(task.maxTokens(), task.config().usualTokens().orElse(Integer.MAX_VALUE));
      int length = maxTokens > 0 ? maxTokens : config.maxSeqLength().orElse(usual);
      int positions = task.config().maxPositions().orElse(Integer.MAX_VALUE);
      return new CrossEncoder(task, function, Math.min(length, positions));
    }

    private static ScoreFunction named(Path directory, CrossEncoderConfig config) {
      String path = config.activationFunction().orElse(null);
      if (path == null) {
        return null;
      }
      return switch (path.substring(path.lastIndexOf('.') + 1)) {
        case "Sigmoid" -> ScoreFunction.SIGMOID;
        case "Softmax" -> ScoreFunction.SOFTMAX;
        case "Identity" -> ScoreFunction.IDENTITY;
        default ->
            throw new ConfigException(
                directory.toString(),
                "activation_fn",
                path,
                "Sigmoid, Softmax, Identity; CrossEncoder.builder(..).activation(..) chooses one");
      };
    }
  }

  /** Labels of a pair; 1 for a reranker. */
  public int labels() {
    return task.config().numLabels();
  }

  /** How scores are made of logits. */
  public ScoreFunction activation() {
    return activation;
  }

  /** Tokens a pair is cut to, special ones included; the longer text loses first. */
  public int maxTokens() {
    return maxTokens;
  }

  /** The score of one pair. */
  public float score(String query, String document) {
    return scores(List.of(new TextPair(query, document)))[0];
  }

  /**
   * The scores of many pairs, {@code [pairs]}, in their order.
   *
   * @throws IllegalStateException after {@link #close()}, or if the model has several labels
   */
  public float[] scores(List<TextPair> pairs) {
    requireOneLabel();
    float[][] labels = scoresPerLabel(pairs);
    var scores = new float[labels.length];
    for (int i = 0; i < scores.length; i++) {
      scores[i] = labels[i][0];
    }
    return scores;
  }

  /**
   * The scores of many pairs for every label, {@code [pairs][labels]}, in their order.
   *
   * @throws IllegalStateException after {@link #close()}
   */
  public float[][] scoresPerLabel(List<TextPair> pairs) {
    try (var _ = task.use()) {
      List<Encoding> encodings =
          task.tokenizer().encodePairs(pairs, EncodeOptions.defaults().withMaxLength(maxTokens));
      var scores = new float[pairs.size()][];
      task.run(
          encodings,
          Set.of("logits"),
          (pair, outputs, sequence) ->
              scores[pair] = activation.apply(outputs.values("logits", sequence)));
      return scores;
    }
  }

  /** All documents, the one that goes best with the query first. */
  public List<Ranked> rank(String query, List<String> documents) {
    return rank(query, documents, Integer.MAX_VALUE);
  }

  /**
   * The documents that go best with the query.
   *
   * @param topK most documents to return
   * @return best first; documents of equal score in the order in which they were given
   * @throws IllegalArgumentException if {@code topK} is below 1
   * @throws IllegalStateException after {@link #close()}, or if the model has several labels
   */
  public List<Ranked> rank(String query, List<String> documents, int topK) {
    Objects.requireNonNull(query, "query");
    if (topK < 1) {
      throw new IllegalArgumentException("topK is " + topK + "; at least 1 is needed");
    }
    float[] scores = scores(documents.stream().map(text -> new TextPair(query, text)).toList());
    return IntStream.range(0, scores.length)
        .mapToObj(i -> new Ranked(i, scores[i]))
        .sorted(Comparator.comparingDouble(Ranked::score).reversed())
        .limit(topK)
        .toList();
  }

  private void requireOneLabel() {
    if (labels() != 1) {
      throw new IllegalStateException(
          "the model gives a pair " + labels() + " scores, one per label: scoresPerLabel has them");
    }
  }

  /** Frees the model and the tokenizer after the calls in flight; idempotent. */
  @Override
  public void close() {
    task.close();
  }
}
