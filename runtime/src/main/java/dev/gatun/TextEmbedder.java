package dev.gatun;

import dev.gatun.loader.config.ConfigException;
import dev.gatun.loader.config.ConfigParser;
import dev.gatun.loader.config.ModelConfig;
import dev.gatun.loader.config.SentenceTransformerConfig;
import dev.gatun.runtime.embedding.Pooling;
import dev.gatun.tokenizers.EncodeOptions;
import dev.gatun.tokenizers.Tokenizer;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * Texts to vectors, equal to Python's sentence-transformers: tokenizer, transformer, pooling and
 * normalisation as the model directory says.
 *
 * <pre>{@code
 * try (var embedder = TextEmbedder.load("sentence-transformers/all-MiniLM-L6-v2")) {
 *   float[] vector = embedder.embed("The ferry left before sunrise.");
 * }
 * }</pre>
 *
 * <p>Safe to use from many threads.
 */
public final class TextEmbedder implements AutoCloseable {
  private static final String HIDDEN = "last_hidden_state";

  /** Backbone class by {@code model_type}: config.json may name a class with a head. */
  private static final Map<String, String> BACKBONES =
      Map.of("bert", "BertModel", "t5", "T5EncoderModel", "modernbert", "ModernBertModel");

  private final Model model;
  private final Tokenizer tokenizer;
  private final SentenceTransformerConfig config;
  private final int maxTokens;

  private TextEmbedder(Model model, Tokenizer tokenizer, SentenceTransformerConfig config) {
    this.model = model;
    this.tokenizer = tokenizer;
    this.config = config;
    this.maxTokens =
        config
            .maxSeqLength()
            .orElse(
                Math.min(
                    tokenizer.modelMaxLength().orElse(Integer.MAX_VALUE),
                    model.config().maxPositions().orElse(Integer.MAX_VALUE)));
  }

  /** Loads with {@link LoadOptions#defaults()}. */
  public static TextEmbedder load(String idOrPath) {
    return load(idOrPath, LoadOptions.defaults());
  }

  /**
   * Loads an embedding model.
   *
   * @param idOrPath a directory, or an id in the Hugging Face cache
   * @throws dev.gatun.loader.GatunException the subclass names what is wrong
   */
  public static TextEmbedder load(String idOrPath, LoadOptions options) {
    return load(options.locate(idOrPath), options);
  }

  /** Loads from a directory. */
  public static TextEmbedder load(Path directory, LoadOptions options) {
    var config = SentenceTransformerConfig.load(directory);
    if (options.architecture() == null) {
      options = options.withArchitecture(backbone(directory));
    }
    Tokenizer tokenizer = Tokenizer.load(directory);
    try {
      return new TextEmbedder(Model.load(directory, options), tokenizer, config);
    } catch (Throwable e) {
      tokenizer.close();
      throw e;
    }
  }

  /** Length of a vector. */
  public int dimension() {
    return config.poolingModes().size() * model.config().hiddenSize();
  }

  /** Tokens a text is cut to, special ones included. */
  public int maxTokens() {
    return maxTokens;
  }

  /** The vector of one text, {@code [dimension]}. */
  public float[] embed(String text) {
    return embed(List.of(text))[0];
  }

  /**
   * The vectors of several texts, in their order, {@code [texts][dimension]}. All run as one packed
   * batch: none is padded to the longest.
   */
  public float[][] embed(List<String> texts) {
    if (texts.isEmpty()) {
      return new float[0][];
    }
    var truncation = EncodeOptions.defaults().withMaxLength(maxTokens);
    List<int[]> ids =
        texts.stream().map(text -> tokenizer.encode(prepare(text), truncation).ids()).toList();
    Outputs outputs = model.forward(Inputs.of(ids), Set.of(HIDDEN));
    var vectors = new float[texts.size()][];
    for (int s = 0; s < vectors.length; s++) {
      vectors[s] =
          Pooling.pool(
              outputs.values(HIDDEN, s), model.config().hiddenSize(), config.poolingModes());
      if (config.normalize()) {
        Pooling.normalize(vectors[s]);
      }
    }
    return vectors;
  }

  private String prepare(String text) {
    String prompted = config.defaultPrompt() + text;
    return config.doLowerCase() ? prompted.toLowerCase(Locale.ROOT) : prompted;
  }

  private static String backbone(Path directory) {
    ModelConfig config = ConfigParser.parse(directory.resolve("config.json"));
    String name = BACKBONES.get(config.modelType());
    if (name == null) {
      throw new ConfigException(
          directory.resolve("config.json").toString(),
          "model_type",
          config.modelType(),
          "for embeddings: " + BACKBONES.keySet());
    }
    return name;
  }

  /** Frees the model and the tokenizer; idempotent. */
  @Override
  public void close() {
    model.close();
    tokenizer.close();
  }
}
