package dev.gatun;

import java.util.Arrays;
import java.util.Objects;
import java.util.function.IntPredicate;

/**
 * How text is continued: greedy by default, or drawn at a temperature.
 *
 * @param maxNewTokens upper bound of tokens written, at least 1
 * @param minNewTokens end-of-sequence ids are not chosen before this many tokens are written
 * @param eosTokenIds ids that end the text; null takes them from the model's generation_config.json
 *     or config.json, an empty array never stops early
 * @param temperature 0 for greedy (the first largest logit); above 0, logits are divided by it and
 *     a token is drawn
 * @param seed seed of the draw; the same seed, model and prompt give the same text on one machine
 * @param onToken called with every new token id as it is written; false stops
 */
public record GenerationOptions(
    int maxNewTokens,
    int minNewTokens,
    int[] eosTokenIds,
    double temperature,
    long seed,
    IntPredicate onToken) {

  /**
   * @throws IllegalArgumentException if a number is out of its range
   */
  public GenerationOptions {
    if (maxNewTokens < 1) {
      throw new IllegalArgumentException("maxNewTokens is " + maxNewTokens + ", at least 1 needed");
    }
    if (minNewTokens < 0 || minNewTokens > maxNewTokens) {
      throw new IllegalArgumentException(
          "minNewTokens is " + minNewTokens + ", 0.." + maxNewTokens + " (maxNewTokens) allowed");
    }
    if (!(temperature >= 0) || Double.isInfinite(temperature)) {
      throw new IllegalArgumentException(
          "temperature is " + temperature + "; 0 for greedy or a finite number above it");
    }
    eosTokenIds = eosTokenIds == null ? null : eosTokenIds.clone();
    Objects.requireNonNull(onToken, "onToken");
  }

  /** Greedy, at most {@code maxNewTokens} tokens, the model's own end-of-sequence ids. */
  public static GenerationOptions greedy(int maxNewTokens) {
    return new GenerationOptions(maxNewTokens, 0, null, 0, 0, token -> true);
  }

  /** With a lower bound of new tokens. */
  public GenerationOptions withMinNewTokens(int count) {
    return new GenerationOptions(maxNewTokens, count, eosTokenIds, temperature, seed, onToken);
  }

  /** With these end-of-sequence ids instead of the model's own. */
  public GenerationOptions withEosTokenIds(int... ids) {
    return new GenerationOptions(maxNewTokens, minNewTokens, ids, temperature, seed, onToken);
  }

  /** Drawn at a temperature; 0 is greedy. */
  public GenerationOptions withTemperature(double value) {
    return new GenerationOptions(maxNewTokens, minNewTokens, eosTokenIds, value, seed, onToken);
  }

  /** With a seed for the draw. */
  public GenerationOptions withSeed(long value) {
    return new GenerationOptions(
        maxNewTokens, minNewTokens, eosTokenIds, temperature, value, onToken);
  }

  /** With a listener that sees every new token id and stops the text by returning false. */
  public GenerationOptions onToken(IntPredicate listener) {
    return new GenerationOptions(
        maxNewTokens, minNewTokens, eosTokenIds, temperature, seed, listener);
  }

  @Override
  public int[] eosTokenIds() {
    return eosTokenIds == null ? null : eosTokenIds.clone();
  }

  @Override
  public String toString() {
    return "GenerationOptions[maxNewTokens=%d, minNewTokens=%d, eosTokenIds=%s, temperature=%s, seed=%d]"
        .formatted(maxNewTokens, minNewTokens, Arrays.toString(eosTokenIds), temperature, seed);
  }
}
