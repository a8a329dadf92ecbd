package dev.gatun.runtime.weights;

import dev.gatun.runtime.tensor.Tensor;

/** Scale and epsilon of a root mean square normalisation (Zhang and Sennrich, arXiv 1910.07467). */
public final class RmsNorm {

  private final String name;
  private final Tensor weight;
  private final float eps;

  RmsNorm(String name, Tensor weight, float eps) {
    this.name = name;
    this.weight = weight;
    this.eps = eps;
  }

  /** Where it is in the checkpoint, for messages. */
  public String name() {
    return name;
  }

  public long features() {
    return weight.columns();
  }

  /** F32 {@code [features]}. */
  public Tensor weight() {
    return weight;
  }

  public float eps() {
    return eps;
  }

  /** As in {@code encoder.final_layer_norm [512]}. */
  @Override
  public String toString() {
    return name + " [" + features() + "]";
  }
}
