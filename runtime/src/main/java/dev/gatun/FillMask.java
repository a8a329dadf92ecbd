package dev.gatun;

import dev.gatun.loader.config.ConfigException;
import dev.gatun.runtime.text.Scores;
import dev.gatun.runtime.text.TokenBudget;
import dev.gatun.tokenizers.EncodeOptions;
import dev.gatun.tokenizers.Encoding;
import dev.gatun.tokenizers.SpecialToken;
import dev.gatun.tokenizers.Tokenizer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.stream.IntStream;

/**
 * Words for the masked places of a text, equal to the {@code fill-mask} pipeline of transformers 5.
 *
 * <pre>{@code
 * try (var filler = FillMask.load("bert-base-uncased")) {
 *   Fill best = filler.fill("Paris is the [MASK] of France.", 5).getFirst().getFirst();
 * }
 * }</pre>
 *
 * <p>Several masks of a text are filled each for itself: their scores say nothing of which words go
 * together. A text that is longer than the model allows is cut. Safe to use from many threads.
 */
public final class FillMask implements AutoCloseable {
  /** Logits of a batch if all its tokens were masks: 128 MB. */
  private static final int MOST_LOGITS = 1 << 25;

  private final TaskModel task;
  private final SpecialToken mask;

  private FillMask(TaskModel task, SpecialToken mask) {
    this.task = task;
    this.mask = mask;
  }

  /**
   * One way to fill one mask.
   *
   * @param token id of the token
   * @param word the token as text
   * @param score its probability among the whole vocabulary
   * @param text the whole text with the token in the mask's place, as the tokenizer writes it;
   *     without special tokens where the text has one mask, else with them
   */
  public record Fill(int token, String word, float score, String text) {}

  /** Loads with {@link LoadOptions#defaults()}. */
  public static FillMask load(String idOrPath) {
    return load(idOrPath, LoadOptions.defaults());
  }

  /**
   * Loads a masked language model.
   *
   * @param idOrPath a directory, or an id in the Hugging Face cache
   * @throws ConfigException if config.json names a class without that head, or the tokenizer has no
   *     mask token
   * @throws dev.gatun.loader.GatunException the subclass names what else is wrong
   */
  public static FillMask load(String idOrPath, LoadOptions options) {
    return load(options.locate(idOrPath), options);
  }

  /** Loads from a directory. */
  public static FillMask load(Path directory, LoadOptions options) {
    TaskModel task = TaskModel.load(directory, options, "filling masks", "ForMaskedLM");
    SpecialToken mask = task.tokenizer().specialTokens().mask().orElse(null);
    if (mask == null) {
      task.close();
      throw new ConfigException(
          directory.resolve("tokenizer_config.json").toString(),
          "mask_token",
          "absent",
          "for filling masks, a token such as [MASK]");
    }
    return new FillMask(task, mask);
  }

  /** What stands for a masked word in a text, as {@code [MASK]}. */
  public String maskToken() {
    return mask.content();
  }

  /** The best {@code topK} fills of each mask of a text, best first. */
  public List<List<Fill>> fill(String text, int topK) {
    return fill(List.of(text), topK).getFirst();
  }

  /**
   * The best fills of each mask of a text out of some words.
   *
   * @param targets words; one that is no token of the vocabulary counts as its first token, one
   *     without any token is left out
   * @throws IllegalArgumentException as {@link #fill(List, int)}, or if no target has a token
   */
  public List<List<Fill>> fill(String text, int topK, List<String> targets) {
    try (var _ = task.use()) {
      return fill(List.of(text), topK, targetIds(targets)).getFirst();
    }
  }

  /**
   * The best fills of each mask of many texts.
   *
   * @param topK most fills of a mask
   * @return for each text, in their order, for each of its masks, in their order: the fills, best
   *     first
   * @throws IllegalArgumentException if {@code topK} is below 1 or a text has no mask, or none
   *     within the tokens that the model allows
   * @throws IllegalStateException after {@link #close()}
   */
  public List<List<List<Fill>>> fill(List<String> texts, int topK) {
    try (var _ = task.use()) {
      return fill(texts, topK, null);
    }
  }

