package dev.gatun;

import java.util.Locale;

/**
 * The precision a model computes in, whatever its checkpoint stores. Sums, norms, softmax, biases
 * and what passes from one layer to the next are fp32 in both.
 */
public enum ComputeDtype {
  /** Weights and products in fp32: as close to float64 as PyTorch's own fp32 is. The default. */
  F32,

  /**
   * Weights kept as bfloat16, in half the memory; operands of linear layers and attention rounded
   * to bfloat16, products summed in fp32. About 2 to 3 decimal digits remain, as of {@code
   * dtype=torch.bfloat16}. Faster where the CPU has AVX512-BF16; right, but not faster than F32,
   * for large batches on others.
   */
  BF16;

  /**
   * Reads a name as {@link #toString()} writes it.
   *
   * @throws IllegalArgumentException if there is none of that name; the message lists them
   */
  public static ComputeDtype parse(String name) {
    for (ComputeDtype dtype : values()) {
      if (dtype.toString().equals(name)) {
        return dtype;
      }
    }
    throw new IllegalArgumentException("unknown dtype '" + name + "'; supported: f32, bf16");
  }

  /** The name used on command lines: {@code f32} or {@code bf16}. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
