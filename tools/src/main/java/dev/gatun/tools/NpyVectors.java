package dev.gatun.tools;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;

/** NumPy's {@code [texts, dimensions]}, whose header is written again once the count is known. */
final class NpyVectors implements VectorWriter {
  /** Room for any count: the header of {@code [0, 0]} with 38 more digits is shorter. */
  private static final int HEADER = 128;

  private final FileChannel out;
  private ByteBuffer rows;
  private long count;
  private int dimensions;

  /**
   * @param dimensions of a vector; those written decide, where there are any
   */
  NpyVectors(FileChannel out, int dimensions) throws IOException {
    this.out = out;
    this.dimensions = dimensions;
    out.position(HEADER);
  }

  @Override
  public void write(long index, String text, float[] vector) throws IOException {
    if (rows == null) {
      dimensions = vector.length;
      rows =
          ByteBuffer.allocate(Math.max(1 << 16, Float.BYTES * dimensions))
              .order(ByteOrder.LITTLE_ENDIAN);
    }
    if (rows.remaining() < Float.BYTES * dimensions) {
      drain();
    }
    for (float value : vector) {
      rows.putFloat(value);
    }
    count++;
  }

  private void drain() throws IOException {
    rows.flip();
    while (rows.hasRemaining()) {
      out.write(rows);
    }
    rows.clear();
  }

  @Override
  public void finish() throws IOException {
    if (rows != null) {
      drain();
    }
    ByteBuffer header = ByteBuffer.wrap(NpyWriter.header(HEADER, count, dimensions));
    long at = 0;
    while (header.hasRemaining()) {
      at += out.write(header, at);
    }
  }
}
