package dev.gatun.tools;

import dev.gatun.ComputeDtype;
import dev.gatun.LoadOptions;
import picocli.CommandLine.Option;

/** How a model is loaded, as every command that runs one understands it. */
final class RunOptions {
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

  @Option(
      names = "--revision",
      paramLabel = "REV",
      description = "Branch, tag or commit of a model in the Hugging Face cache (main).")
  private String revision;

  @Option(
      names = "--class",
      paramLabel = "CLASS",
      description = "Load as this class instead of config.json's, as BertForMaskedLM.")
  private String architecture;

  LoadOptions toLoadOptions() {
    LoadOptions options =
        LoadOptions.defaults().withThreads(threads).withRevision(revision).withDtype(dtype);
    options = tier == null ? options : options.withTier(tier);
    return architecture == null ? options : options.withArchitecture(architecture);
  }
}
