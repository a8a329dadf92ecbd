package dev.gatun.runtime.weights;

import dev.gatun.runtime.tensor.Tensor;

/**
 * Cosines and sines by position of a rotary position embedding (Su et al., arXiv 2104.09864), from
 * {@link WeightScope#rotaryTable}.
 */
public final class RotaryTable {

  private final Tensor cosines;
  private final Tensor sines;

  RotaryTable(Tensor cosines, Tensor sines) {
    this.cosines = cosines;
    this.sines = sines;
  }

  /**
   * {@code theta^(-2i / rotaryDim)}: the angles by which one position turns the feature pairs.
   *
   * @param rotaryDim features of a head that turn, even
   */
  public static double[] frequencies(double theta, int rotaryDim) {
    double[] frequencies = new double[rotaryDim / 2];
    for (int i = 0; i < frequencies.length; i++) {
      frequencies[i] = Math.pow(theta, -2.0 * i / rotaryDim);
    }
    return frequencies;
  }

  /** F32 {@code [rows, rotaryDim / 2]}. */
  public Tensor cosines() {
    return cosines;
  }

  /** F32 {@code [rows, rotaryDim / 2]}. */
  public Tensor sines() {
    return sines;
  }

  /** Number of positions, from 0. */
  public long rows() {
    return cosines.rows();
  }

  /** Features of a head that turn. */
  public long rotaryDim() {
    return 2 * cosines.columns();
  }

  /** As in {@code rotary table of 8192 positions, 64 features}. */
  @Override
  public String toString() {
    return "rotary table of " + rows() + " positions, " + rotaryDim() + " features";
  }
}
