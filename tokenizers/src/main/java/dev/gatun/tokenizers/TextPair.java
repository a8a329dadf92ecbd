package dev.gatun.tokenizers;

import java.util.Objects;

/**
 * Two texts encoded as one input, such as a question and a passage.
 *
 * @param first the first sequence
 * @param second the second sequence
 */
public record TextPair(String first, String second) {
  /** Checks for nulls. */
  public TextPair {
    Objects.requireNonNull(first, "first");
    Objects.requireNonNull(second, "second");
  }
}
