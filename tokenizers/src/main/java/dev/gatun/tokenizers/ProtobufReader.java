package dev.gatun.tokenizers;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * Walks the fields of one protocol buffers message: {@link #next()}, then exactly one of the value
 * methods or {@link #skip()}.
 */
final class ProtobufReader {
  private static final int VARINT = 0;
  private static final int FIXED64 = 1;
  private static final int LENGTH_DELIMITED = 2;
  private static final int FIXED32 = 5;

  private final Path file;
  private final ByteBuffer buffer;
  private int field;
  private int wireType;

  private ProtobufReader(Path file, ByteBuffer buffer) {
    this.file = file;
    this.buffer = buffer.order(ByteOrder.LITTLE_ENDIAN);
  }

  static ProtobufReader of(Path file) {
    return new ProtobufReader(file, ByteBuffer.wrap(Json.readBytes(file)));
  }

  /** Moves to the next field; false at the end of the message. */
  boolean next() {
    if (!buffer.hasRemaining()) {
      return false;
    }
    long key = rawVarint();
    field = (int) (key >>> 3);
    wireType = (int) (key & 7);
    if (field <= 0) {
      throw malformed("field number " + field);
    }
    return true;
  }

  int field() {
    return field;
  }

  long varint() {
    require(VARINT);
    return rawVarint();
  }

  float float32() {
    require(FIXED32);
    return advance(4).getFloat();
  }

  byte[] bytes() {
    require(LENGTH_DELIMITED);
    ByteBuffer slice = advance(rawVarint());
    var bytes = new byte[slice.remaining()];
    slice.get(bytes);
    return bytes;
  }

  String text() {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes())).toString();
    } catch (CharacterCodingException e) {
      throw new TokenizerException(file, "field " + field + " is not valid UTF-8", e);
    }
  }

  ProtobufReader message() {
    require(LENGTH_DELIMITED);
    return new ProtobufReader(file, advance(rawVarint()));
  }

  void skip() {
    switch (wireType) {
      case VARINT -> rawVarint();
      case FIXED64 -> advance(8);
      case LENGTH_DELIMITED -> advance(rawVarint());
      case FIXED32 -> advance(4);
      default -> throw malformed("wire type " + wireType);
    }
  }

  private void require(int expected) {
    if (wireType != expected) {
      throw malformed("field " + field + " has wire type " + wireType + ", not " + expected);
    }
  }

  private ByteBuffer advance(long length) {
    if (length < 0 || length > buffer.remaining()) {
      throw malformed("field " + field + " is longer than the rest of its message");
    }
    ByteBuffer slice = buffer.slice(buffer.position(), (int) length).order(ByteOrder.LITTLE_ENDIAN);
    buffer.position(buffer.position() + (int) length);
    return slice;
  }

  private long rawVarint() {
    long value = 0;
    try {
      for (int shift = 0; shift < 64; shift += 7) {
        byte next = buffer.get();
        value |= (long) (next & 0x7F) << shift;
        if (next >= 0) {
          return value;
        }
      }
    } catch (BufferUnderflowException e) {
      throw malformed("ends inside a number");
    }
    throw malformed("a number of more than ten bytes");
  }

  private TokenizerException malformed(String detail) {
    return new TokenizerException(file, "is no SentencePiece model: " + detail);
  }
}
