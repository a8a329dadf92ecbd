package dev.gatun.runtime.weights;

import dev.gatun.runtime.tensor.Tensor;
import java.util.Optional;

/** Scale, shift if any, and epsilon of a layer normalisation (Ba et al., arXiv 1607.06450). */
public final class LayerNorm {

  private final String name;
  private final Tensor weight;
  private final Optional<Tensor> bias;
  private final float eps;

  LayerNorm(String name, Tensor weight, Optional<Tensor> bias, float eps) {
    this.name = name;
    this.weight = weight;
    this.bias = bias;
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

  /** F32 {@code [features]}; empty for none. */
  public Optional<Tensor> bias() {
    return bias;
  }

  public float eps() {
    return eps;
  }

  /** As in {@code embeddings.LayerNorm [768]}. */
  @Override
  public String toString() {
    return name + " [" + features() + "]";
  }
}
