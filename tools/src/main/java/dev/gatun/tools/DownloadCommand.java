package dev.gatun.tools;

import dev.gatun.loader.hub.Hub;
import dev.gatun.loader.hub.HubEnvironment;
import dev.gatun.loader.hub.ModelRequest;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code gatun download}: a model from the hub into the cache. */
@Command(
    name = "download",
    mixinStandardHelpOptions = true,
    description = {
      "Downloads a model from the hub into the Hugging Face cache and prints its directory.",
      "",
      "Without --include only what a load reads: configuration, tokenizer, safetensors. A branch is",
      "brought up to date; with HF_HUB_OFFLINE=1 what the cache has of it serves. Python programs",
      "find the files too, and those they have downloaded are not downloaded again. Environment:",
      "HF_TOKEN for private and gated models, HF_HOME or HF_HUB_CACHE for the place, HF_ENDPOINT for",
      "another hub.",
      "",
    },
    footer = {
      "",
      "Examples:",
      "  gatun download sentence-transformers/all-MiniLM-L6-v2",
      "  gatun download org/name --revision refs/pr/1",
      "  gatun download org/name --include '*.json' --include '1_Pooling/'",
    })
final class DownloadCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Parameters(paramLabel = "MODEL", description = "Id of a model, as google-t5/t5-small.")
  private String model;

  @Option(
      names = "--revision",
      paramLabel = "REV",
      description = "Branch, tag, commit or refs/pr/N (main).")
  private String revision = ModelRequest.DEFAULT_REVISION;

  @Option(
      names = "--include",
      paramLabel = "GLOB",
      description = "Instead: all files whose path matches; * matches slashes. May be repeated.")
  private List<String> include = List.of();

  @Override
  public Integer call() {
    Path snapshot;
    try (var bar = new DownloadBar(spec.commandLine().getErr())) {
      var hub = new Hub(HubEnvironment.system(), bar);
      snapshot =
          include.isEmpty()
              ? hub.download(model, revision)
              : hub.download(model, revision, include);
    }
    spec.commandLine().getOut().println(snapshot);
    return Gatun.OK;
  }
}
