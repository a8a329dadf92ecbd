package dev.gatun;

import dev.gatun.loader.config.SentenceModule;
import dev.gatun.loader.config.SentenceTransformerConfig;
import dev.gatun.loader.config.SimilarityFunction;
import dev.gatun.runtime.embedding.MicroBatcher;
import dev.gatun.runtime.embedding.Pooling;
import dev.gatun.runtime.embedding.Similarity;
import dev.gatun.tokenizers.Tokenizer;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.stream.Collectors;

/**
 * Texts to vectors, equal to Python's sentence-transformers: tokenizer, prompts, transformer or
 * static table, pooling and whatever follows, as the model directory says.
 *
 * <pre>{@code
 * try (var embedder = TextEmbedder.load("sentence-transformers/all-MiniLM-L6-v2")) {
 *   float[][] documents = embedder.embedDocuments(List.of("The ferry left before sunrise.", "Rain."));
 *   float[] query = embedder.embedQuery("When did the boat leave?");
 *   float nearness = embedder.similarity(query, documents[0]);
 * }
 * }</pre>
 *
 * <p>Safe to use from many threads, virtual ones included: they share the weights, and what they
 * ask for at the same time runs in shared batches. A thread that is interrupted gets a {@link
 * java.util.concurrent.CancellationException}. Embedding throws {@link IllegalStateException} after
 * {@link #close()}, {@link NullPointerException} for a null text, and {@link TextTooLongException}
 * for a text over {@link #maxTokens()} where truncation is {@link TextTruncation#ERROR}. What an
 * embedder tells of itself it tells after its end too, but for {@link #nativeBytes()}.
 */
public final class TextEmbedder implements AutoCloseable {
  /** Texts tokenized at a time: bounds the memory for token ids, and how late progress is told. */
  private static final int WINDOW = 1_024;

  private static final int WINDOW_CHARACTERS = 1 << 18;

  private final Path directory;
  private final SentenceTransformerConfig config;
  private final Tokenizer tokenizer;
  private final SentenceEncoder encoder;
  private final MicroBatcher batcher;
  private final Prompts prompts;
  private final TextTokens tokens;
  private final boolean normalizeLast;
  private final int dimension;
  private final int tokenBudget;

  TextEmbedder(Path directory, SentenceTransformerConfig config, TextEmbedderBuilder builder) {
    this.directory = directory;
    this.config = config;
    prompts = Prompts.of(config, builder);
    normalizeLast = Boolean.TRUE.equals(builder.normalize());
    tokenBudget = builder.tokenBudget();
    var tokenizing = TokenizerLoad.begin(() -> tokenizer(directory, config));
    SentenceEncoder loaded = null;
    try {
      loaded =
          SentenceEncoder.load(
              directory,
              config.modules(),
              builder.options(),
              !Boolean.FALSE.equals(builder.normalize()));
      dimension = dimension(builder, loaded.dimension());
    } catch (Throwable e) {
      if (loaded != null) {
        loaded.close();
      }
      tokenizing.discard(e);
      throw e;
    }
    encoder = loaded;
    try {
      tokenizer = tokenizing.await();
    } catch (Throwable e) {
      encoder.close();
      throw e;
    }
    tokens = new TextTokens(tokenizer, config, builder, encoder);
    batcher = new MicroBatcher(tokenBudget, encoder::encode);
  }

  private static Tokenizer tokenizer(Path directory, SentenceTransformerConfig config) {
    return switch (config.modules().getFirst()) {
      case SentenceModule.Transformer(String path) ->
          Tokenizer.load(directory.resolve(path), config.doLowerCase());
      case SentenceModule.StaticEmbedding(String path) ->
          Tokenizer.loadFileAlone(directory.resolve(path));
      case SentenceModule other -> throw new IllegalStateException("modules begin with " + other);
    };
  }

  private int dimension(TextEmbedderBuilder builder, int full) {
    int wanted =
        builder.dimensions() > 0 ? builder.dimensions() : config.truncateDim().orElse(full);
    if (builder.dimensions() > full) {
      throw new IllegalArgumentException(
          "dimensions is %d; %s gives %d".formatted(wanted, directory, full));
    }
    return Math.min(wanted, full);
  }

