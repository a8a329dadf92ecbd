package dev.gatun;

import java.util.Objects;
import java.util.Optional;

/**
 * What is known of a device; see {@link Devices}.
 *
 * @param device how it is asked for
 * @param name as its maker calls it; empty when not even that is known
 * @param unusable a sentence that says why it can't be used, empty when it can
 * @param totalBytes of its memory
 * @param freeBytes of its memory, now
 * @param computeCapability of a CUDA device, as {@code 9.0}
 * @param driverVersion most recent CUDA that the driver runs, as {@code 13.0}
 * @param processors streaming multiprocessors, or the CPUs this process may use
 */
public record DeviceInfo(
    Device device,
    String name,
    Optional<String> unusable,
    long totalBytes,
    long freeBytes,
    Optional<String> computeCapability,
    Optional<String> driverVersion,
    int processors) {

  public DeviceInfo {
    Objects.requireNonNull(device, "device");
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(unusable, "unusable");
    Objects.requireNonNull(computeCapability, "computeCapability");
    Objects.requireNonNull(driverVersion, "driverVersion");
  }

  /** Whether a model can be loaded there, memory permitting. */
  public boolean isUsable() {
    return unusable.isEmpty();
  }
}
