package dev.gatun;

import dev.gatun.tokenizers.EncodeOptions;
import dev.gatun.tokenizers.Encoding;
import dev.gatun.tokenizers.TextPair;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Texts to labels, equal to the {@code text-classification} pipeline of transformers 5.
 *
 * <pre>{@code
 * try (var classifier = TextClassifier.load("distilbert-base-uncased-finetuned-sst-2-english")) {
 *   Classification best = classifier.classify("What a journey!");
 * }
 * }</pre>
 *
 * <p>Logits become scores as the pipeline does it: unchanged where config.json's {@code
 * problem_type} is {@code regression}; by a sigmoid for {@code multi_label_classification} or a
 * single label; else by a softmax. A text that is longer than the model allows is cut, as the
 * pipeline does with {@code truncation=True} (without, it fails). Safe to use from many threads.
 */
public final class TextClassifier implements AutoCloseable {
  private final TaskModel task;
  private final ScoreFunction function;

  private TextClassifier(TaskModel task) {
    this.task = task;
    String problem = task.config().problemType().orElse("");
    this.function =
        problem.equals("regression")
            ? ScoreFunction.IDENTITY
            : problem.equals("multi_label_classification") || task.config().numLabels() == 1
                ? ScoreFunction.SIGMOID
                : ScoreFunction.SOFTMAX;
  }

  /**
   * One label of a text.
   *
   * @param label its name in config.json's {@code id2label}, else {@code LABEL_n}
   * @param score what the model gives it
   */
  public record Classification(String label, float score) {}

  /** Loads with {@link LoadOptions#defaults()}. */
  public static TextClassifier load(String idOrPath) {
    return load(idOrPath, LoadOptions.defaults());
  }

  /**
   * Loads a sequence classification model.
   *
   * @param idOrPath a directory, or an id in the Hugging Face cache
   * @throws dev.gatun.loader.config.ConfigException if config.json names a class without that head
   * @throws dev.gatun.loader.GatunException the subclass names what else is wrong
   */
  public static TextClassifier load(String idOrPath, LoadOptions options) {
    return load(options.locate(idOrPath), options);
  }

  /** Loads from a directory. */
  public static TextClassifier load(Path directory, LoadOptions options) {
    return new TextClassifier(
        TaskModel.load(directory, options, "text classification", "ForSequenceClassification"));
  }

  /** Number of labels. */
  public int labels() {
    return task.config().numLabels();
  }

  /** How scores are made of logits. */
  public ScoreFunction scoreFunction() {
    return function;
  }

  /** The best label of a text. */
  public Classification classify(String text) {
    return classify(List.of(text), 1).getFirst().getFirst();
  }

  /** The {@code topK} best labels of a text, best first; all of them if there are fewer. */
  public List<Classification> classify(String text, int topK) {
    return classify(List.of(text), topK).getFirst();
  }

  /**
   * The best labels of many texts.
   *
   * @param topK most labels of a text
   * @return one list per text, in the order of the texts, best label first; equal scores in the
   *     order of the labels
   * @throws IllegalArgumentException if {@code topK} is below 1
   * @throws IllegalStateException after {@link #close()}
   */
  public List<List<Classification>> classify(List<String> texts, int topK) {
    try (var _ = task.use()) {
      return classifications(task.tokenizer().encodeBatch(texts, truncation()), topK);
    }
  }

  /**
   * The best labels of many pairs of texts, as {@link #classify(List, int)}. As in the pipeline, an
   * empty second text counts as none.
   */
  public List<List<Classification>> classifyPairs(List<TextPair> pairs, int topK) {
    try (var _ = task.use()) {
      return classifications(pairs.parallelStream().map(this::encode).toList(), topK);
    }
  }

  private Encoding encode(TextPair pair) {
    return pair.second().isEmpty()
        ? task.tokenizer().encode(pair.first(), truncation())
        : task.tokenizer().encode(pair.first(), pair.second(), truncation());
  }

  private EncodeOptions truncation() {
    return EncodeOptions.defaults().withMaxLength(task.maxTokens());
  }

  private List<List<Classification>> classifications(List<Encoding> encodings, int topK) {
    if (topK < 1) {
      throw new IllegalArgumentException("topK is " + topK + "; at least 1 is needed");
    }
    var results = new ArrayList<List<Classification>>();
    encodings.forEach(_ -> results.add(List.of()));
    task.run(
        encodings,
        Set.of("logits"),
        (text, outputs, sequence) -> {
          float[] scores = function.apply(outputs.values("logits", sequence));
          results.set(text, best(scores, topK));
        });
    return results;
  }

  private List<Classification> best(float[] scores, int topK) {
    return IntStream.range(0, scores.length)
        .boxed()
        .sorted(Comparator.comparingDouble((Integer label) -> scores[label]).reversed())
        .limit(topK)
        .map(label -> new Classification(task.config().label(label), scores[label]))
        .toList();
  }

  /** Frees the model and the tokenizer after the calls in flight; idempotent. */
  @Override
  public void close() {
    task.close();
  }
}