  /** Loads with the model's own settings. */
  public static TextEmbedder load(String idOrPath) {
    return builder(idOrPath).build();
  }

  /**
   * Loads an embedding model.
   *
   * @param idOrPath a directory, or an id in the Hugging Face cache
   * @throws dev.gatun.loader.GatunException the subclass names what is wrong
   */
  public static TextEmbedder load(String idOrPath, LoadOptions options) {
    return builder(idOrPath).options(options).build();
  }

  /** Loads from a directory. */
  public static TextEmbedder load(Path directory, LoadOptions options) {
    return builder(directory).options(options).build();
  }

  /**
   * Begins with settings of one's own.
   *
   * @param idOrPath a directory, or an id in the Hugging Face cache
   */
  public static TextEmbedderBuilder builder(String idOrPath) {
    Objects.requireNonNull(idOrPath, "idOrPath");
    return new TextEmbedderBuilder(options -> options.locate(idOrPath));
  }

  /** Begins with settings of one's own. */
  public static TextEmbedderBuilder builder(Path directory) {
    Objects.requireNonNull(directory, "directory");
    return new TextEmbedderBuilder(_ -> directory);
  }

  /** The vector of one text with the model's default prompt, {@code [dimension]}: encode(). */
  public float[] embed(String text) {
    return embed(List.of(text))[0];
  }

  /** The vectors of texts, in their order, {@code [texts][dimension]}: encode(). */
  public float[][] embed(List<String> texts) {
    return embed(texts, EmbedOptions.defaults());
  }

  /** The vector of a search query, with the prompt {@code query}: encode_query(). */
  public float[] embedQuery(String query) {
    return embedQueries(List.of(query))[0];
  }

  /** The vectors of search queries: encode_query(). */
  public float[][] embedQueries(List<String> queries) {
    return embed(queries, EmbedOptions.defaults().withPromptName("query"));
  }

  /** The vector of a text to be found, with the prompt {@code document}: encode_document(). */
  public float[] embedDocument(String document) {
    return embedDocuments(List.of(document))[0];
  }

  /** The vectors of texts to be found: encode_document(). */
  public float[][] embedDocuments(List<String> documents) {
    return embed(documents, EmbedOptions.defaults().withPromptName("document"));
  }

  /**
   * The vectors of texts, in their order.
   *
   * @throws IllegalArgumentException if the options name a prompt that the model does not have, or
   *     more dimensions than it gives
   */
  public float[][] embed(List<String> texts, EmbedOptions options) {
    var vectors = new float[texts.size()][];
    embed(texts.iterator(), options, (index, _, vector) -> vectors[(int) index] = vector);
    return vectors;
  }

  /**
   * Writes the vectors of texts behind one another, {@code [texts, dimension]} of native-order
   * floats.
   *
   * @param target of at least {@code 4 * texts * dimension} bytes, in native or heap memory
   * @throws IllegalArgumentException if it is too small or read-only
   */
  public void embed(List<String> texts, EmbedOptions options, MemorySegment target) {
    long rowBytes = 4L * dimension(options);
    if (target.isReadOnly() || target.byteSize() < rowBytes * texts.size()) {
      throw new IllegalArgumentException(
          "%d vectors take %d bytes, the target %s %d"
              .formatted(
                  texts.size(),
                  rowBytes * texts.size(),
                  target.isReadOnly() ? "is read-only and has" : "has",
                  target.byteSize()));
    }
    embed(
        texts.iterator(),
        options,
        (index, _, vector) ->
            MemorySegment.copy(
                vector,
                0,
                target,
                ValueLayout.JAVA_FLOAT_UNALIGNED,
                index * rowBytes,
                vector.length));
  }

  /** Takes vectors as they are finished, in the order of the texts. */
  @FunctionalInterface
  public interface VectorSink {
    /**
     * @param index of the text, from 0
     * @param text as it was given
     * @param vector {@code [dimension]}, for the sink to keep
     */
    void accept(long index, String text, float[] vector);
  }

