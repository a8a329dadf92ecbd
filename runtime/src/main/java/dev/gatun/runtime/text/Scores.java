package dev.gatun.runtime.text;

/** Logits to probabilities. */
public final class Scores {
  private Scores() {}

  /** Softmax over {@code count} logits that begin at {@code from}, in double precision. */
  public static double[] softmax(float[] logits, int from, int count) {
    float max = Float.NEGATIVE_INFINITY;
    for (int i = 0; i < count; i++) {
      max = Math.max(max, logits[from + i]);
    }
    var scores = new double[count];
    double sum = 0;
    for (int i = 0; i < count; i++) {
      scores[i] = Math.exp((double) logits[from + i] - max);
      sum += scores[i];
    }
    for (int i = 0; i < count; i++) {
      scores[i] /= sum;
    }
    return scores;
  }
}
