package dev.gatun.runtime.ops;

import dev.gatun.loader.config.Activation;
import dev.gatun.runtime.tensor.Tensor;

/**
 * What a linear layer does to its product before it writes it: {@code y = residual + scale *
 * activation(x W^T + b)}. Costs no pass over memory of its own.
 */
public final class Epilogue {

  /** {@code y = x W^T + b}. */
  public static final Epilogue NONE = new Epilogue(Activation.IDENTITY, null, 1, false);

  /**
   * {@code y = x W^T + b} as {@link #asOperand} gives it: queries, keys and values of attention.
   */
  public static final Epilogue OPERAND = NONE.asOperand();

  private final Activation activation;
  private final Tensor residual;
  private final float scale;
  private final boolean operand;

  private Epilogue(Activation activation, Tensor residual, float scale, boolean operand) {
    this.activation = activation;
    this.residual = residual;
    this.scale = scale;
    this.operand = operand;
  }

  /** {@code y = activation(x W^T + b)}. */
  public static Epilogue activation(Activation activation) {
    return NONE.withActivation(activation);
  }

  /** {@code y = residual + x W^T + b}. */
  public static Epilogue residual(Tensor residual) {
    return NONE.withResidual(residual);
  }

  /** {@code y = scale * (x W^T + b)}. */
  public static Epilogue scale(float scale) {
    return NONE.withScale(scale);
  }

  public Epilogue withActivation(Activation activation) {
    return new Epilogue(activation, residual, scale, operand);
  }

  /**
   * @param residual of y's shape; may be y itself
   */
  public Epilogue withResidual(Tensor residual) {
    return new Epilogue(activation, residual, scale, operand);
  }

  public Epilogue withScale(float scale) {
    return new Epilogue(activation, residual, scale, operand);
  }

  /**
   * The same for a y that nothing but linear layers and attention will read: where these round what
   * they read, y is written rounded, in half the memory. The numbers stay what they are.
   */
  public Epilogue asOperand() {
    return new Epilogue(activation, residual, scale, true);
  }

  Activation activation() {
    return activation;
  }

  boolean hasResidual() {
    return residual != null;
  }

  Tensor residual() {
    return residual;
  }

  boolean isOperand() {
    return operand;
  }

  float scale() {
    return scale;
  }
}
