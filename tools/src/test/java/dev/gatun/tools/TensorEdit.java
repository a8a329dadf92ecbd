package dev.gatun.tools;

import dev.gatun.loader.safetensors.SafetensorsFile;
import dev.gatun.loader.safetensors.SafetensorsHeader;
import dev.gatun.loader.safetensors.TensorInfo;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;

/** Changes a stored tensor in place. */
record TensorEdit(Path file) {
  /** Adds to the first element of an F32 tensor. */
  void add(String name, float difference) throws IOException {
    SafetensorsHeader header = SafetensorsFile.header(file);
    TensorInfo info = header.tensors().get(name);
    byte[] bytes = Files.readAllBytes(file);
    ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    int at = Math.toIntExact(header.dataStart() + info.begin());
    buffer.putFloat(at, buffer.getFloat(at) + difference);
    Files.write(file, bytes);
  }
}
