package dev.gatun.tools;

import dev.gatun.LoadOptions;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** How a model is loaded, as every command that runs one understands it. */
final class RunOptions {
  @Mixin private KernelOptions kernels;

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
        LoadOptions.defaults()
            .withThreads(kernels.threads())
            .withRevision(revision)
            .withDtype(kernels.dtype());
    options = kernels.tier().map(options::withTier).orElse(options);
    return architecture == null ? options : options.withArchitecture(architecture);
  }
}
