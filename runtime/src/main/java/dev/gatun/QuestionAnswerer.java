package dev.gatun;

import dev.gatun.runtime.text.AnswerSpans;
import dev.gatun.tokenizers.Encoding;
import dev.gatun.tokenizers.TextPair;
import dev.gatun.tokenizers.Tokenizer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.Set;

/**
 * Answers a question with a piece of a text, equal to the {@code question-answering} pipeline of
 * transformers 4.57, the last one that has it.
 *
 * <pre>{@code
 * try (var reader = QuestionAnswerer.load("deepset/roberta-base-squad2")) {
 *   Answer answer = reader.answer("When did it open?", "The canal opened in 1914.");
 * }
 * }</pre>
 *
 * <p>A text that is too long is read in windows that overlap. Safe to use from many threads.
 */
public final class QuestionAnswerer implements AutoCloseable {
  private static final int LONGEST_WINDOW = 384;
  private static final int LARGEST_STRIDE = 128;

  private final TaskModel task;

  private QuestionAnswerer(TaskModel task) {
    this.task = task;
  }

  /**
   * How to answer. Immutable; start from {@link #defaults()}.
   *
   * @param topK most answers to a question
   * @param maxAnswerTokens tokens of the longest answer
   * @param maxTokens tokens of a window, question and special tokens included; empty for 384, or
   *     what tokenizer and model allow if that is less
   * @param stride tokens of the text that a window shares with the one before; empty for 128, or
   *     half a window if that is less
   * @param allowImpossible whether "the text has no answer" counts among the answers, as an empty
   *     one; for models that were trained on such questions
   * @param alignToWords whether an answer that begins or ends inside a word takes in the whole
   *     word; not for languages that write without spaces
   */
  public record Options(
      int topK,
      int maxAnswerTokens,
      OptionalInt maxTokens,
      OptionalInt stride,
      boolean allowImpossible,
      boolean alignToWords) {
    /**
     * @throws IllegalArgumentException if a number is below 1, or the stride below 0
     */
    public Options {
      Objects.requireNonNull(stride, "stride");
      if (topK < 1 || maxAnswerTokens < 1 || maxTokens.orElse(1) < 1 || stride.orElse(0) < 0) {
        throw new IllegalArgumentException(
            "topK "
                + topK
                + ", maxAnswerTokens "
                + maxAnswerTokens
                + ", maxTokens "
                + maxTokens
                + ", stride "
                + stride
                + ": at least 1, 1, 1 and 0 are needed");
      }
    }

    /** The pipeline's: one answer of at most 15 tokens, never none, of whole words. */
    public static Options defaults() {
      return new Options(1, 15, OptionalInt.empty(), OptionalInt.empty(), false, true);
    }

    /** At most this many answers. */
    public Options withTopK(int count) {
      return new Options(count, maxAnswerTokens, maxTokens, stride, allowImpossible, alignToWords);
    }

    /** Answers of at most this many tokens. */
    public Options withMaxAnswerTokens(int count) {
      return new Options(topK, count, maxTokens, stride, allowImpossible, alignToWords);
    }

    /** Windows of at most this many tokens that share {@code stride} of them. */
    public Options withWindows(int tokens, int stride) {
      return new Options(
          topK,
          maxAnswerTokens,
          OptionalInt.of(tokens),
          OptionalInt.of(stride),
          allowImpossible,
          alignToWords);
    }

    /** With or without "no answer" among the answers. */
    public Options withAllowImpossible(boolean value) {
      return new Options(topK, maxAnswerTokens, maxTokens, stride, value, alignToWords);
    }

    /** Of whole words or not. */
    public Options withAlignToWords(boolean value) {
      return new Options(topK, maxAnswerTokens, maxTokens, stride, allowImpossible, value);
    }
  }

  /**
   * An answer.
   *
   * @param text {@code context.substring(start, end)}; empty if the context has no answer
   * @param score its probability; where several spans have the same text, their sum
   * @param start where it begins in the context, in UTF-16 code units; Python counts code points
   * @param end where it ends, exclusive
   */
  public record Answer(String text, float score, int start, int end) {
    static final Answer NONE = new Answer("", 0, 0, 0);
  }

