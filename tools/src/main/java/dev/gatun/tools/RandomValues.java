package dev.gatun.tools;

import java.util.SplittableRandom;

/** Numbers to compute with: zeros would let a processor draw less power and run faster. */
final class RandomValues {
  private RandomValues() {}

  /**
   * How many values a matrix has.
   *
   * @throws IllegalArgumentException if they are more than an array holds
   */
  static int count(long rows, long columns) {
    try {
      return Math.toIntExact(Math.multiplyExact(rows, columns));
    } catch (ArithmeticException e) {
      throw new IllegalArgumentException(
          "%d x %d is too large; at most %,d values".formatted(rows, columns, Integer.MAX_VALUE),
          e);
    }
  }

  /** Values spread evenly between {@code -bound} and {@code bound}. */
  static float[] floats(SplittableRandom random, int count, float bound) {
    var values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (random.nextInt() >> 8) * (bound / (1 << 23));
    }
    return values;
  }
}
