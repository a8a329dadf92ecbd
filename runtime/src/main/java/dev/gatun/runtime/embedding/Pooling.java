package dev.gatun.runtime.embedding;

import dev.gatun.loader.config.PoolingMode;
import java.util.Arrays;
import java.util.List;

/**
 * Token vectors to one sentence vector, as sentence-transformers' {@code Pooling} module. Sequences
 * come without padding; what the original masks is only the prompt, where the model says so.
 */
public final class Pooling {
  private Pooling() {}

  /** Pools all tokens of one sequence. */
  public static float[] pool(float[] tokens, int hidden, List<PoolingMode> modes) {
    return pool(tokens, hidden, modes, 0);
  }

  /**
   * Pools one sequence. Sums are in double.
   *
   * @param tokens {@code [length, hidden]}, row-major
   * @param modes several modes give their vectors one behind the other
   * @param masked leading tokens left out. Where none is left, the mean of nothing is 0, its
   *     maximum minus infinity, and cls takes the first token all the same, as in the original
   */
  public static float[] pool(float[] tokens, int hidden, List<PoolingMode> modes, int masked) {
    var pooled = new float[modes.size() * hidden];
    int length = tokens.length / hidden;
    int from = Math.min(masked, length);
    int count = length - from;
    for (int m = 0; m < modes.size(); m++) {
      int at = m * hidden;
      switch (modes.get(m)) {
        case CLS -> copy(tokens, count > 0 ? from : 0, hidden, pooled, at);
        case LASTTOKEN -> copy(tokens, count > 0 ? length - 1 : -1, hidden, pooled, at);
        case MAX -> max(tokens, from, hidden, pooled, at);
        case MEAN -> divide(sum(tokens, from, hidden), Math.max(count, 1e-9), pooled, at);
        case MEAN_SQRT_LEN_TOKENS ->
            divide(sum(tokens, from, hidden), Math.sqrt(Math.max(count, 1e-9)), pooled, at);
        case WEIGHTEDMEAN -> {
          // the n-th token weighs n, counted from the start of the text, prompt or not
          double weights = (length * (length + 1.0) - from * (from + 1.0)) / 2;
          divide(sumByPosition(tokens, from, hidden), Math.max(weights, 1e-9), pooled, at);
        }
      }
    }
    return pooled;
  }

  /** Scales to length 1: x / max(|x|, 1e-12). */
  public static void normalize(float[] vector) {
    double squares = 0;
    for (float v : vector) {
      squares += (double) v * v;
    }
    double norm = Math.max(Math.sqrt(squares), 1e-12);
    for (int i = 0; i < vector.length; i++) {
      vector[i] = (float) (vector[i] / norm);
    }
  }

  private static void copy(float[] tokens, int row, int hidden, float[] pooled, int at) {
    if (row >= 0 && tokens.length > 0) {
      System.arraycopy(tokens, row * hidden, pooled, at, hidden);
    }
  }

  private static void max(float[] tokens, int from, int hidden, float[] pooled, int at) {
    Arrays.fill(pooled, at, at + hidden, Float.NEGATIVE_INFINITY);
    for (int row = from * hidden; row < tokens.length; row += hidden) {
      for (int i = 0; i < hidden; i++) {
        pooled[at + i] = Math.max(pooled[at + i], tokens[row + i]);
      }
    }
  }

  private static double[] sum(float[] tokens, int from, int hidden) {
    var sum = new double[hidden];
    for (int row = from * hidden; row < tokens.length; row += hidden) {
      for (int i = 0; i < hidden; i++) {
        sum[i] += tokens[row + i];
      }
    }
    return sum;
  }

  private static double[] sumByPosition(float[] tokens, int from, int hidden) {
    var sum = new double[hidden];
    for (int n = from; n * hidden < tokens.length; n++) {
      for (int i = 0; i < hidden; i++) {
        sum[i] += (n + 1.0) * tokens[n * hidden + i];
      }
    }
    return sum;
  }

  private static void divide(double[] sum, double divisor, float[] pooled, int at) {
    for (int i = 0; i < sum.length; i++) {
      pooled[at + i] = (float) (sum[i] / divisor);
    }
  }
}
