package dev.gatun.runtime.generation;

import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/** Chooses the next token from logits: the first largest, or a draw at a temperature. */
final class Sampler {
  private final double temperature;
  private final RandomGenerator random;

  /**
   * @param temperature 0 for greedy
   */
  Sampler(double temperature, long seed) {
    this.temperature = temperature;
    this.random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
  }

  /**
   * Chooses among {@code count} logits from index {@code from} on.
   *
   * @return the chosen one's distance from {@code from}
   */
  int choose(float[] logits, int from, int count) {
    int best = argmax(logits, from, count);
    if (temperature == 0) {
      return best;
    }
    // Softmax relative to the largest logit: no overflow, and the largest term is exactly 1.
    var weights = new double[count];
    double total = 0;
    for (int i = 0; i < count; i++) {
      weights[i] = Math.exp((logits[from + i] - (double) logits[from + best]) / temperature);
      total += weights[i];
    }
    double left = random.nextDouble() * total;
    for (int i = 0; i < weights.length; i++) {
      left -= weights[i];
      if (left < 0) {
        return i;
      }
    }
    return best; // rounding ate the last sliver
  }

  /** One pass: a maximum first and its index after takes three times as long. */
  private static int argmax(float[] logits, int from, int count) {
    int best = from;
    for (int i = from + 1; i < from + count; i++) {
      if (logits[i] > logits[best]) {
        best = i;
      }
    }
    return best - from;
  }
}
