package dev.gatun;

/** What happens to a text that is longer than the limit of an embedder. */
public enum TextTruncation {
  /** Its last tokens are left out, as in Python (its first where the model says so). */
  RIGHT,
  /** {@link TextTooLongException}. */
  ERROR
}
