package dev.gatun;

/**
 * A device can't be used, which {@link #status()} says why: {@code NO_DEVICE} (no driver, no
 * device, none of that index), {@code DRIVER_TOO_OLD} or {@code UNSUPPORTED_DEVICE}. The message
 * says what was found and what to do.
 */
public final class DeviceUnavailableException extends KernelException {

  private static final long serialVersionUID = 1L;

  /**
   * @param status one of the three above
   * @param message what was found and what to do
   */
  public DeviceUnavailableException(Status status, String message) {
    super(status, message);
  }
}
