package dev.gatun.tokenizers;

import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * How to encode. The default is a plain call of a transformers tokenizer: special tokens on, no
 * truncation, no padding, whatever tokenizer.json has stored.
 *
 * @param addSpecialTokens whether the post-processor adds its tokens ([CLS], {@code </s>}, ...)
 * @param truncation empty for the whole text
 */
public record EncodeOptions(boolean addSpecialTokens, Optional<Truncation> truncation) {
  private static final EncodeOptions DEFAULTS = new EncodeOptions(true, Optional.empty());

  /** Checks for nulls. */
  public EncodeOptions {
    Objects.requireNonNull(truncation, "truncation");
  }

  /** Special tokens on, no truncation. */
  public static EncodeOptions defaults() {
    return DEFAULTS;
  }

  /** With or without the tokens the post-processor adds. */
  public EncodeOptions withSpecialTokens(boolean add) {
    return new EncodeOptions(add, truncation);
  }

  /** With the given truncation. */
  public EncodeOptions withTruncation(Truncation to) {
    return new EncodeOptions(addSpecialTokens, Optional.of(to));
  }

  /** Truncated to a number of tokens, longest sequence first. */
  public EncodeOptions withMaxLength(int maxLength) {
    return withTruncation(Truncation.to(maxLength));
  }

  /**
   * As {@link #withMaxLength(int)}; an empty length, a model without a limit, truncates nothing.
   */
  public EncodeOptions withMaxLength(OptionalInt maxLength) {
    return maxLength.isPresent()
        ? withMaxLength(maxLength.getAsInt())
        : new EncodeOptions(addSpecialTokens, Optional.empty());
  }
}
