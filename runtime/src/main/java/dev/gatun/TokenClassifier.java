package dev.gatun;

import dev.gatun.runtime.text.Entities;
import dev.gatun.tokenizers.EncodeOptions;
import dev.gatun.tokenizers.Encoding;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.Set;

/**
 * Labels of the words of a text, as persons and places, equal to the {@code token-classification}
 * pipeline of transformers 5.
 *
 * <pre>{@code
 * try (var tagger = TokenClassifier.load("dslim/bert-base-NER")) {
 *   var options = TokenClassifier.Options.defaults().withAggregation(Aggregation.SIMPLE);
 *   List<Entity> entities = tagger.classify("Ada Lovelace lived in London.", options);
 * }
 * }</pre>
 *
 * <p>Without {@link Options#stride()} a text that is longer than the model allows is cut, as the
 * pipeline does. Safe to use from many threads.
 */
public final class TokenClassifier implements AutoCloseable {
  private final TaskModel task;

  private TokenClassifier(TaskModel task) {
    this.task = task;
  }

  /** How tokens become words and words entities: the pipeline's {@code aggregation_strategy}. */
  public enum Aggregation {
    /** One entity per token. */
    NONE,
    /** Neighbouring tokens of one label are one entity; B- begins another. */
    SIMPLE,
    /** As SIMPLE, over words that have the label of their first token. */
    FIRST,
    /** As SIMPLE, over words that have the label of the largest mean score of their tokens. */
    AVERAGE,
    /** As SIMPLE, over words that have the label of their token with the largest score. */
    MAX
  }

  /**
   * How to classify. Immutable; start from {@link #defaults()}.
   *
   * @param aggregation how tokens become entities
   * @param ignoreLabels labels that are left out
   * @param stride tokens shared by neighbouring windows of a text that is too long for the model;
   *     empty to cut it instead
   */
  public record Options(Aggregation aggregation, Set<String> ignoreLabels, OptionalInt stride) {
    /**
     * @throws IllegalArgumentException if there is a stride without aggregation
     */
    public Options {
      Objects.requireNonNull(aggregation, "aggregation");
      ignoreLabels = Set.copyOf(ignoreLabels);
      if (stride.isPresent() && aggregation == Aggregation.NONE) {
        throw new IllegalArgumentException(
            "windows overlap, and without aggregation their tokens can't be told apart");
      }
    }

    /** Every token by itself, those labelled {@code O} left out, long texts cut. */
    public static Options defaults() {
      return new Options(Aggregation.NONE, Set.of("O"), OptionalInt.empty());
    }

    /** Aggregates in this way. */
    public Options withAggregation(Aggregation value) {
      return new Options(value, ignoreLabels, stride);
    }

    /** Leaves these labels out. */
    public Options withIgnoreLabels(Set<String> values) {
      return new Options(aggregation, values, stride);
    }

    /** Reads a long text in windows that share this many tokens. */
    public Options withStride(int tokens) {
      return new Options(aggregation, ignoreLabels, OptionalInt.of(tokens));
    }
  }

  /**
   * A labelled token, or with aggregation a labelled piece of text.
   *
   * @param label of the token as config.json has it ({@code B-PER}); with aggregation without its
   *     prefix ({@code PER})
   * @param score its probability; the mean over what was joined
   * @param word the token, or the tokens joined by the tokenizer's decoder; the text itself is
   *     {@code text.substring(start, end)}
   * @param start where it begins, in UTF-16 code units; Python counts code points, so that its
   *     numbers are smaller behind an emoji
   * @param end where it ends, exclusive
   * @param index of the token among the tokens of its text; -1 with aggregation
   */
  public record Entity(String label, float score, String word, int start, int end, int index) {}

  /** Loads with {@link LoadOptions#defaults()}. */
  public static TokenClassifier load(String idOrPath) {
    return load(idOrPath, LoadOptions.defaults());
  }

  /**
   * Loads a token classification model.
   *
   * @param idOrPath a directory, or an id in the Hugging Face cache
   * @throws dev.gatun.loader.config.ConfigException if config.json names a class without that head
   * @throws dev.gatun.loader.GatunException the subclass names what else is wrong
   */
  public static TokenClassifier load(String idOrPath, LoadOptions options) {
    return load(options.locate(idOrPath), options);
  }

  /** Loads from a directory. */
  public static TokenClassifier load(Path directory, LoadOptions options) {
    return new TokenClassifier(
        TaskModel.load(directory, options, "token classification", "ForTokenClassification"));
  }

  /** The labelled tokens of a text, with {@link Options#defaults()}. */
  public List<Entity> classify(String text) {
    return classify(text, Options.defaults());
  }

  /** The entities of a text. */
  public List<Entity> classify(String text, Options options) {
    return classify(List.of(text), options).getFirst();
  }

  /**
   * The entities of many texts.
   *
   * @return one list per text, in the order of the texts, each in the order of its text
   * @throws IllegalArgumentException if the stride leaves a window no new token
   * @throws IllegalStateException after {@link #close()}
   */
  public List<List<Entity>> classify(List<String> texts, Options options) {
    try (var _ = task.use()) {
      List<List<Encoding>> windows = windows(texts, options);
      List<Encoding> all = new ArrayList<>();
      List<Integer> textOf = new ArrayList<>();
      for (int text = 0; text < windows.size(); text++) {
        all.addAll(windows.get(text));
        textOf.addAll(Collections.nCopies(windows.get(text).size(), text));
      }
      var found = new ArrayList<List<Entity>>(Collections.nCopies(all.size(), List.of()));
      var entities = new Entities(task.tokenizer(), task.config());
      task.run(
          all,
          Set.of("logits"),
          (window, outputs, sequence) ->
              found.set(
                  window,
                  entities.of(
                      texts.get(textOf.get(window)),
                      all.get(window),
                      outputs.values("logits", sequence),
                      options)));
      return perText(texts, windows, found);
    }
  }

  private List<List<Encoding>> windows(List<String> texts, Options options) {
    if (options.stride().isEmpty()) {
      var cut = EncodeOptions.defaults().withMaxLength(task.maxTokens());
      return task.tokenizer().encodeBatch(texts, cut).stream().map(List::of).toList();
    }
    int stride = options.stride().getAsInt();
    return texts.parallelStream()
        .map(text -> task.tokenizer().encodeWindows(text, task.maxTokens(), stride))
        .toList();
  }

  private static List<List<Entity>> perText(
      List<String> texts, List<List<Encoding>> windows, List<List<Entity>> found) {
    List<List<Entity>> results = new ArrayList<>();
    int from = 0;
    for (int text = 0; text < texts.size(); text++) {
      int count = windows.get(text).size();
      List<List<Entity>> parts = found.subList(from, from + count);
      from += count;
      results.add(
          count == 1
              ? parts.getFirst()
              : Entities.merge(texts.get(text), parts.stream().flatMap(List::stream).toList()));
    }
    return results;
  }

  /** Frees the model and the tokenizer after the calls in flight; idempotent. */
  @Override
  public void close() {
    task.close();
  }
}
