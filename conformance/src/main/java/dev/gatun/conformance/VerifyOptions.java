package dev.gatun.conformance;

import dev.gatun.ComputeDtype;
import dev.gatun.Device;
import java.util.Objects;
import java.util.Optional;

/**
 * How a model is run while it is verified.
 *
 * @param device where it runs
 * @param tier the kernels to use, as {@code reference}, {@code avx2}, {@code avx512} or {@code
 *     avx512_bf16}; empty for the best this machine has; only for the CPU
 * @param threads of the model; 0 for the runtime's default
 * @param dtype precision it computes in; bf16 is held to a bound of its own, see {@link Verifier}
 */
public record VerifyOptions(Device device, Optional<String> tier, int threads, ComputeDtype dtype) {
  /**
   * @throws IllegalArgumentException for negative threads
   */
  public VerifyOptions {
    Objects.requireNonNull(device, "device");
    Objects.requireNonNull(tier, "tier");
    Objects.requireNonNull(dtype, "dtype");
    if (threads < 0) {
      throw new IllegalArgumentException("threads must not be negative, found " + threads);
    }
  }

  /** The CPU, the best tier of this machine, the runtime's default number of threads, fp32. */
  public static VerifyOptions defaults() {
    return new VerifyOptions(Device.cpu(), Optional.empty(), 0, ComputeDtype.F32);
  }

  public VerifyOptions withDevice(Device newDevice) {
    return new VerifyOptions(newDevice, tier, threads, dtype);
  }

  public VerifyOptions withTier(String newTier) {
    return new VerifyOptions(device, Optional.of(newTier), threads, dtype);
  }

  public VerifyOptions withThreads(int newThreads) {
    return new VerifyOptions(device, tier, newThreads, dtype);
  }

  public VerifyOptions withDtype(ComputeDtype newDtype) {
    return new VerifyOptions(device, tier, threads, newDtype);
  }
}
