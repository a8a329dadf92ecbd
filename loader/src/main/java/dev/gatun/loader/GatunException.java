package dev.gatun.loader;

/**
 * Base of every named exception of Gatun. Its message says what was found, where, and what would
 * have been right.
 */
public class GatunException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public GatunException(String message) {
    super(message);
  }

  public GatunException(String message, Throwable cause) {
    super(message, cause);
  }
}
