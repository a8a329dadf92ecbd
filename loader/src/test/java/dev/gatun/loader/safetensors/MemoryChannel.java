package dev.gatun.loader.safetensors;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Path;

/**
 * A file of a few bytes that is never written to disk: thousands of headers can be tried in a
 * second.
 */
final class MemoryChannel implements SeekableByteChannel {
  private final byte[] bytes;
  private int position;

  private MemoryChannel(byte[] bytes) {
    this.bytes = bytes;
  }

  static SafetensorsHeader read(byte[] file) {
    try (MemoryChannel channel = new MemoryChannel(file)) {
      return SafetensorsHeader.read(Path.of("test.safetensors"), channel);
    } catch (IOException e) {
      throw new AssertionError("memory cannot fail to be read", e);
    }
  }

  @Override
  public int read(ByteBuffer target) {
    int count = Math.min(target.remaining(), bytes.length - position);
    if (count == 0) {
      return target.hasRemaining() ? -1 : 0;
    }
    target.put(bytes, position, count);
    position += count;
    return count;
  }

  @Override
  public long position() {
    return position;
  }

  @Override
  public SeekableByteChannel position(long newPosition) {
    position = Math.toIntExact(newPosition);
    return this;
  }

  @Override
  public long size() {
    return bytes.length;
  }

  @Override
  public boolean isOpen() {
    return true;
  }

  @Override
  public void close() {
    // nothing is held
  }

  @Override
  public int write(ByteBuffer source) {
    throw new UnsupportedOperationException();
  }

  @Override
  public SeekableByteChannel truncate(long size) {
    throw new UnsupportedOperationException();
  }
}
