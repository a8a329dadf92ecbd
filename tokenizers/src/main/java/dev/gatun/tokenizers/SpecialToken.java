package dev.gatun.tokenizers;

import java.util.Objects;

/**
 * A special token and its id.
 *
 * @param content the token's text, such as {@code [CLS]}
 * @param id its id in the vocabulary
 */
public record SpecialToken(String content, int id) {
  /** Checks that there is a content. */
  public SpecialToken {
    Objects.requireNonNull(content, "content");
  }
}
