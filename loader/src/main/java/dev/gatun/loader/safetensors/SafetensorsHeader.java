package dev.gatun.loader.safetensors;

import dev.gatun.loader.json.StrictJson;
import dev.gatun.loader.safetensors.SafetensorsException.Kind;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Collections;
import java.util.Map;

/**
 * The validated header of a safetensors file: what inspecting needs, without mapping any data.
 *
 * @param dataStart file offset of the data section, to which {@link TensorInfo#begin()} is relative
 * @param fileSize bytes of the whole file; the tensors fill it to the last byte
 * @param tensors by name, in the order of their data
 * @param metadata the free text under {@code __metadata__}; empty if there is none
 */
public record SafetensorsHeader(
    long dataStart, long fileSize, Map<String, TensorInfo> tensors, Map<String, String> metadata) {

  /** Longest header that is read or written, as in the reference. */
  public static final int MAX_LENGTH = 100_000_000;

  private static final int LENGTH_BYTES = Long.BYTES;

  public SafetensorsHeader {
    tensors = Collections.unmodifiableMap(tensors);
    metadata = Collections.unmodifiableMap(metadata);
  }

  /**
   * Reads and validates the header of {@code file}.
   *
   * @throws SafetensorsException with the kind that the reference implementation would name,
   *     checked in its order
   */
  public static SafetensorsHeader read(Path file) {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      return read(file, channel);
    } catch (NoSuchFileException e) {
      throw new SafetensorsException(Kind.IO_ERROR, file, "no such file", e);
    } catch (IOException e) {
      throw new SafetensorsException(
          Kind.IO_ERROR, file, "cannot be read: " + StrictJson.reason(e), e);
    }
  }

  /**
   * Validates a header that was read from elsewhere than a file.
   *
   * @param name for messages
   * @param header the JSON, without the 8 bytes of its length
   * @param fileSize bytes of the whole file
   * @throws SafetensorsException as {@link #read(Path)}
   */
  public static SafetensorsHeader of(Path name, byte[] header, long fileSize) {
    if (!StrictJson.isUtf8(header)) {
      throw new SafetensorsException(Kind.INVALID_HEADER, name, "has a header that is not UTF-8");
    }
    return new HeaderParser(name, LENGTH_BYTES + header.length, fileSize).parse(header);
  }

  static SafetensorsHeader read(Path file, SeekableByteChannel channel) throws IOException {
    long fileSize = channel.size();
    if (fileSize < LENGTH_BYTES) {
      throw new SafetensorsException(
          Kind.HEADER_TOO_SMALL,
          file,
          "has " + fileSize + " bytes, and the header's length alone takes 8");
    }
    long length =
        ByteBuffer.wrap(readFully(file, channel, LENGTH_BYTES))
            .order(ByteOrder.LITTLE_ENDIAN)
            .getLong();
    if (Long.compareUnsigned(length, MAX_LENGTH) > 0) {
      throw new SafetensorsException(
          Kind.HEADER_TOO_LARGE,
          file,
          "claims a header of "
              + Long.toUnsignedString(length)
              + " bytes; the limit is "
              + MAX_LENGTH);
    }
    if (LENGTH_BYTES + length > fileSize) {
      throw new SafetensorsException(
          Kind.INVALID_HEADER_LENGTH,
          file,
          "claims a header of "
              + length
              + " bytes, but has only "
              + (fileSize - LENGTH_BYTES)
              + " after its length");
    }
    // Nothing is allocated before this point, and from here no more than a small multiple of bytes
    // that do exist.
    return of(file, readFully(file, channel, (int) length), fileSize);
  }

  private static byte[] readFully(Path file, SeekableByteChannel channel, int count)
      throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(count);
    while (buffer.hasRemaining()) {
      if (channel.read(buffer) < 0) {
        throw new SafetensorsException(Kind.IO_ERROR, file, "became shorter while it was read");
      }
    }
    return buffer.array();
  }
}
