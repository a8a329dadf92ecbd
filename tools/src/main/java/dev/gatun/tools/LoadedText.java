package dev.gatun.tools;

import dev.gatun.LoadOptions;
import dev.gatun.Model;
import dev.gatun.loader.config.GenerationConfig;
import dev.gatun.loader.config.T5Config;
import dev.gatun.tokenizers.SpecialToken;
import dev.gatun.tokenizers.Tokenizer;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** A model with its tokenizer: text in, text out. */
final class LoadedText implements AutoCloseable {
  private final Model model;
  private final Tokenizer tokenizer;

  private final List<Integer> eosTokenIds;

  private LoadedText(Model model, Tokenizer tokenizer) {
    this.model = model;
    this.tokenizer = tokenizer;
    this.eosTokenIds = GenerationConfig.load(model.directory()).eosTokenIds();
  }

  /**
   * @param directory where the model is, or null for {@code idOrPath}
   */
  static LoadedText open(
      Path directory, String idOrPath, LoadOptions options, PrintWriter progress) {
    String shown = directory == null ? idOrPath : directory.toString();
    try (var _ = Progress.of(progress, "loading " + shown)) {
      Model model =
          directory == null ? Model.load(idOrPath, options) : Model.load(directory, options);
      try {
        return new LoadedText(model, Tokenizer.load(model.directory()));
      } catch (RuntimeException | Error e) {
        model.close();
        throw e;
      }
    }
  }

  Model model() {
    return model;
  }

  Tokenizer tokenizer() {
    return tokenizer;
  }

  boolean isEncoderDecoder() {
    return model.config() instanceof T5Config;
  }

  /**
   * How many tokens the model can see at once; {@link Integer#MAX_VALUE} where nothing bounds it.
   */
  int window() {
    return model.config().maxPositions().orElse(Integer.MAX_VALUE);
  }

  /**
   * The ids a text begins with: those of the prompt, or without one the token that begins any text.
   *
   * @throws IllegalArgumentException where there is neither
   */
  int[] promptIds(String prompt) {
    int[] ids = tokenizer.encode(prompt).ids();
    if (ids.length > 0) {
      return ids;
    }
    Optional<Integer> start = tokenizer.specialTokens().bos().map(SpecialToken::id);
    if (start.isPresent()) {
      return new int[] {start.get()};
    }
    // A character-level model has no token for the beginning; a new line is the next best.
    int[] newLine = tokenizer.encode("\n").ids();
    if (newLine.length == 0) {
      throw new IllegalArgumentException("this model has no token to begin with: give a --prompt");
    }
    return newLine;
  }

  /** Whether a token ends the text. */
  boolean ends(int token) {
    return eosTokenIds.contains(token);
  }

  @Override
  public void close() {
    try (tokenizer) {
      model.close();
    }
  }
}
