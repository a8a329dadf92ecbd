package dev.gatun.tools;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.stream.Collectors;

/** NumPy's .npy, format 1.0: magic, a header padded to 64 bytes, little-endian row-major values. */
final class NpyWriter {
  private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0};
  private static final int ALIGNMENT = 64;

  private NpyWriter() {}

  static void write(Path file, float[] values, long... shape) throws IOException {
    byte[] header = header(shape);
    ByteBuffer bytes =
        ByteBuffer.allocate(header.length + values.length * Float.BYTES)
            .order(ByteOrder.LITTLE_ENDIAN)
            .put(header);
    for (float value : values) {
      bytes.putFloat(value);
    }
    bytes.flip();
    try (FileChannel out =
        FileChannel.open(
            file,
            StandardOpenOption.CREATE,
            StandardOpenOption.WRITE,
            StandardOpenOption.TRUNCATE_EXISTING)) {
      while (bytes.hasRemaining()) {
        out.write(bytes);
      }
    }
  }

  private static byte[] header(long[] shape) {
    return header(0, shape);
  }

  /**
   * Everything before the values.
   *
   * @param least bytes it takes at least, a multiple of 64
   */
  static byte[] header(int least, long... shape) {
    String dimensions =
        Arrays.stream(shape).mapToObj(Long::toString).collect(Collectors.joining(", "));
    // A Python tuple of one needs its comma.
    String tuple = shape.length == 1 ? "(" + dimensions + ",)" : "(" + dimensions + ")";
    String text = "{'descr': '<f4', 'fortran_order': False, 'shape': " + tuple + ", }";
    int unpadded = MAGIC.length + Short.BYTES + text.length() + 1;
    int length = Math.max(least, (unpadded + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
    String padded = text + " ".repeat(length - unpadded) + "\n";
    return ByteBuffer.allocate(length)
        .order(ByteOrder.LITTLE_ENDIAN)
        .put(MAGIC)
        .putShort((short) padded.length())
        .put(padded.getBytes(StandardCharsets.ISO_8859_1))
        .array();
  }
}
