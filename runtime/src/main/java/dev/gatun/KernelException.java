package dev.gatun;

import dev.gatun.loader.GatunException;

/** A native kernel refused a call or failed; the message is the kernel library's own sentence. */
public class KernelException extends GatunException {

  private static final long serialVersionUID = 1L;

  /** Why, in the terms of {@code gt_status}. */
  public enum Status {
    /** A shape, stride, token id or pointer that the kernel cannot take. */
    INVALID_ARGUMENT,
    OUT_OF_MEMORY,
    /** Valid, but this device or tier has no kernel for it. */
    UNSUPPORTED,
    INTERNAL,
    /** No driver, no device, or none of that index. */
    NO_DEVICE,
    /** The driver can't run what the kernel library was built with. */
    DRIVER_TOO_OLD,
    /** A device that the kernel library has no code for. */
    UNSUPPORTED_DEVICE,
    /** The device failed or was reset. */
    DEVICE_LOST
  }

  private final Status status;

  /**
   * @param status the kernel library's verdict
   * @param message what was called, found and expected
   */
  public KernelException(Status status, String message) {
    super(message);
    this.status = status;
  }

  /** The kernel library's verdict. */
  public Status status() {
    return status;
  }
}
