package dev.gatun.runtime.nativelib;

import dev.gatun.KernelException;
import dev.gatun.NativeOutOfMemoryException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;

/** {@code gt_status} and the exceptions it becomes. */
final class NativeStatus {

  static final int OK = 0;
  private static final int INVALID_ARGUMENT = 1;
  private static final int OUT_OF_MEMORY = 2;
  private static final int UNSUPPORTED = 3;

  private NativeStatus() {}

  /**
   * @param function the C function that was called
   * @param status what it returned
   * @param message the buffer that it wrote its sentence to
   * @throws KernelException unless {@code status} is GT_OK
   */
  static void check(String function, int status, MemorySegment message) {
    if (status != OK) {
      throw exception(function, status, message.getString(0, StandardCharsets.UTF_8));
    }
  }

  private static KernelException exception(String function, int status, String message) {
    String sentence = function + ": " + message;
    return switch (status) {
      case INVALID_ARGUMENT ->
          new KernelException(KernelException.Status.INVALID_ARGUMENT, sentence);
      case OUT_OF_MEMORY -> new NativeOutOfMemoryException(sentence);
      case UNSUPPORTED -> new KernelException(KernelException.Status.UNSUPPORTED, sentence);
      default ->
          new KernelException(
              KernelException.Status.INTERNAL, sentence + " (status " + status + ")");
    };
  }
}
