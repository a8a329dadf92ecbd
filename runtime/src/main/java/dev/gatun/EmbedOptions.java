package dev.gatun;

import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.LongConsumer;

/**
 * How one call of a {@link TextEmbedder} embeds its texts. Immutable; start from {@link
 * #defaults()}.
 *
 * @param prompt put before every text; empty to follow {@code promptName}
 * @param promptName which of the model's prompts is put before every text; empty for the model's
 *     default, if it has one
 * @param dimensions how many leading elements of each vector are kept; empty for what the embedder
 *     was built with
 * @param progress told the number of finished texts now and then, on the calling thread
 */
public record EmbedOptions(
    Optional<String> prompt,
    Optional<String> promptName,
    OptionalInt dimensions,
    LongConsumer progress) {
  private static final EmbedOptions DEFAULTS =
      new EmbedOptions(Optional.empty(), Optional.empty(), OptionalInt.empty(), _ -> {});

  /** Checks for nulls. */
  public EmbedOptions {
    Objects.requireNonNull(prompt, "prompt");
    Objects.requireNonNull(promptName, "promptName");
    Objects.requireNonNull(dimensions, "dimensions");
    Objects.requireNonNull(progress, "progress");
  }

  /** The model's default prompt and the embedder's dimensions. */
  public static EmbedOptions defaults() {
    return DEFAULTS;
  }

  /** With this text before every text; an empty one for no prompt at all. */
  public EmbedOptions withPrompt(String text) {
    return new EmbedOptions(Optional.of(text), promptName, dimensions, progress);
  }

  /** With the model's prompt of this name. */
  public EmbedOptions withPromptName(String name) {
    return new EmbedOptions(prompt, Optional.of(name), dimensions, progress);
  }

  /**
   * With vectors of this many elements (Matryoshka); not scaled to length 1 again by themselves.
   */
  public EmbedOptions withDimensions(int count) {
    return new EmbedOptions(prompt, promptName, OptionalInt.of(count), progress);
  }

  /** With a listener for long work. */
  public EmbedOptions withProgress(LongConsumer listener) {
    return new EmbedOptions(prompt, promptName, dimensions, listener);
  }
}
