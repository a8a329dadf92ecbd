package dev.gatun;

import dev.gatun.runtime.nativelib.NativeDevices;
import java.util.Arrays;
import java.util.List;

/** The devices of this machine. */
public final class Devices {
  private Devices() {}

  /**
   * The CPU, then every CUDA device, usable or not. Where none can be seen (no CUDA kernel library
   * in the application, no driver, no device) there is one entry, for {@code cuda:0}, that says so.
   * Never throws for what is missing, and starts nothing on any device. A driver that does not
   * answer within a minute counts as missing.
   */
  public static List<DeviceInfo> list() {
    return Arrays.stream(Device.Kind.values())
        .flatMap(kind -> NativeDevices.list(kind).stream())
        .toList();
  }
}
