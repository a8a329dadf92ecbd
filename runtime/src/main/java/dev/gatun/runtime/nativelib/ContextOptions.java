package dev.gatun.runtime.nativelib;

import dev.gatun.ComputeDtype;
import dev.gatun.Device;
import java.util.Objects;
import java.util.Optional;

/**
 * What a {@link NativeContext} is opened with.
 *
 * @param device where kernels run
 * @param threads threads that a call may use, the caller's included; 0 for the CPUs this process
 *     may use
 * @param tier the highest tier of kernels to use by name ({@code reference}, {@code avx2}, ...),
 *     empty for the best that this CPU runs; only for the CPU
 * @param dtype precision of linear layers and attention
 */
public record ContextOptions(
    Device device, int threads, Optional<String> tier, ComputeDtype dtype) {

  public ContextOptions {
    Objects.requireNonNull(device, "device");
    Objects.requireNonNull(tier, "tier");
    Objects.requireNonNull(dtype, "dtype");
    if (threads < 0) {
      throw new IllegalArgumentException(
          "threads " + threads + ": give a positive count, or 0 for all CPUs");
    }
  }

  /** The CPU, all of its threads, the best kernels it runs, fp32. */
  public static ContextOptions defaults() {
    return new ContextOptions(Device.cpu(), 0, Optional.empty(), ComputeDtype.F32);
  }

  public ContextOptions withDevice(Device device) {
    return new ContextOptions(device, threads, tier, dtype);
  }

  public ContextOptions withThreads(int threads) {
    return new ContextOptions(device, threads, tier, dtype);
  }

  public ContextOptions withTier(String tier) {
    return new ContextOptions(device, threads, Optional.of(tier), dtype);
  }

  public ContextOptions withDtype(ComputeDtype dtype) {
    return new ContextOptions(device, threads, tier, dtype);
  }
}
