package dev.gatun;

import dev.gatun.loader.GatunException;

/**
 * The kernel library could not be found, verified or loaded; the message names every place tried
 * and what to do.
 */
public final class NativeLibraryException extends GatunException {

  private static final long serialVersionUID = 1L;

  /**
   * @param message the places tried, in order, and what to do
   */
  public NativeLibraryException(String message) {
    super(message);
  }

  /**
   * @param message the places tried, in order, and what to do
   * @param cause what the last of them threw
   */
  public NativeLibraryException(String message, Throwable cause) {
    super(message, cause);
  }
}
