package dev.gatun;

import java.util.Objects;

/**
 * Where a model's weights live and its kernels run. A device is only named here: whether there is
 * such a one is found out when a model is loaded, or by {@link Devices#list()}.
 *
 * @param kind the sort of hardware
 * @param index which of several devices of that kind, from 0; always 0 for the CPU
 */
public record Device(Kind kind, int index) {

  /** Sorts of hardware that Gatun has a kernel library for. */
  public enum Kind {
    /** The host's processors and memory. */
    CPU,
    /** An NVIDIA GPU, numbered as its driver does (and CUDA_VISIBLE_DEVICES says). */
    CUDA
  }

  /**
   * @throws IllegalArgumentException if the index is negative, or not 0 for the CPU
   */
  public Device {
    Objects.requireNonNull(kind, "kind");
    if (kind == Kind.CPU && index != 0) {
      throw new IllegalArgumentException("device index " + index + ": there is one CPU device, 0");
    }
    if (index < 0) {
      throw new IllegalArgumentException("device index " + index + ": they count from 0");
    }
  }

  /** The host's processors and memory. */
  public static Device cpu() {
    return new Device(Kind.CPU, 0);
  }

  /** The NVIDIA GPU of this index, from 0. */
  public static Device cuda(int index) {
    return new Device(Kind.CUDA, index);
  }

  /** The first usable CUDA device, else the CPU; {@link Devices#list()} tells why. */
  public static Device best() {
    return Devices.list().stream()
        .filter(info -> info.device().kind() == Kind.CUDA && info.isUsable())
        .map(DeviceInfo::device)
        .findFirst()
        .orElseGet(Device::cpu);
  }

  /**
   * Reads a device name as {@link #toString()} writes it; {@code cuda} is {@code cuda:0}, {@code
   * best} is {@link #best()}.
   *
   * @throws IllegalArgumentException if no device has that name; the message lists those that do
   */
  public static Device parse(String name) {
    switch (name) {
      case "cpu":
        return cpu();
      case "cuda":
        return cuda(0);
      case "best":
        return best();
      default:
        // Nine digits are more than any machine has and always an int.
        if (name.matches("cuda:\\d{1,9}")) {
          return cuda(Integer.parseInt(name.substring("cuda:".length())));
        }
        throw new IllegalArgumentException(
            "unknown device '" + name + "'; supported: cpu, cuda, cuda:N, best");
    }
  }

  /** The name used on command lines: {@code cpu}, {@code cuda:0}. */
  @Override
  public String toString() {
    return kind == Kind.CPU ? "cpu" : "cuda:" + index;
  }
}
