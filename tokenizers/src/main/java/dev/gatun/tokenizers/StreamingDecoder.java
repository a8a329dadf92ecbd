package dev.gatun.tokenizers;

import java.util.Arrays;

/**
 * Decodes token by token and gives out only whole characters: a character that a byte-level model
 * splits over several tokens appears with the last of them.
 *
 * <p>All text given out, put together, is what {@link Tokenizer#decode} gives for all ids; only
 * {@code clean_up_tokenization_spaces}, which would take back text already given out, is not
 * applied. Not safe for use by several threads at once.
 */
public final class StreamingDecoder {
  private static final char INCOMPLETE = '\uFFFD';

  private final Tokenizer tokenizer;
  private final boolean skipSpecialTokens;
  private int[] ids = new int[32];
  private int size;

  /** Ids before this one have been given out as text. */
  private int emitted;

  StreamingDecoder(Tokenizer tokenizer, boolean skipSpecialTokens) {
    this.tokenizer = tokenizer;
    this.skipSpecialTokens = skipSpecialTokens;
  }

  /**
   * Takes the next token.
   *
   * @return the text that has become certain, often empty
   * @throws IllegalStateException when the tokenizer is closed
   */
  public String accept(int id) {
    if (size == ids.length) {
      ids = Arrays.copyOf(ids, 2 * size);
    }
    ids[size++] = id;
    String text = tokenizer.decodeWithoutCleanUp(Arrays.copyOf(ids, size), skipSpecialTokens);
    if (!text.isEmpty() && text.charAt(text.length() - 1) == INCOMPLETE) {
      return "";
    }
    return emit(text);
  }

  /** The text still held back; an incomplete character comes out as U+FFFD. */
  public String finish() {
    if (emitted == size) {
      return "";
    }
    return emit(tokenizer.decodeWithoutCleanUp(Arrays.copyOf(ids, size), skipSpecialTokens));
  }

  /**
   * Gives out what {@code text} has beyond the ids already given out. Those of the last step stay
   * in front as context: what a token decodes to depends on whether it comes first.
   */
  private String emit(String text) {
    String known =
        emitted == 0
            ? ""
            : tokenizer.decodeWithoutCleanUp(Arrays.copyOf(ids, emitted), skipSpecialTokens);
    if (text.length() <= known.length()) {
      return "";
    }
    ids = Arrays.copyOfRange(ids, emitted, Math.max(ids.length, emitted + 1));
    size -= emitted;
    emitted = size;
    return text.substring(known.length());
  }
}
