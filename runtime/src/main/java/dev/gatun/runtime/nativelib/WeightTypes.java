package dev.gatun.runtime.nativelib;

import dev.gatun.ComputeDtype;
import dev.gatun.loader.safetensors.DType;

/** {@code gt_dtype}: the element types that kernels read weights and tables in. */
public final class WeightTypes {

  private WeightTypes() {}

  /** Whether kernels read this type. */
  public static boolean isSupported(DType type) {
    return switch (type) {
      case F32, F16, BF16, F64 -> true;
      default -> false;
    };
  }

  static int code(ComputeDtype type) {
    return switch (type) {
      case F32 -> code(DType.F32);
      case BF16 -> code(DType.BF16);
    };
  }

  static int code(DType type) {
    return switch (type) {
      case F32 -> 0;
      case F16 -> 1;
      case BF16 -> 2;
      case F64 -> 3;
      default ->
          throw new IllegalArgumentException(
              "kernels read weights in F32, F16, BF16 or F64, not " + type);
    };
  }
}
