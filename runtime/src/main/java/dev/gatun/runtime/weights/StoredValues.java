package dev.gatun.runtime.weights;

import dev.gatun.loader.safetensors.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** Reads stored weights of any supported type as fp32. A mapped file promises no alignment. */
final class StoredValues {

  private static final ValueLayout.OfFloat F32 =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfDouble F64 =
      ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfShort BITS16 =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private StoredValues() {}

  static float[] toFloats(MemorySegment data, DType type) {
    int count = Math.toIntExact(data.byteSize() * 8 / type.bits());
    float[] values = new float[count];
    switch (type) {
      case F32 -> MemorySegment.copy(data, F32, 0, values, 0, count);
      case F64 -> {
        for (int i = 0; i < count; i++) {
          values[i] = (float) data.getAtIndex(F64, i);
        }
      }
      case F16 -> {
        for (int i = 0; i < count; i++) {
          values[i] = Float.float16ToFloat(data.getAtIndex(BITS16, i));
        }
      }
      case BF16 -> {
        for (int i = 0; i < count; i++) {
          values[i] = Float.intBitsToFloat(data.getAtIndex(BITS16, i) << 16);
        }
      }
      default -> throw new IllegalArgumentException("not a type of weights: " + type);
    }
    return values;
  }
}
