package dev.gatun.runtime.weights;

import dev.gatun.loader.Role;
import dev.gatun.runtime.tensor.Shape;
import dev.gatun.runtime.tensor.Tensor;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;

/**
 * What a {@link WeightScope} does with the full names it forms: declare the weights or build them.
 */
sealed interface WeightSource permits Declarations, WeightBuilder {

  /**
   * @param gated whether the first of two parts of one size are gates for the second
   */
  Linear linear(String name, long inFeatures, List<LinearPart> parts, boolean gated, Role role);

  Embedding embedding(String name, String weight, Shape shape, Role role);

  /** An fp32 copy of a weight. */
  Tensor tensor(String weight, Shape shape, Role role);

  /** A tensor computed from a weight's values, which are in row order. */
  Tensor derived(
      String weight, Shape stored, Role role, Shape result, UnaryOperator<float[]> compute);

  /** A tensor that no checkpoint holds. */
  Tensor computed(Shape shape, Element element);

  /** A linear layer whose matrix is computed from a weight's values, which are in row order. */
  Linear derivedLinear(
      String name,
      String weight,
      Shape stored,
      String bias,
      Role role,
      Shape result,
      UnaryOperator<float[]> compute);

  /** A linear layer whose matrix is the table of an embedding. */
  Linear linearOf(String name, Embedding table, String bias, Role role);

  /**
   * {@code norm(table) W^T + b}, computed once.
   *
   * @param layer may be part of a layer that is declared elsewhere
   */
  Tensor projection(Embedding table, Optional<LayerNorm> norm, LinearPart layer, Role role);

  void tie(String target, String source);

  /** The value at a place of a matrix. */
  @FunctionalInterface
  interface Element {
    double at(long row, int column);
  }
}
