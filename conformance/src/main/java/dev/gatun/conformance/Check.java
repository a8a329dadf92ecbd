package dev.gatun.conformance;

/** The outcome of one comparison: one output of one case. */
public sealed interface Check {
  /** The case of the reference it belongs to. */
  String caseName();

  /** What was compared: an output's name such as {@code logits}, or {@code input_ids}. */
  String what();

  boolean passed();

  /** On failure what is wrong, in words, with places and numbers; empty when passed. */
  String detail();

  /**
   * Floating-point values against the reference's.
   *
   * @param values how many numbers were compared
   * @param maxAbsError our largest absolute difference from the reference; NaN where nothing could
   *     be compared or where our result holds a value that is no number
   * @param torchError PyTorch's, in float32, as recorded in the reference
   * @param limit the largest error that passes
   * @param argmaxEqual rows whose largest element sits where the reference's does
   * @param argmaxRows rows compared so; 0 where an argmax has no meaning
   */
  record Numbers(
      String caseName,
      String what,
      long values,
      double maxAbsError,
      double torchError,
      double limit,
      int argmaxEqual,
      int argmaxRows,
      boolean passed,
      String detail)
      implements Check {
    /** Our error in units of PyTorch's. */
    public double ratio() {
      return maxAbsError / torchError;
    }
  }

  /**
   * Token ids, which must be equal.
   *
   * @param equal rows that are
   * @param rows rows compared
   */
  record Ids(String caseName, String what, int equal, int rows, boolean passed, String detail)
      implements Check {}

  /** A case that could not be run; {@code detail} has the reason. */
  record NotRun(String caseName, String what, String detail) implements Check {
    @Override
    public boolean passed() {
      return false;
    }
  }
}
