package dev.gatun.runtime.embedding;

import dev.gatun.loader.config.PoolingMode;
import dev.gatun.runtime.ops.Ops;
import dev.gatun.runtime.tensor.Sequences;
import dev.gatun.runtime.tensor.Tensor;
import dev.gatun.runtime.tensor.Workspace;
import java.util.List;

/**
 * Token vectors to sentence vectors, as sentence-transformers' {@code Pooling} module. Sequences
 * come without padding; what the original masks is only the prompt, where the model says so.
 */
public final class Pooling {
  private Pooling() {}

  /**
   * Pools each sequence.
   *
   * @param x {@code [tokens, hidden]}
   * @param modes several modes give their vectors one behind the other
   * @param masked leading tokens of each sequence left out, see {@link Ops#pool}
   * @return a vector per sequence
   */
  public static float[][] pool(
      Ops ops, Workspace ws, Tensor x, Sequences sequences, List<PoolingMode> modes, int[] masked) {
    long hidden = x.columns();
    Tensor y = ws.tensor(sequences.count(), modes.size() * hidden);
    for (int m = 0; m < modes.size(); m++) {
      ops.pool(ws, x, sequences, modes.get(m), masked, y.columns(m * hidden, (m + 1) * hidden));
    }
    return y.toRowArrays();
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
}
