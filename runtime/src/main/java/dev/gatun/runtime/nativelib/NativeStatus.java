package dev.gatun.runtime.nativelib;

import dev.gatun.DeviceLostException;
import dev.gatun.DeviceUnavailableException;
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
  private static final int NO_DEVICE = 5;
  private static final int DRIVER_TOO_OLD = 6;
  private static final int UNSUPPORTED_DEVICE = 7;
  private static final int DEVICE_LOST = 8;

  private static final String ADVICE =
      " `gatun devices` lists what there is; --device cpu, in Java Device.cpu(), is the CPU.";

  private NativeStatus() {}

  /**
   * @param status what a C function returned
   * @param message the buffer that it wrote its sentence to, which begins with the op's name
   * @throws KernelException unless {@code status} is GT_OK
   */
  static void check(int status, MemorySegment message) {
    if (status != OK) {
      throw exception(status, message.getString(0, StandardCharsets.UTF_8));
    }
  }

  private static KernelException exception(int status, String message) {
    return switch (status) {
      case INVALID_ARGUMENT ->
          new KernelException(KernelException.Status.INVALID_ARGUMENT, message);
      case OUT_OF_MEMORY -> new NativeOutOfMemoryException(message);
      case UNSUPPORTED -> new KernelException(KernelException.Status.UNSUPPORTED, message);
      case NO_DEVICE -> unavailable(KernelException.Status.NO_DEVICE, message);
      case DRIVER_TOO_OLD -> unavailable(KernelException.Status.DRIVER_TOO_OLD, message);
      case UNSUPPORTED_DEVICE -> unavailable(KernelException.Status.UNSUPPORTED_DEVICE, message);
      case DEVICE_LOST -> new DeviceLostException(message);
      default ->
          new KernelException(
              KernelException.Status.INTERNAL, message + " (status " + status + ")");
    };
  }

  private static KernelException unavailable(KernelException.Status status, String message) {
    return new DeviceUnavailableException(status, message + ADVICE);
  }
}
