package dev.gatun.tools;

import dev.gatun.ComputeDtype;
import java.util.Optional;
import picocli.CommandLine.Option;

/** Which kernels run, in what precision, on how many threads. */
final class KernelOptions {
  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "CPU threads; without it, every core this process may use.")
  private int threads;

  @Option(
      names = "--tier",
      paramLabel = "TIER",
      description =
          "Kernels: reference, avx2, avx512, avx512_bf16; without it, the best of this CPU.")
  private String tier;

  @Option(
      names = "--dtype",
      paramLabel = "DTYPE",
      defaultValue = "f32",
      converter = Dtypes.class,
      description = "Compute in f32 or bf16 (${DEFAULT-VALUE}).")
  private ComputeDtype dtype;

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
