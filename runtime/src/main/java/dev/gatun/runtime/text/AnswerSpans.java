package dev.gatun.runtime.text;

import dev.gatun.QuestionAnswerer.Answer;
import dev.gatun.QuestionAnswerer.Options;
import dev.gatun.tokenizers.Encoding;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.PriorityQueue;

/**
 * Answers from the logits of where they begin and end: {@code QuestionAnsweringPipeline} of
 * transformers 4.57 ({@code src/transformers/pipelines/question_answering.py}).
 */
public final class AnswerSpans {
  /** Best first; of equal ones, the one that begins first. */
  private static final Comparator<Span> ORDER =
      Comparator.comparingDouble((Span span) -> span.score)
          .reversed()
          .thenComparingInt(Span::first)
          .thenComparingInt(Span::last);

  private final int clsId;
  private final int context;
  private final Options options;

  /**
   * @param clsId a token that a model may point at to say that there is no answer; -1 for none
   * @param contextFirst whether the question comes behind the context; then its tokens and the
   *     special ones may be part of an answer, as in the pipeline
   */
  public AnswerSpans(int clsId, boolean contextFirst, Options options) {
    this.clsId = clsId;
    this.context = contextFirst ? 0 : 1;
    this.options = options;
  }

  /** Tokens from first to last, in characters of the context, and their probability. */
  private record Span(int first, int last, double score) {}

  /** A span in characters of the context. */
  private record Place(int start, int end, double score) {}

  /** What one window offers. */
  public static final class Window {
    /** Nothing. */
    public static final Window EMPTY = new Window(List.of(), 0);

    private final List<Place> places;
    private final double impossible;

    private Window(List<Place> places, double impossible) {
      this.places = places;
      this.impossible = impossible;
    }
  }

  /**
   * The best spans of one window.
   *
   * @param startLogits {@code [tokens]}
   * @param endLogits {@code [tokens]}
   */
  public Window of(Encoding encoding, float[] startLogits, float[] endLogits) {
    int[] ids = encoding.ids();
    var candidate = new boolean[ids.length];
    for (int i = 0; i < ids.length; i++) {
      candidate[i] = context == 0 || encoding.sequence(i) == context || ids[i] == clsId;
    }
    double[] starts = probabilities(startLogits, candidate);
    double[] ends = probabilities(endLogits, candidate);
    double impossible = starts[0] * ends[0];
    starts[0] = 0;
    ends[0] = 0;

    // Words are joined to answers afterwards: more spans are kept than answers are asked for.
    long kept = options.alignToWords() ? 2L * options.topK() + 10 : options.topK();
    var best = new PriorityQueue<Span>(ORDER.reversed());
    for (int first = 0; first < ids.length; first++) {
      int end = (int) Math.min(ids.length, (long) first + options.maxAnswerTokens());
      for (int last = first; last < end; last++) {
        double score = starts[first] * ends[last];
        if (score > 0) {
          best.add(new Span(first, last, score));
          if (best.size() > kept) {
            best.poll();
          }
        }
      }
    }
    Map<Integer, int[]> words = options.alignToWords() ? words(encoding) : Map.of();
    List<Place> places =
        best.stream().sorted(ORDER).map(span -> place(encoding, words, span)).toList();
    return new Window(places, impossible);
  }

  /** Softmax over the tokens that may be part of an answer; 0 for the others. */
  private static double[] probabilities(float[] logits, boolean[] candidate) {
    var masked = logits.clone();
    for (int i = 0; i < masked.length; i++) {
      if (!candidate[i]) {
        masked[i] = -10_000; // what the pipeline puts there
      }
    }
    return Scores.softmax(masked, 0, masked.length);
  }

  /** Where each word of the context begins and ends, as far as it is in the window. */
  private Map<Integer, int[]> words(Encoding encoding) {
    Map<Integer, int[]> words = new HashMap<>();
    for (int i = 0; i < encoding.length(); i++) {
      if (encoding.sequence(i) == context && encoding.word(i) != Encoding.NO_WORD) {
        int start = encoding.start(i);
        words.computeIfAbsent(encoding.word(i), _ -> new int[] {start, 0})[1] = encoding.end(i);
      }
    }
    return words;
  }

  private static Place place(Encoding encoding, Map<Integer, int[]> words, Span span) {
    int[] firstWord = words.get(encoding.word(span.first));
    int[] lastWord = words.get(encoding.word(span.last));
    return firstWord != null && lastWord != null
        ? new Place(firstWord[0], lastWord[1], span.score)
        : new Place(encoding.start(span.first), encoding.end(span.last), span.score);
  }

  /** The best answers of all windows of one context. */
  public List<Answer> answers(String context, List<Window> windows) {
    // Equal answers count together, wherever they stand: the first one gives the place.
    Map<String, Place> byText = new LinkedHashMap<>();
    double impossible = Double.POSITIVE_INFINITY;
    for (Window window : windows) {
      impossible = Math.min(impossible, window.impossible);
      for (Place place : window.places) {
        byText.merge(
            piece(context, place).toLowerCase(Locale.ROOT),
            place,
            (old, more) -> new Place(old.start, old.end, old.score + more.score));
      }
    }
    List<Place> places = new ArrayList<>(byText.values());
    if (options.allowImpossible()) {
      places.add(new Place(0, 0, impossible));
    }
    return places.stream()
        .sorted(Comparator.comparingDouble(Place::score).reversed())
        .limit(options.topK())
        .map(p -> new Answer(piece(context, p), (float) p.score, p.start, p.end))
        .toList();
  }

  /** As Python slices: a [CLS] typed into the question may point beyond the context. */
  private static String piece(String context, Place place) {
    int end = Math.min(place.end, context.length());
    return place.start < end ? context.substring(place.start, end) : "";
  }
}
