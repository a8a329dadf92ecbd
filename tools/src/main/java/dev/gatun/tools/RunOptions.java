package dev.gatun.tools;

import dev.gatun.LoadOptions;
import dev.gatun.loader.hub.HubEnvironment;
import dev.gatun.loader.hub.ModelLocator;
import dev.gatun.loader.hub.ModelRequest;
import java.io.PrintWriter;
import java.nio.file.Path;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** How a model is loaded, as every command that runs one understands it. */
final class RunOptions {
  @Mixin private KernelOptions kernels;

  @Option(
      names = "--revision",
      paramLabel = "REV",
      description = "Branch, tag or commit of a model given by its id (main).")
  private String revision;

  @Option(
      names = "--class",
      paramLabel = "CLASS",
      description = "Load as this class instead of config.json's, as BertForMaskedLM.")
  private String architecture;

  /** Directory of a model given by path or id; downloads it if need be and shows that on err. */
  Path locate(String model, PrintWriter err) {
    try (var bar = new DownloadBar(err)) {
      return ModelLocator.standard(HubEnvironment.system(), bar)
          .locateFiles(model, revision == null ? ModelRequest.DEFAULT_REVISION : revision);
    }
  }

  LoadOptions toLoadOptions() {
    LoadOptions options =
        LoadOptions.defaults()
            .withDevice(kernels.device())
            .withThreads(kernels.threads())
            .withRevision(revision)
            .withDtype(kernels.dtype());
    options = kernels.tier().map(options::withTier).orElse(options);
    return architecture == null ? options : options.withArchitecture(architecture);
  }
}
