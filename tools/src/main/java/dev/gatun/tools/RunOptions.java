package dev.gatun.tools;

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
      description = "Kernels: reference, avx2 or avx512; without it, the best of this CPU.")
  private String tier;

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
    LoadOptions options = LoadOptions.defaults().withThreads(threads).withRevision(revision);
    options = tier == null ? options : options.withTier(tier);
    return architecture == null ? options : options.withArchitecture(architecture);
  }
}
