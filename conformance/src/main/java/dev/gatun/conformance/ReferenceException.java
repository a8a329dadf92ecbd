package dev.gatun.conformance;

import dev.gatun.loader.GatunException;
import java.nio.file.Path;

/**
 * The reference itself is unusable: absent, malformed, incomplete, of an unknown format, or asking
 * for something the engine does not know. Never thrown for a model that merely differs from a sound
 * reference; that is a failed {@link Check}.
 */
public final class ReferenceException extends GatunException {
  private static final long serialVersionUID = 1L;

  private final transient Path file;

  ReferenceException(Path file, String problem) {
    this(file, problem, null);
  }

  ReferenceException(Path file, String problem, Throwable cause) {
    super(file + ": " + problem, cause);
    this.file = file;
  }

  /** The file at fault. */
  public Path file() {
    return file;
  }
}
