package dev.gatun.loader.safetensors;

import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Element types of safetensors. The order of the constants is the reference's, by increasing
 * alignment: a writer lays tensors out in descending order of it, and so every tensor of a new file
 * is naturally aligned.
 */
public enum DType {
  BOOL(8, false),
  /** MX fp4, two elements in a byte. */
  F4(4, true),
  F6_E2M3(6, true),
  F6_E3M2(6, true),
  U8(8, false),
  I8(8, false),
  F8_E5M2(8, true),
  F8_E4M3(8, true),
  F8_E8M0(8, true),
  F8_E4M3FNUZ(8, true),
  F8_E5M2FNUZ(8, true),
  I16(16, false),
  U16(16, false),
  F16(16, true),
  BF16(16, true),
  I32(32, false),
  U32(32, false),
  F32(32, true),
  /** Complex: two f32. */
  C64(64, false),
  F64(64, true),
  I64(64, false),
  U64(64, false);

  private static final Map<String, DType> BY_NAME =
      Arrays.stream(values())
          .collect(Collectors.toUnmodifiableMap(DType::name, Function.identity()));

  private final int bits;
  private final boolean isFloat;

  DType(int bits, boolean isFloat) {
    this.bits = bits;
    this.isFloat = isFloat;
  }

  /** Bits per element; not a multiple of 8 for the packed types. */
  public int bits() {
    return bits;
  }

  /** Whether elements are real floating point numbers. */
  public boolean isFloat() {
    return isFloat;
  }

  /** The dtype that a header calls {@code name}; names are case-sensitive. */
  public static Optional<DType> fromName(String name) {
    return Optional.ofNullable(BY_NAME.get(name));
  }
}
