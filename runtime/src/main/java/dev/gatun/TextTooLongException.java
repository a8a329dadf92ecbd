package dev.gatun;

/** A text has more tokens than a model may read, and cutting it was not allowed. */
public final class TextTooLongException extends IllegalArgumentException {
  private static final long serialVersionUID = 1L;

  private final int tokens;
  private final int maxTokens;

  TextTooLongException(int tokens, int maxTokens, String beginning) {
    super(
        "a text has %d tokens, at most %d are allowed: '%s'; split it, or let it be cut with TextTruncation.RIGHT"
            .formatted(tokens, maxTokens, beginning));
    this.tokens = tokens;
    this.maxTokens = maxTokens;
  }

  /** Tokens of the text, special ones and prompt included. */
  public int tokens() {
    return tokens;
  }

  /** The limit in force. */
  public int maxTokens() {
    return maxTokens;
  }
}
