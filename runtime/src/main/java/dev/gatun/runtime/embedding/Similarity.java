package dev.gatun.runtime.embedding;

import dev.gatun.loader.config.SimilarityFunction;

/** {@code sentence_transformers/util/similarity.py}, in double. */
public final class Similarity {
  private Similarity() {}

  /**
   * How near two vectors are; larger is nearer.
   *
   * @throws IllegalArgumentException if they are of different length
   */
  public static float of(SimilarityFunction function, float[] a, float[] b) {
    if (a.length != b.length) {
      throw new IllegalArgumentException(
          "vectors of %d and %d elements can't be compared".formatted(a.length, b.length));
    }
    return (float)
        switch (function) {
          case COSINE -> dot(a, b) / (Math.max(norm(a), 1e-12) * Math.max(norm(b), 1e-12));
          case DOT -> dot(a, b);
          case EUCLIDEAN -> -euclidean(a, b);
          case MANHATTAN -> -manhattan(a, b);
        };
  }

  private static double dot(float[] a, float[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += (double) a[i] * b[i];
    }
    return sum;
  }

  private static double norm(float[] a) {
    return Math.sqrt(dot(a, a));
  }

  private static double euclidean(float[] a, float[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      double difference = (double) a[i] - b[i];
      sum += difference * difference;
    }
    return Math.sqrt(sum);
  }

  private static double manhattan(float[] a, float[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += Math.abs((double) a[i] - b[i]);
    }
    return sum;
  }
}
