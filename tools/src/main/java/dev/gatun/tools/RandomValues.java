package dev.gatun.tools;

import java.util.SplittableRandom;

/** Numbers to compute with: zeros would let a processor draw less power and run faster. */
final class RandomValues {
  private RandomValues() {}

  /** Values spread evenly between {@code -bound} and {@code bound}. */
  static float[] floats(SplittableRandom random, int count, float bound) {
    var values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (random.nextInt() >> 8) * (bound / (1 << 23));
    }
    return values;
  }
}