  /** Loads with {@link LoadOptions#defaults()}. */
  public static QuestionAnswerer load(String idOrPath) {
    return load(idOrPath, LoadOptions.defaults());
  }

  /**
   * Loads a question answering model.
   *
   * @param idOrPath a directory, or an id in the Hugging Face cache
   * @throws dev.gatun.loader.config.ConfigException if config.json names a class without that head
   * @throws dev.gatun.loader.GatunException the subclass names what else is wrong
   */
  public static QuestionAnswerer load(String idOrPath, LoadOptions options) {
    return load(options.locate(idOrPath), options);
  }

  /** Loads from a directory. */
  public static QuestionAnswerer load(Path directory, LoadOptions options) {
    return new QuestionAnswerer(
        TaskModel.load(
            directory,
            options,
            "question answering",
            "ForQuestionAnswering",
            Tokenizer::givesTypeIdsInRelease4));
  }

  /** The best answer; an empty one of score 0 where the context has no token to answer with. */
  public Answer answer(String question, String context) {
    List<Answer> answers = answers(question, context, Options.defaults());
    return answers.isEmpty() ? Answer.NONE : answers.getFirst();
  }

  /** The best answers to one question, best first. */
  public List<Answer> answers(String question, String context, Options options) {
    return answers(List.of(new TextPair(question, context)), options).getFirst();
  }

  /**
   * The best answers to many questions.
   *
   * @param pairs a question and the context to look in, each
   * @return one list per pair, in the order of the pairs, best answer first; an answer of
   *     probability 0 is none
   * @throws IllegalArgumentException if a question or a context is empty, or if a question leaves a
   *     window no room for new tokens of the context
   * @throws IllegalStateException after {@link #close()}
   */
  public List<List<Answer>> answers(List<TextPair> pairs, Options options) {
    try (var _ = task.use()) {
      for (int i = 0; i < pairs.size(); i++) {
        if (pairs.get(i).first().isEmpty() || pairs.get(i).second().isEmpty()) {
          throw new IllegalArgumentException("question or context " + i + " is empty");
        }
      }
      int length =
          Math.min(
              options.maxTokens().orElse(Math.min(task.maxTokens(), LONGEST_WINDOW)),
              task.config().maxPositions().orElse(Integer.MAX_VALUE));
      int stride = options.stride().orElse(Math.min(length / 2, LARGEST_STRIDE));
      List<List<Encoding>> windows =
          pairs.parallelStream().map(pair -> windows(pair, length, stride)).toList();
      List<Encoding> all = windows.stream().flatMap(List::stream).toList();
      int clsId = task.tokenizer().specialTokens().cls().map(token -> token.id()).orElse(-1);
      var spans = new AnswerSpans(clsId, task.tokenizer().padsLeft(), options);
      var found =
          new ArrayList<AnswerSpans.Window>(
              Collections.nCopies(all.size(), AnswerSpans.Window.EMPTY));
      task.run(
          all,
          Set.of("start_logits", "end_logits"),
          (window, outputs, sequence) ->
              found.set(
                  window,
                  spans.of(
                      all.get(window),
                      outputs.values("start_logits", sequence),
                      outputs.values("end_logits", sequence))));
      List<List<Answer>> answers = new ArrayList<>();
      int from = 0;
      for (int i = 0; i < pairs.size(); i++) {
        int to = from + windows.get(i).size();
        answers.add(spans.answers(pairs.get(i).second(), found.subList(from, to)));
        from = to;
      }
      return answers;
    }
  }

  /** The question goes first; for a tokenizer that pads on the left the context does. */
  private List<Encoding> windows(TextPair pair, int length, int stride) {
    Tokenizer tokenizer = task.tokenizer();
    return tokenizer.padsLeft()
        ? tokenizer.encodeWindowsOverFirst(pair.second(), pair.first(), length, stride)
        : tokenizer.encodeWindows(pair.first(), pair.second(), length, stride);
  }

  /** Frees the model and the tokenizer after the calls in flight; idempotent. */
  @Override
  public void close() {
    task.close();
  }
}
