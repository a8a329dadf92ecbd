package dev.gatun.runtime.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;

import dev.gatun.runtime.tensor.Tensor;
import dev.gatun.runtime.tensor.Workspace;
import java.util.Arrays;
import java.util.Random;
import java.util.function.IntToDoubleFunction;

/** Random operands, and comparison with what plain loops in double precision give. */
public final class Values {

  private Values() {}

  /** Normally distributed, the same for the same seed. */
  public static float[] random(long seed, int count) {
    Random random = new Random(seed);
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }

  public static float[] fill(int count, IntToDoubleFunction valueAt) {
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) valueAt.applyAsDouble(i);
    }
    return values;
  }

  public static double[] widen(float[] values) {
    double[] wide = new double[values.length];
    Arrays.setAll(wide, i -> values[i]);
    return wide;
  }

  /**
   * A matrix inside a wider one whose other columns are NaN: a kernel that ignores strides is seen.
   */
  public static Tensor strided(Workspace workspace, int rows, int columns, float[] values) {
    int width = columns + 5;
    float[] wide = new float[rows * width];
    Arrays.fill(wide, Float.NaN);
    for (int r = 0; r < rows; r++) {
      System.arraycopy(values, r * columns, wide, r * width + 3, columns);
    }
    return workspace.floats(rows, width, wide).columns(3, 3 + columns);
  }

  /** Each value within {@code tolerance} of the expected, relative to values above 1. */
  public static void assertClose(double[] expected, float[] actual, double tolerance) {
    assertEquals(expected.length, actual.length);
    for (int i = 0; i < expected.length; i++) {
      double allowed = tolerance * Math.max(1, Math.abs(expected[i]));
      if (!(Math.abs(expected[i] - actual[i]) <= allowed)) {
        fail("at " + i + ": expected " + expected[i] + ", got " + actual[i]);
      }
    }
  }
}
