package dev.gatun.loader.config;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Activation functions, in the order and by the names of {@code gt_activation} in the kernels'
 * header.
 */
public enum Activation {
  IDENTITY,
  /** {@code x/2 (1 + erf(x / sqrt 2))}. */
  GELU_ERF,
  /** {@code x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))}. */
  GELU_TANH,
  /** {@code x sigmoid(1.702 x)}. */
  QUICK_GELU,
  RELU,
  SILU,
  TANH,
  SIGMOID,
  /** {@code relu(x)^2}. */
  RELU2,
  RELU6,
  /** {@link #GELU_ERF} clipped to [-10, 10]. */
  GELU_10,
  MISH,
  HARDSWISH,
  /** Slope 0.01. */
  LEAKY_RELU;

  private static final Map<String, Activation> BY_NAME = new LinkedHashMap<>();

  static {
    BY_NAME.put("gelu", GELU_ERF);
    BY_NAME.put("gelu_python", GELU_ERF);
    BY_NAME.put("gelu_new", GELU_TANH);
    BY_NAME.put("gelu_pytorch_tanh", GELU_TANH);
    BY_NAME.put("gelu_python_tanh", GELU_TANH);
    BY_NAME.put("gelu_accurate", GELU_TANH);
    // The same formula with sqrt(2/pi) cut to ten digits, which changes less than fp32 can hold.
    BY_NAME.put("gelu_fast", GELU_TANH);
    BY_NAME.put("gelu_10", GELU_10);
    BY_NAME.put("quick_gelu", QUICK_GELU);
    BY_NAME.put("relu", RELU);
    BY_NAME.put("relu2", RELU2);
    BY_NAME.put("relu6", RELU6);
    BY_NAME.put("leaky_relu", LEAKY_RELU);
    BY_NAME.put("silu", SILU);
    BY_NAME.put("swish", SILU);
    BY_NAME.put("tanh", TANH);
    BY_NAME.put("sigmoid", SIGMOID);
    BY_NAME.put("mish", MISH);
    BY_NAME.put("hardswish", HARDSWISH);
    BY_NAME.put("linear", IDENTITY);
  }

  /**
   * The function that configurations call {@code name}; empty for an unknown or unsupported one.
   */
  public static Optional<Activation> fromName(String name) {
    return Optional.ofNullable(BY_NAME.get(name));
  }

  static Set<String> names() {
    return BY_NAME.keySet();
  }
}
