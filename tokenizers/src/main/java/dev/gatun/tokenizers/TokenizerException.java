package dev.gatun.tokenizers;

import dev.gatun.loader.GatunException;
import java.nio.file.Path;

/**
 * A tokenizer file that is missing, malformed or asks for something Gatun does not support. The
 * message names the file and the place in it.
 */
public final class TokenizerException extends GatunException {
  private static final long serialVersionUID = 1L;

  private final transient Path file;

  TokenizerException(Path file, String detail) {
    super(file + ": " + detail);
    this.file = file;
  }

  TokenizerException(Path file, String detail, Throwable cause) {
    super(file + ": " + detail, cause);
    this.file = file;
  }

  /** The file or directory at fault; null only after Java serialization. */
  public Path file() {
    return file;
  }
}
