package dev.gatun;

import dev.gatun.loader.config.SentenceTransformerConfig;
import dev.gatun.runtime.nativelib.NativeLibrary;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;

/**
 * Settings of a {@link TextEmbedder} that differ from the model's own.
 *
 * <pre>{@code
 * var embedder = TextEmbedder.builder("nomic-ai/modernbert-embed-base").dimensions(256).normalize(true).build();
 * }</pre>
 */
public final class TextEmbedderBuilder {
  /** Bounds the memory of a batch; larger ones are hardly faster. */
  static final int DEFAULT_TOKEN_BUDGET = 8_192;

  private final Function<LoadOptions, Path> location;
  private LoadOptions options = LoadOptions.defaults();
  private final Map<String, String> prompts = new LinkedHashMap<>();
  private String defaultPromptName;
  private int maxTokens;
  private int dimensions;
  private TextTruncation truncation = TextTruncation.RIGHT;
  private Boolean normalize;
  private int tokenBudget = DEFAULT_TOKEN_BUDGET;

  TextEmbedderBuilder(Function<LoadOptions, Path> location) {
    this.location = location;
  }

  /** Everything {@link LoadOptions} has; replaces what was set before. */
  public TextEmbedderBuilder options(LoadOptions value) {
    options = Objects.requireNonNull(value, "options");
    return this;
  }

  /** Branch, tag or commit in the Hugging Face cache. */
  public TextEmbedderBuilder revision(String name) {
    options = options.withRevision(name);
    return this;
  }

  /** Where it runs. */
  public TextEmbedderBuilder device(Device value) {
    options = options.withDevice(value);
    return this;
  }

  /** Precision it computes in. */
  public TextEmbedderBuilder dtype(ComputeDtype value) {
    options = options.withDtype(value);
    return this;
  }

  /** CPU threads including the caller; 0 for all. */
  public TextEmbedderBuilder threads(int count) {
    options = options.withThreads(count);
    return this;
  }

  /**
   * Tokens a text is cut to, special ones and the prompt included, instead of the model's {@code
   * max_seq_length}; never more than its positions.
   */
  public TextEmbedderBuilder maxTokens(int count) {
    maxTokens = positive("maxTokens", count);
    return this;
  }

  /** What happens to longer texts. */
  public TextEmbedderBuilder truncation(TextTruncation value) {
    truncation = Objects.requireNonNull(value, "truncation");
    return this;
  }

  /**
   * Leading elements of each vector to keep, for models trained so that they can be cut
   * (Matryoshka). Cut after the model's own modules: add {@link #normalize normalize(true)} for
   * vectors of length 1.
   */
  public TextEmbedderBuilder dimensions(int count) {
    dimensions = positive("dimensions", count);
    return this;
  }

  /**
   * True scales every vector to length 1 at the very end, whatever the model does; false leaves out
   * the model's Normalize module.
   */
  public TextEmbedderBuilder normalize(boolean value) {
    normalize = value;
    return this;
  }

  /** Adds or replaces a prompt; {@code query} and {@code document} are those of the methods. */
  public TextEmbedderBuilder prompt(String name, String text) {
    prompts.put(Objects.requireNonNull(name, "name"), Objects.requireNonNull(text, "text"));
    return this;
  }

  /** The prompt for {@code embed} when a call names none. */
  public TextEmbedderBuilder defaultPromptName(String name) {
    defaultPromptName = Objects.requireNonNull(name, "name");
    return this;
  }

  /**
   * Most tokens that run in one batch: bounds memory. Texts of concurrent callers share batches.
   */
  public TextEmbedderBuilder batchTokenBudget(int tokens) {
    tokenBudget = positive("batchTokenBudget", tokens);
    return this;
  }

  /**
   * Loads the model.
   *
   * @throws dev.gatun.loader.GatunException the subclass names what is wrong
   * @throws IllegalArgumentException if a setting does not fit the model
   */
  public TextEmbedder build() {
    NativeLibrary.bindAhead(options.device());
    Path directory = location.apply(options);
    return new TextEmbedder(directory, SentenceTransformerConfig.load(directory), this);
  }

  private static int positive(String what, int value) {
    if (value < 1) {
      throw new IllegalArgumentException(what + " is " + value + "; it must be at least 1");
    }
    return value;
  }

  LoadOptions options() {
    return options;
  }

  /** Those set here. */
  Map<String, String> prompts() {
    return prompts;
  }

  String defaultPromptName() {
    return defaultPromptName;
  }

  /** 0 for the model's own. */
  int maxTokens() {
    return maxTokens;
  }

  /** 0 for the model's own. */
  int dimensions() {
    return dimensions;
  }

  TextTruncation truncation() {
    return truncation;
  }

  /** Null for the model's own. */
  Boolean normalize() {
    return normalize;
  }

  int tokenBudget() {
    return tokenBudget;
  }
}
