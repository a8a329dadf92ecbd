package dev.gatun.tools;

import dev.gatun.loader.GatunException;

/** What a command was given to work on is malformed or too much. */
final class InputException extends GatunException {
  private static final long serialVersionUID = 1;

  InputException(String message) {
    super(message);
  }

  InputException(String message, Throwable cause) {
    super(message, cause);
  }
}
