package dev.gatun;

/**
 * A device failed or was reset while a model ran on it. The model is of no more use: close it, and
 * load it anew once the device is back, or on another.
 */
public final class DeviceLostException extends KernelException {

  private static final long serialVersionUID = 1L;

  /**
   * @param message what the device's driver said
   */
  public DeviceLostException(String message) {
    super(Status.DEVICE_LOST, message);
  }
}
