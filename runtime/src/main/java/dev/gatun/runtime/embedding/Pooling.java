package dev.gatun.runtime.embedding;

import dev.gatun.loader.config.SentenceTransformerConfig.PoolingMode;
import java.util.List;

/**
 * Token vectors to one sentence vector, as sentence-transformers' {@code Pooling} module. Sequences
 * come without padding, so the mask of the original is all ones.
 */
public final class Pooling {
  private Pooling() {}

  /**
   * Pools one sequence.
   *
   * @param tokens {@code [length, hidden]}, row-major, length at least 1
   * @param modes several modes give their vectors one behind the other
   */
  public static float[] pool(float[] tokens, int hidden, List<PoolingMode> modes) {
    var pooled = new float[modes.size() * hidden];
    int length = tokens.length / hidden;
    for (int m = 0; m < modes.size(); m++) {
      int at = m * hidden;
      switch (modes.get(m)) {
        case CLS -> System.arraycopy(tokens, 0, pooled, at, hidden);
        case LASTTOKEN -> System.arraycopy(tokens, (length - 1) * hidden, pooled, at, hidden);
        case MAX -> max(tokens, hidden, pooled, at);
        case MEAN -> weightedSum(tokens, hidden, false, length, pooled, at);
        case MEAN_SQRT_LEN_TOKENS ->
            weightedSum(tokens, hidden, false, Math.sqrt(length), pooled, at);
        case WEIGHTEDMEAN ->
            weightedSum(tokens, hidden, true, length * (length + 1.0) / 2, pooled, at);
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

  private static void max(float[] tokens, int hidden, float[] pooled, int at) {
    System.arraycopy(tokens, 0, pooled, at, hidden);
    for (int i = hidden; i < tokens.length; i++) {
      int column = at + i % hidden;
      pooled[column] = Math.max(pooled[column], tokens[i]);
    }
  }

  /** Sum over the tokens, the n-th (from 1) weighted by n or by 1, divided. */
  private static void weightedSum(
      float[] tokens, int hidden, boolean byPosition, double divisor, float[] pooled, int at) {
    var sum = new double[hidden];
    for (int row = 0; row * hidden < tokens.length; row++) {
      double weight = byPosition ? row + 1 : 1;
      for (int i = 0; i < hidden; i++) {
        sum[i] += weight * tokens[row * hidden + i];
      }
    }
    for (int i = 0; i < hidden; i++) {
      pooled[at + i] = (float) (sum[i] / divisor);
    }
  }
}
