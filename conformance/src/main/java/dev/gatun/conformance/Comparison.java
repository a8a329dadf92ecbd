package dev.gatun.conformance;

import dev.gatun.ComputeDtype;
import dev.gatun.conformance.ReferenceTensors.Expected;
import java.util.Arrays;

/**
 * One output of one case, compared sequence by sequence.
 *
 * <p>The pass rule: the largest absolute error is at most twice PyTorch's own, or four float32
 * units in the last place of the largest expected magnitude where that is more (PyTorch's error may
 * be near zero by luck); and where an argmax decides a prediction, every row's is the reference's,
 * and the cosine between an embedding and the reference's is at least 0.999999.
 *
 * <p>In bf16, which keeps 8 bits, the largest error is at most a sixteenth of the largest expected
 * magnitude: more than a sound model's error, less than that of a wrong layer. Argmaxes are
 * counted, but near ties may fall either way.
 */
final class Comparison {
  private static final double TIMES_TORCH = 2;
  private static final double ULPS = 4;
  private static final double LEAST_COSINE = 0.999999;
  private static final double BF16_SHARE = 1.0 / 16;
  private static final int MAX_PROBLEMS = 3;

  private final String caseName;
  private final String output;
  private final double torchError;
  private final ComputeDtype dtype;
  private final StringBuilder problems = new StringBuilder();
  private int problemCount;
  private long values;
  private double maxAbsError;
  private String worstPlace = "";
  private double largestExpected;
  private int argmaxEqual;
  private int argmaxRows;

  Comparison(String caseName, String output, double torchError, ComputeDtype dtype) {
    this.caseName = caseName;
    this.output = output;
    this.torchError = torchError;
    this.dtype = dtype;
  }

  /**
   * Compares the values of one sequence.
   *
   * @param place which sequence, for the words of a failure
   */
  void add(String place, long[] shape, float[] actual, Expected expected) {
    if (compare(place, shape, actual, expected)) {
      values += actual.length;
    }
  }

  /** Compares once more values of a sequence that was added before, from another run. */
  void addAgain(String place, long[] shape, float[] actual, Expected expected) {
    int equal = argmaxEqual;
    int rows = argmaxRows;
    compare(place, shape, actual, expected);
    argmaxEqual = equal;
    argmaxRows = rows;
  }

  /** Whether there was something to compare: numbers, in the right shape. */
  private boolean compare(String place, long[] shape, float[] actual, Expected expected) {
    if (!Arrays.equals(shape, expected.shape())) {
      problem(
          "%s: shape %s where the reference has %s"
              .formatted(place, Arrays.toString(shape), Arrays.toString(expected.shape())));
      return false;
    }
    if (actual.length != expected.values().length) {
      problem("%s: %d values in shape %s".formatted(place, actual.length, Arrays.toString(shape)));
      return false;
    }
    for (int i = 0; i < actual.length; i++) {
      if (!Float.isFinite(actual[i])) {
        problem(place + ": " + actual[i] + " at " + index(i, shape));
        return false;
      }
      double error = Math.abs(actual[i] - expected.values()[i]);
      if (error > maxAbsError) {
        maxAbsError = error;
        worstPlace =
            "worst at %s %s: %s where the reference has %s"
                .formatted(place, index(i, shape), actual[i], expected.values()[i]);
      }
      largestExpected = Math.max(largestExpected, Math.abs(expected.values()[i]));
    }
    if (decidesByArgmax(shape)) {
      compareArgmax(place, shape, actual, expected.values());
    }
    if (output.equals(Reference.EMBEDDINGS) && dtype == ComputeDtype.F32) {
      compareDirection(place, actual, expected.values());
    }
    return true;
  }

  private void compareDirection(String place, float[] actual, double[] expected) {
    double product = 0;
    double ours = 0;
    double theirs = 0;
    for (int i = 0; i < actual.length; i++) {
      product += actual[i] * expected[i];
      ours += (double) actual[i] * actual[i];
      theirs += expected[i] * expected[i];
    }
    double cosine = product / Math.sqrt(ours * theirs);
    // a vector of zeros has no direction: the error alone judges it
    if (theirs > 0 && !(cosine >= LEAST_COSINE)) {
      problem("%s: cosine to the reference is %s".formatted(place, cosine));
    }
  }

  /** Scores of alternatives; a single score (regression) has no largest. */
  private boolean decidesByArgmax(long[] shape) {
    return output.endsWith("logits") && shape.length > 0 && shape[shape.length - 1] > 1;
  }

  private void compareArgmax(String place, long[] shape, float[] actual, double[] expected) {
    int width = Math.toIntExact(shape[shape.length - 1]);
    for (int row = 0; row * width < actual.length; row++) {
      int ours = row * width;
      int theirs = row * width;
      for (int i = row * width; i < (row + 1) * width; i++) {
        ours = actual[i] > actual[ours] ? i : ours;
        theirs = expected[i] > expected[theirs] ? i : theirs;
      }
      argmaxRows++;
      if (ours == theirs) {
        argmaxEqual++;
      } else if (dtype == ComputeDtype.F32) {
        problem(
            "%s: argmax of row %d is %d, the reference's %d"
                .formatted(place, row, ours - row * width, theirs - row * width));
      }
    }
  }

  /** How many numbers have been compared. */
  long values() {
    return values;
  }

  boolean passed() {
    return problemCount == 0 && values > 0 && maxAbsError <= limit();
  }

  Check.Numbers result(String divergence) {
    var detail = new StringBuilder();
    if (!passed()) {
      detail.append(problems);
      if (problemCount > MAX_PROBLEMS) {
        detail.append("; and ").append(problemCount - MAX_PROBLEMS).append(" more like these");
      }
      if (values == 0 && problemCount == 0) {
        append(detail, "not one value to compare");
      }
      if (maxAbsError > limit()) {
        append(detail, worstPlace);
      }
      append(detail, divergence);
    }
    return new Check.Numbers(
        caseName,
        output,
        values,
        values == 0 ? Double.NaN : maxAbsError,
        torchError,
        limit(),
        argmaxEqual,
        argmaxRows,
        passed(),
        detail.toString());
  }

  private double limit() {
    if (dtype == ComputeDtype.BF16) {
      return BF16_SHARE * largestExpected;
    }
    return Math.max(TIMES_TORCH * torchError, ULPS * Math.ulp((float) largestExpected));
  }

  private void problem(String words) {
    if (problemCount++ < MAX_PROBLEMS) {
      append(problems, words);
    }
  }

  private static void append(StringBuilder text, String words) {
    text.append(text.isEmpty() || words.isEmpty() ? "" : "; ").append(words);
  }

  private static String index(int flat, long[] shape) {
    long[] index = new long[shape.length];
    long rest = flat;
    for (int axis = shape.length - 1; axis >= 0; axis--) {
      index[axis] = rest % shape[axis];
      rest /= shape[axis];
    }
    return Arrays.toString(index);
  }
}
