package dev.gatun.loader;

import dev.gatun.loader.safetensors.DType;
import dev.gatun.loader.safetensors.SafetensorsWriter;
import dev.gatun.loader.safetensors.SafetensorsWriter.TensorData;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Small checkpoints. */
final class Weights {
  private Weights() {}

  /** Writes vectors of f32. */
  static void write(Path file, Map<String, float[]> tensors) {
    List<TensorData> data =
        tensors.entrySet().stream().map(entry -> vector(entry.getKey(), entry.getValue())).toList();
    SafetensorsWriter.write(file, data, Map.of("format", "pt"));
  }

  private static TensorData vector(String name, float[] values) {
    ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(values);
    return new TensorData(
        name, DType.F32, List.of((long) values.length), MemorySegment.ofBuffer(bytes));
  }
}
