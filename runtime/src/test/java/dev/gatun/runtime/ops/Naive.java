package dev.gatun.runtime.ops;

import dev.gatun.loader.config.Activation;

/** The formulas as loops in double precision. */
final class Naive {

  private Naive() {}

  /** x [rows, in], w [out, in], b [out] or empty. */
  static double[] linear(float[] x, float[] w, float[] b, int rows, int in, int out) {
    double[] y = new double[rows * out];
    for (int r = 0; r < rows; r++) {
      for (int o = 0; o < out; o++) {
        double sum = b.length == 0 ? 0 : b[o];
        for (int i = 0; i < in; i++) {
          sum += (double) x[r * in + i] * w[o * in + i];
        }
        y[r * out + o] = sum;
      }
    }
    return y;
  }

  static float[] transpose(float[] x, int rows, int columns) {
    float[] y = new float[x.length];
    for (int r = 0; r < rows; r++) {
      for (int c = 0; c < columns; c++) {
        y[c * rows + r] = x[r * columns + c];
      }
    }
    return y;
  }

  static double[] layerNorm(float[] x, float[] w, float[] b, int rows, double eps) {
    int n = w.length;
    double[] y = new double[x.length];
    for (int r = 0; r < rows; r++) {
      double mean = 0;
      for (int i = 0; i < n; i++) {
        mean += x[r * n + i] / (double) n;
      }
      double variance = 0;
      for (int i = 0; i < n; i++) {
        variance += Math.pow(x[r * n + i] - mean, 2) / n;
      }
      for (int i = 0; i < n; i++) {
        y[r * n + i] = (x[r * n + i] - mean) / Math.sqrt(variance + eps) * w[i] + b[i];
      }
    }
    return y;
  }

  static double[] rmsNorm(float[] x, float[] w, int rows, double eps) {
    int n = w.length;
    double[] y = new double[x.length];
    for (int r = 0; r < rows; r++) {
      double square = 0;
      for (int i = 0; i < n; i++) {
        square += Math.pow(x[r * n + i], 2) / n;
      }
      for (int i = 0; i < n; i++) {
        y[r * n + i] = x[r * n + i] / Math.sqrt(square + eps) * w[i];
      }
    }
    return y;
  }

  static double activation(Activation activation, double x) {
    return switch (activation) {
      case IDENTITY -> x;
      case GELU_ERF -> x / 2 * (1 + erf(x / Math.sqrt(2)));
      case GELU_TANH ->
          x / 2 * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));
      case QUICK_GELU -> x / (1 + Math.exp(-1.702 * x));
      case RELU -> Math.max(x, 0);
      case SILU -> x / (1 + Math.exp(-x));
      case TANH -> Math.tanh(x);
      case SIGMOID -> 1 / (1 + Math.exp(-x));
      case RELU2 -> Math.pow(Math.max(x, 0), 2);
      case RELU6 -> Math.clamp(x, 0, 6);
      case GELU_10 -> Math.clamp(activation(Activation.GELU_ERF, x), -10, 10);
      case MISH -> x * Math.tanh(Math.log1p(Math.exp(x)));
      case HARDSWISH -> x * Math.clamp(x + 3, 0, 6) / 6;
      case LEAKY_RELU -> x < 0 ? 0.01 * x : x;
    };
  }

  /**
   * 2 / sqrt(pi) times the integral of exp(-t^2), by its power series: good to 1e-9 for |x| < 5.
   */
  private static double erf(double x) {
    if (Math.abs(x) > 5) {
      return Math.signum(x);
    }
    double sum = 0;
    double term = x;
    for (int n = 0; n < 200; n++) {
      sum += term / (2 * n + 1);
      term *= -x * x / (n + 1);
    }
    return 2 / Math.sqrt(Math.PI) * sum;
  }

  /**
   * One sequence: q [queries, heads * dim], k [keys, kvHeads * dim], v [keys, kvHeads * valueDim].
   *
   * @param bias [heads, 2 distance + 1] or empty
   */
  static double[] attention(
      double[] q, double[] k, double[] v, int queries, int keys, AttentionOptions o, float[] bias) {
    int d = o.headDim();
    int dv = o.valueHeadDim();
    int distance = bias.length / o.heads() / 2;
    double[] out = new double[queries * o.heads() * dv];
    for (int h = 0; h < o.heads(); h++) {
      int g = h / (o.heads() / o.kvHeads());
      for (int i = 0; i < queries; i++) {
        int position = i + keys - queries;
        int visible = o.causal() ? Math.max(0, Math.min(keys, position + 1)) : keys;
        int window = o.slidingWindow();
        double[] weight = new double[visible];
        double max = Double.NEGATIVE_INFINITY;
        for (int j = 0; j < visible; j++) {
          for (int c = 0; c < d; c++) {
            weight[j] += q[(i * o.heads() + h) * d + c] * k[(j * o.kvHeads() + g) * d + c];
          }
          weight[j] *= o.scale();
          if (bias.length > 0) {
            int r = Math.clamp(j - position, -distance, distance);
            weight[j] += bias[h * (2 * distance + 1) + r + distance];
          }
          if (window > 0
              && (o.causal() ? position - j >= window : Math.abs(position - j) > window)) {
            weight[j] = Double.NEGATIVE_INFINITY;
          }
          max = Math.max(max, weight[j]);
        }
        double sum = 0;
        for (int j = 0; j < visible; j++) {
          weight[j] = Math.exp(weight[j] - max);
          sum += weight[j];
        }
        for (int j = 0; j < visible; j++) {
          for (int c = 0; c < dv; c++) {
            out[(i * o.heads() + h) * dv + c] +=
                weight[j] / sum * v[(j * o.kvHeads() + g) * dv + c];
          }
        }
      }
    }
    return out;
  }
}
