package dev.gatun;

import java.util.Locale;

/**
 * Where a model's weights live and its kernels run.
 *
 * @param kind the sort of hardware
 * @param index which of several devices of that kind, from 0; always 0 for the CPU
 */
public record Device(Kind kind, int index) {

  /** The host's processors and memory. */
  public static final Device CPU = new Device(Kind.CPU, 0);

  /** Sorts of hardware that Gatun has a kernel library for. */
  public enum Kind {
    CPU
  }

  public Device {
    if (index != 0) {
      throw new IllegalArgumentException("device index " + index + ": there is one CPU device, 0");
    }
  }

  /**
   * Reads a device name as {@link #toString()} writes it.
   *
   * @throws IllegalArgumentException if no device has that name; the message lists those that do
   */
  public static Device parse(String name) {
    if (name.equals("cpu")) {
      return CPU;
    }
    throw new IllegalArgumentException("unknown device '" + name + "'; supported: cpu");
  }

  /** The name used on command lines: {@code cpu}. */
  @Override
  public String toString() {
    return kind.name().toLowerCase(Locale.ROOT);
  }
}
