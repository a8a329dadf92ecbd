package dev.gatun.loader.safetensors;

import dev.gatun.loader.GatunException;
import java.nio.file.Path;

/**
 * A safetensors file (or an index of several) that cannot be read or written, with the way in which
 * it is wrong.
 */
public final class SafetensorsException extends GatunException {
  private static final long serialVersionUID = 1L;

  /**
   * Every way in which a file can lie. Down to {@link #JSON_ERROR} the names are the reference
   * implementation's.
   */
  public enum Kind {
    /** Fewer than the 8 bytes that state the header's length. */
    HEADER_TOO_SMALL,
    /** The header is said to be, or would be, longer than 100,000,000 bytes. */
    HEADER_TOO_LARGE,
    /** The header would end beyond the file. */
    INVALID_HEADER_LENGTH,
    /** The header is not UTF-8. */
    INVALID_HEADER,
    /** The header is not the JSON of a safetensors header. */
    INVALID_HEADER_DESERIALIZATION,
    /** A tensor does not begin where the one before it ends, or ends before it begins. */
    INVALID_OFFSET,
    /** A shape whose number of bits does not fit 64 bits. */
    VALIDATION_OVERFLOW,
    /** A packed tensor that does not fill its last byte. */
    MISALIGNED_SLICE,
    /** Offsets that do not span what shape and dtype need. */
    TENSOR_INVALID_INFO,
    /** The tensors end before the file ends, or after. */
    METADATA_INCOMPLETE_BUFFER,
    /** No tensor of that name. */
    TENSOR_NOT_FOUND,
    /** Data handed to the writer that does not fit its shape and dtype. */
    INVALID_TENSOR_VIEW,
    /** The operating system refused. */
    IO_ERROR,
    /** The index of a sharded checkpoint is not JSON, or not an index. */
    JSON_ERROR,
    /** An index that names a file outside the model's directory. */
    PATH_ESCAPE,
    /** No weights where a checkpoint should be, or a shard of it is absent. */
    MISSING_FILE
  }

  private final Kind kind;
  private final transient Path file;
  private final String detail;

  public SafetensorsException(Kind kind, Path file, String detail) {
    this(kind, file, detail, null);
  }

  public SafetensorsException(Kind kind, Path file, String detail, Throwable cause) {
    super(file + ": " + detail + " [" + kind + "]", cause);
    this.kind = kind;
    this.file = file;
    this.detail = detail;
  }

  public Kind kind() {
    return kind;
  }

  public Path file() {
    return file;
  }

  /** What is wrong, without file and kind. */
  public String detail() {
    return detail;
  }
}
