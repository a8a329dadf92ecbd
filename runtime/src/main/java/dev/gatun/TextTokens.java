package dev.gatun;

import dev.gatun.loader.config.SentenceModule;
import dev.gatun.loader.config.SentenceTransformerConfig;
import dev.gatun.runtime.embedding.MicroBatcher.Item;
import dev.gatun.tokenizers.EncodeOptions;
import dev.gatun.tokenizers.Tokenizer;
import java.util.List;
import java.util.OptionalInt;

/** Texts to token ids, as an embedding model wants them. */
final class TextTokens {
  private static final int NO_LIMIT = Integer.MAX_VALUE;

  private final Tokenizer tokenizer;
  private final EncodeOptions whole;
  private final int maxTokens;
  private final TextTruncation truncation;
  private final boolean promptPooled;

  TextTokens(
      Tokenizer tokenizer,
      SentenceTransformerConfig config,
      TextEmbedderBuilder builder,
      SentenceEncoder encoder) {
    this.tokenizer = tokenizer;
    boolean isStatic = config.modules().getFirst() instanceof SentenceModule.StaticEmbedding;
    whole = EncodeOptions.defaults().withSpecialTokens(!isStatic);
    truncation = builder.truncation();
    promptPooled =
        config.modules().stream()
            .noneMatch(m -> m instanceof SentenceModule.Pooling p && !p.includePrompt());
    int asked = builder.maxTokens();
    if (asked == 0) {
      // sentence-transformers' rule
      int usual =
          Math.min(
              tokenizer.modelMaxLength().orElse(NO_LIMIT), encoder.usualTokens().orElse(NO_LIMIT));
      asked = config.maxSeqLength().orElse(usual);
    }
    // but never beyond the positions, where Python fails
    maxTokens = Math.min(asked, encoder.maxTokens().orElse(NO_LIMIT));
  }

  /** Tokens a text is cut to, special ones included; empty if nothing limits. */
  OptionalInt limit() {
    return maxTokens == NO_LIMIT ? OptionalInt.empty() : OptionalInt.of(maxTokens);
  }

  /**
   * The tokens of texts behind a prompt.
   *
   * @param masked leading tokens of each that are not pooled
   * @throws TextTooLongException if a text is too long and must not be cut
   */
  List<Item> of(List<String> texts, String prompt, int masked) {
    List<String> prompted = prompt.isEmpty() ? texts : texts.stream().map(prompt::concat).toList();
    boolean cuts = truncation == TextTruncation.RIGHT;
    List<int[]> ids = tokenizer.encodeIds(prompted, cuts ? whole.withMaxLength(limit()) : whole);
    for (int i = 0; i < ids.size(); i++) {
      if (ids.get(i).length > maxTokens) {
        String text = texts.get(i);
        throw new TextTooLongException(
            ids.get(i).length, maxTokens, text.substring(0, Math.min(60, text.length())));
      }
    }
    return ids.stream().map(each -> new Item(each, masked)).toList();
  }

  /** How many leading tokens of a text behind this prompt are not pooled. */
  int notPooled(String prompt) {
    if (promptPooled || prompt.isEmpty()) {
      return 0;
    }
    int[] ids = tokenizer.encode(prompt, whole.withMaxLength(limit())).ids();
    // the special token at the end, if there is one, comes behind the text
    boolean closed = ids.length > 0 && tokenizer.isSpecial(ids[ids.length - 1]);
    return closed ? ids.length - 1 : ids.length;
  }

  String explain() {
    return (limit().isEmpty() ? "no limit" : Integer.toString(maxTokens))
        + ", longer texts: "
        + (truncation == TextTruncation.RIGHT ? "cut" : "refused");
  }
}
