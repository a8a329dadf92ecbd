package dev.gatun.tokenizers;

import java.util.Objects;

/**
 * Shortens an encoding to a number of tokens, special tokens included.
 *
 * @param maxLength the longest encoding allowed, in tokens, at least 1
 * @param strategy which sequence of a pair loses tokens
 * @param side the end that loses tokens; null means what the model's {@code truncation_side} says
 */
public record Truncation(int maxLength, Strategy strategy, Side side) {
  /** Which sequence of a pair loses tokens. A single text counts as the first sequence. */
  public enum Strategy {
    /** The longer one, then both. */
    LONGEST_FIRST,
    /** Only the first; an error when the first cannot give enough. */
    ONLY_FIRST,
    /** Only the second; an error for a single text or when the second cannot give enough. */
    ONLY_SECOND
  }

  /** The end of a sequence that loses tokens. */
  public enum Side {
    LEFT,
    RIGHT
  }

  /** Checks the length. */
  public Truncation {
    Objects.requireNonNull(strategy, "strategy");
    if (maxLength < 1) {
      throw new IllegalArgumentException("maxLength must be at least 1, not " + maxLength);
    }
  }

  /** Longest first, on the model's own side: {@code truncation=True} of transformers. */
  public static Truncation to(int maxLength) {
    return new Truncation(maxLength, Strategy.LONGEST_FIRST, null);
  }

  /** The same truncation with another strategy. */
  public Truncation withStrategy(Strategy other) {
    return new Truncation(maxLength, other, side);
  }

  /** The same truncation on the given side. */
  public Truncation withSide(Side other) {
    return new Truncation(maxLength, strategy, other);
  }
}
