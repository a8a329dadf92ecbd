package dev.gatun.tools;

import dev.gatun.ComputeDtype;
import dev.gatun.Device;
import java.util.Optional;
import picocli.CommandLine.Option;

/** Where kernels run, which, in what precision, on how many threads. */
final class KernelOptions {
  @Option(
      names = "--device",
      paramLabel = "DEVICE",
      converter = DeviceNames.class,
      description =
          "Where to run: cpu (without it), cuda or cuda:N, or best: a usable GPU, else the CPU."
              + " gatun devices lists them.")
  private Device device = Device.cpu();

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "CPU threads; without it, every core this process may use.")
  private int threads;

  @Option(
      names = "--tier",
      paramLabel = "TIER",
      description =
          "Kernels of the CPU: reference, avx2, avx512, avx512_bf16; without it, its best.")
  private String tier;

  @Option(
      names = "--dtype",
      paramLabel = "DTYPE",
      defaultValue = "f32",
      converter = Dtypes.class,
      description = "Compute in f32 or bf16 (${DEFAULT-VALUE}).")
  private ComputeDtype dtype;

  Device device() {
    return device;
  }

  /** 0 for every core. */
  int threads() {
    return threads;
  }

  Optional<String> tier() {
    return Optional.ofNullable(tier);
  }

  ComputeDtype dtype() {
    return dtype;
  }
}
