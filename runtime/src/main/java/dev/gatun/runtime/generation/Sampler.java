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

  /** Index of the chosen logit. */
  int choose(float[] logits) {
    int best = argmax(logits);
    if (temperature == 0) {
      return best;
    }
    // Softmax relative to the largest logit: no overflow, and the largest term is exactly 1.
    var weights = new double[logits.length];
    double total = 0;
    for (int i = 0; i < logits.length; i++) {
      weights[i] = Math.exp((logits[i] - (double) logits[best]) / temperature);
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

  private static int argmax(float[] logits) {
    int best = 0;
    for (int i = 1; i < logits.length; i++) {
      if (logits[i] > logits[best]) {
        best = i;
      }
    }
    return best;
  }
}
