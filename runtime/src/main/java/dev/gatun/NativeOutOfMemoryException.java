package dev.gatun;

/**
 * Memory outside the Java heap (activations, packed weights, KV cache) could not be had, or a set
 * bound was reached.
 */
public final class NativeOutOfMemoryException extends KernelException {

  private static final long serialVersionUID = 1L;

  /**
   * @param message how much was asked for and what stood in the way
   */
  public NativeOutOfMemoryException(String message) {
    super(Status.OUT_OF_MEMORY, message);
  }
}
