package dev.gatun.conformance;

import dev.gatun.loader.safetensors.DType;
import dev.gatun.loader.safetensors.SafetensorsException;
import dev.gatun.loader.safetensors.SafetensorsFile;
import dev.gatun.loader.safetensors.TensorInfo;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Set;

/** The expected values: {@code reference.safetensors}, F64 or F32. */
final class ReferenceTensors implements AutoCloseable {
  // Safetensors promises no alignment.
  private static final ValueLayout.OfDouble F64 =
      ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfFloat F32 =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final Path path;
  private final SafetensorsFile file;

  private ReferenceTensors(Path path, SafetensorsFile file) {
    this.path = path;
    this.file = file;
  }

  static ReferenceTensors open(Path path) {
    try {
      return new ReferenceTensors(path, SafetensorsFile.open(path));
    } catch (SafetensorsException e) {
      throw new ReferenceException(path, "not a sound safetensors file: " + e.getMessage(), e);
    }
  }

  Path path() {
    return path;
  }

  Set<String> names() {
    return file.tensors().keySet();
  }

  Expected get(String name) {
    TensorInfo info = file.tensors().get(name);
    if (info.dtype() != DType.F64 && info.dtype() != DType.F32) {
      throw new ReferenceException(
          path, "tensor '" + name + "' is " + info.dtype() + "; expected F64 or F32");
    }
    MemorySegment data = file.data(info);
    double[] values = new double[Math.toIntExact(info.elementCount())];
    for (int i = 0; i < values.length; i++) {
      values[i] = info.dtype() == DType.F64 ? data.getAtIndex(F64, i) : data.getAtIndex(F32, i);
      if (!Double.isFinite(values[i])) {
        throw new ReferenceException(
            path, "tensor '" + name + "' holds " + values[i] + " at flat index " + i);
      }
    }
    return new Expected(info.shape().stream().mapToLong(Long::longValue).toArray(), values);
  }

  @Override
  public void close() {
    file.close();
  }

  /** An expected tensor, row-major. */
  record Expected(long[] shape, double[] values) {}
}
