package dev.gatun;

import dev.gatun.loader.config.ConfigException;
import dev.gatun.loader.config.ConfigParser;
import dev.gatun.loader.config.ModelConfig;
import dev.gatun.runtime.nativelib.NativeLibrary;
import dev.gatun.runtime.text.TokenBudget;
import dev.gatun.tokenizers.Encoding;
import dev.gatun.tokenizers.Tokenizer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.IntStream;

/** What every task class is made of: a tokenizer, a model with the head of the task, one end. */
final class TaskModel implements AutoCloseable {
  private final Model model;
  private final Tokenizer tokenizer;
  private final boolean typeIds;
  private final int maxTokens;
  private final Lifetime lifetime;

  private TaskModel(Model model, Tokenizer tokenizer, boolean typeIds, Lifetime lifetime) {
    this.model = model;
    this.tokenizer = tokenizer;
    this.typeIds = typeIds && model.config().typeVocabSize() > 1;
    this.maxTokens =
        Math.min(
            tokenizer.modelMaxLength().orElse(Integer.MAX_VALUE),
            model.config().maxPositions().orElse(Integer.MAX_VALUE));
    this.lifetime = lifetime;
  }

  /**
   * Loads a model that has the head.
   *
   * @param task named in messages
   * @param head what the name of the class ends with, as {@code ForTokenClassification}
   * @throws ConfigException if the class to build, of the options or of config.json, has another
   *     head
   */
  static TaskModel load(Path directory, LoadOptions options, String task, String head) {
    return load(directory, options, task, head, Tokenizer::givesTypeIds);
  }

  /**
   * As {@link #load(Path, LoadOptions, String, String)}.
   *
   * @param typeIds whether the model gets those of the tokenizer
   */
  static TaskModel load(
      Path directory, LoadOptions options, String task, String head, Predicate<Tokenizer> typeIds) {
    NativeLibrary.bindAhead(options.device());
    Path file = directory.resolve("config.json");
    ModelConfig config = ConfigParser.parse(file);
    String name = options.architecture();
    if (name == null) {
      name = config.architectures().isEmpty() ? "absent" : config.architectures().getFirst();
    }
    if (!name.endsWith(head)) {
      throw new ConfigException(
          file.toString(),
          "architectures",
          name,
          "for "
              + task
              + ", a class with the head it needs: ..."
              + head
              + ". LoadOptions.withArchitecture loads the same file as another class");
    }
    var lifetime = new Lifetime("the model " + directory);
    try {
      Tokenizer tokenizer = lifetime.owns(Tokenizer.load(directory));
      Model model = lifetime.owns(Model.load(directory, config, options.withArchitecture(name)));
      return new TaskModel(model, tokenizer, typeIds.test(tokenizer), lifetime);
    } catch (Throwable e) {
      lifetime.close();
      throw e;
    }
  }

  Tokenizer tokenizer() {
    return tokenizer;
  }

  ModelConfig config() {
    return model.config();
  }

  /** Most tokens of a text, special ones included, that tokenizer and model allow. */
  int maxTokens() {
    return maxTokens;
  }

  /**
   * Begins a call.
   *
   * @throws IllegalStateException if closed
   */
  Lifetime.Use use() {
    return lifetime.use();
  }

  /** Takes the outputs of one text. */
  interface Reader {
    /**
     * @param text index into the encodings
     * @param sequence index into the outputs
     */
    void read(int text, Outputs outputs, int sequence);
  }

  /** Runs {@link #run(List, Set, int, Reader)} with the usual budget. */
  void run(List<Encoding> encodings, Set<String> outputs, Reader reader) {
    run(encodings, outputs, TokenBudget.DEFAULT_TOKENS, reader);
  }

  /**
   * Runs texts in packed batches and hands out what came of each, in no order.
   *
   * @param budget most tokens of a batch
   * @throws IllegalArgumentException if a text has no token at all
   */
  void run(List<Encoding> encodings, Set<String> outputs, int budget, Reader reader) {
    for (int[] batch : batches(encodings, budget)) {
      Outputs result = model.forward(inputs(encodings, batch), outputs);
      for (int s = 0; s < batch.length; s++) {
        reader.read(batch[s], result, s);
      }
    }
  }

  /** Takes what an output has at some tokens of one text. */
  interface RowReader {
    /**
     * @param text index into the encodings
     * @param rows a vector per token
     */
    void read(int text, List<float[]> rows);
  }

  /**
   * Runs texts in packed batches and hands out one output at some tokens of each, in no order.
   *
   * @param tokens of each text, ascending
   * @param budget most tokens of a batch
   * @throws IllegalArgumentException if a text has no token at all
   */
  void runAt(
      List<Encoding> encodings, List<int[]> tokens, String output, int budget, RowReader reader) {
    for (int[] batch : batches(encodings, budget)) {
      IntStream.Builder packed = IntStream.builder();
      int start = 0;
      for (int text : batch) {
        for (int token : tokens.get(text)) {
          packed.add(start + token);
        }
        start += encodings.get(text).length();
      }
      Outputs result = model.forwardAt(inputs(encodings, batch), output, packed.build().toArray());
      int row = 0;
      for (int text : batch) {
        List<float[]> rows = new ArrayList<>();
        for (int i = 0; i < tokens.get(text).length; i++) {
          rows.add(result.values(output, row++));
        }
        reader.read(text, rows);
      }
    }
  }

  private static List<int[]> batches(List<Encoding> encodings, int budget) {
    int[] lengths = encodings.stream().mapToInt(Encoding::length).toArray();
    for (int i = 0; i < lengths.length; i++) {
      if (lengths[i] == 0) {
        throw new IllegalArgumentException(
            "text " + i + " has no token, and this tokenizer adds none of its own");
      }
    }
    return TokenBudget.batches(lengths, budget);
  }

  private Inputs inputs(List<Encoding> encodings, int[] batch) {
    List<Encoding> texts = IntStream.of(batch).mapToObj(encodings::get).toList();
    Inputs inputs = Inputs.of(texts.stream().map(Encoding::ids).toList());
    return typeIds
        ? inputs.withTokenTypeIds(texts.stream().map(Encoding::typeIds).toList())
        : inputs;
  }

  /** Frees model and tokenizer when the calls in flight have ended; idempotent. */
  @Override
  public void close() {
    lifetime.close();
  }
}