  /**
   * Embeds any number of texts with bounded memory, handing on each vector; on the calling thread.
   *
   * @return how many texts there were
   */
  public long embed(Iterator<String> texts, EmbedOptions options, VectorSink sink) {
    encoder.requireOpen();
    String prompt = prompts.choose(options);
    int length = dimension(options);
    int masked = tokens.notPooled(prompt);
    long done = 0;
    var window = new ArrayList<String>();
    while (texts.hasNext()) {
      window.clear();
      int characters = 0;
      while (window.size() < WINDOW && characters < WINDOW_CHARACTERS && texts.hasNext()) {
        String text = Objects.requireNonNull(texts.next(), "a text is null");
        characters += text.length();
        window.add(text);
      }
      float[][] vectors = batcher.run(tokens.of(window, prompt, masked));
      for (int i = 0; i < vectors.length; i++) {
        sink.accept(done + i, window.get(i), finish(vectors[i], length));
      }
      done += window.size();
      options.progress().accept(done);
    }
    return done;
  }

  private float[] finish(float[] vector, int length) {
    float[] cut = vector.length == length ? vector : Arrays.copyOf(vector, length);
    if (normalizeLast) {
      Pooling.normalize(cut);
    }
    return cut;
  }

  private int dimension(EmbedOptions options) {
    int wanted = options.dimensions().orElse(dimension);
    if (wanted < 1 || wanted > encoder.dimension()) {
      throw new IllegalArgumentException(
          "dimensions is %d; the model gives 1 to %d".formatted(wanted, encoder.dimension()));
    }
    return wanted;
  }

  /** How near two vectors are by the model's own measure; larger is nearer. */
  public float similarity(float[] a, float[] b) {
    return Similarity.of(config.similarity(), a, b);
  }

  /** {@link #similarity(float[], float[])} of each of a with each of b, {@code [a][b]}. */
  public float[][] similarity(float[][] a, float[][] b) {
    return Arrays.stream(a)
        .map(
            row -> {
              var line = new float[b.length];
              for (int j = 0; j < line.length; j++) {
                line[j] = similarity(row, b[j]);
              }
              return line;
            })
        .toArray(float[][]::new);
  }

  /** How vectors are meant to be compared. */
  public SimilarityFunction similarityFunction() {
    return config.similarity();
  }

  /** Length of a vector. */
  public int dimension() {
    return dimension;
  }

  /** Tokens a text is cut to, special ones included; empty if nothing limits. */
  public OptionalInt maxTokens() {
    return tokens.limit();
  }

  /** Texts to put before a text, by name. */
  public Map<String, String> prompts() {
    return prompts.byName();
  }

  /** Name of the kernel table in use, as {@code avx512}. */
  public String tier() {
    return encoder.context().tier();
  }

  /** Precision it computes in. */
  public ComputeDtype dtype() {
    return encoder.context().dtype();
  }

  /** CPU threads in use, including the caller. */
  public int threads() {
    return encoder.context().threads();
  }

  /** Bytes of native memory held now: weights, workspaces, scratch. */
  public long nativeBytes() {
    return encoder.nativeBytes();
  }

  /** What is in force, in a few lines for people: modules, prompts, precision, kernels, limits. */
  public String explain() {
    String modules =
        config.modules().stream().map(SentenceModule::type).collect(Collectors.joining(", "));
    return """
        model       %s
        modules     %s (%s)
        dimension   %d%s
        prompts     %s, default %s
        max tokens  %s
        similarity  %s
        computes in %s with %s kernels on %d threads of %s
        batches     of at most %d tokens, shared by concurrent callers
        """
        .formatted(
            directory,
            modules,
            encoder.explain(),
            dimension,
            normalizeLast ? ", scaled to length 1" : "",
            prompts.byName(),
            prompts.defaultName().orElse("none"),
            tokens.explain(),
            config.similarity(),
            encoder.context().dtype(),
            encoder.context().tier(),
            encoder.context().threads(),
            encoder.context().device(),
            tokenBudget);
  }

  /** Frees the model and the tokenizer once the calls in flight have returned; idempotent. */
  @Override
  public void close() {
    encoder.close();
    tokenizer.close();
  }
}