  /**
   * @param targets ids to choose from; null for the whole vocabulary
   */
  private List<List<List<Fill>>> fill(List<String> texts, int topK, int[] targets) {
    if (topK < 1) {
      throw new IllegalArgumentException("topK is " + topK + "; at least 1 is needed");
    }
    List<Encoding> encodings =
        task.tokenizer()
            .encodeBatch(texts, EncodeOptions.defaults().withMaxLength(task.maxTokens()));
    var results = new ArrayList<List<List<Fill>>>();
    var places = new ArrayList<int[]>();
    for (int i = 0; i < encodings.size(); i++) {
      places.add(requireMasks(i, encodings.get(i)));
      results.add(List.of());
    }
    task.runAt(
        encodings,
        places,
        "logits",
        Math.clamp(MOST_LOGITS / task.config().vocabSize(), 1, TokenBudget.DEFAULT_TOKENS),
        (text, logits) -> {
          int[] ids = encodings.get(text).ids();
          int[] masks = places.get(text);
          List<List<Fill>> fills = new ArrayList<>();
          for (int i = 0; i < masks.length; i++) {
            double[] scores = Scores.softmax(logits.get(i), 0, logits.get(i).length);
            fills.add(best(scores, topK, targets, ids, masks[i], masks.length == 1));
          }
          results.set(text, List.copyOf(fills));
        });
    return results;
  }

  /** Where a text has masks. */
  private int[] requireMasks(int text, Encoding encoding) {
    int[] ids = encoding.ids();
    int[] masks = IntStream.range(0, ids.length).filter(i -> ids[i] == mask.id()).toArray();
    if (masks.length == 0) {
      throw new IllegalArgumentException(
          "text "
              + text
              + " has no "
              + mask.content()
              + " within the "
              + task.maxTokens()
              + " tokens the model reads");
    }
    return masks;
  }

  private List<Fill> best(
      double[] scores, int topK, int[] targets, int[] ids, int place, boolean single) {
    IntStream choices = targets == null ? IntStream.range(0, scores.length) : IntStream.of(targets);
    return choices
        .boxed()
        .sorted(Comparator.comparingDouble((Integer token) -> scores[token]).reversed())
        .limit(topK)
        .map(token -> fill(token, (float) scores[token], ids, place, single))
        .toList();
  }

  private Fill fill(int token, float score, int[] ids, int place, boolean single) {
    Tokenizer tokenizer = task.tokenizer();
    int[] filled = ids.clone();
    filled[place] = token;
    OptionalInt pad =
        tokenizer
            .specialTokens()
            .pad()
            .map(t -> OptionalInt.of(t.id()))
            .orElse(OptionalInt.empty());
    int[] kept =
        Arrays.stream(filled).filter(id -> pad.isEmpty() || id != pad.getAsInt()).toArray();
    return new Fill(
        token, tokenizer.decode(new int[] {token}, false), score, tokenizer.decode(kept, single));
  }

  private int[] targetIds(List<String> targets) {
    Tokenizer tokenizer = task.tokenizer();
    var options = EncodeOptions.defaults().withSpecialTokens(false);
    int[] ids =
        targets.stream()
            .mapToInt(
                target -> {
                  int[] tokens =
                      tokenizer.tokenId(Objects.requireNonNull(target, "a target")).isPresent()
                          ? new int[] {tokenizer.tokenId(target).getAsInt()}
                          : tokenizer.encode(target, options).ids();
                  return tokens.length == 0 ? -1 : tokens[0];
                })
            .filter(id -> id >= 0 && id < task.config().vocabSize())
            .distinct()
            .toArray();
    if (ids.length == 0) {
      throw new IllegalArgumentException("no target has a token: " + targets);
    }
    return ids;
  }

  /** Frees the model and the tokenizer after the calls in flight; idempotent. */
  @Override
  public void close() {
    task.close();
  }
}
