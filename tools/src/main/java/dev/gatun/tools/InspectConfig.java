package dev.gatun.tools;

import dev.gatun.loader.hub.HubEnvironment;
import dev.gatun.loader.hub.ModelLocation;
import dev.gatun.loader.hub.ModelLocator;
import dev.gatun.loader.hub.ModelRequest;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code gatun inspect-config}: what a model is, without running it. */
@Command(
    name = "inspect-config",
    mixinStandardHelpOptions = true,
    description = {
      "Says what a model is, how large, and whether Gatun can run it; if not, why.",
      "",
      "Reads config.json and the headers of the weights, never the weights; of a model on the hub",
      "nothing else is downloaded. Facts have one name",
      "whatever config.json calls them: n_embd, d_model and dim are all hidden_size. Exit status",
      "1 is for a model that is not found or no model at all.",
      "",
    },
    footer = {
      "",
      "Examples:",
      "  gatun inspect-config gpt2",
      "  gatun inspect-config ./my-model --json",
      "  gatun inspect-config ./my-model/config.json --class BertForMaskedLM",
    })
final class InspectConfig implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Parameters(paramLabel = "MODEL", description = "Directory, config.json, or id of a model.")
  private String model;

  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  @Option(
      names = "--class",
      paramLabel = "CLASS",
      description = "As if loaded as this class instead of config.json's.")
  private String asClass;

  @Option(
      names = "--revision",
      paramLabel = "REV",
      description = "Branch, tag or commit of a model given by its id (main).")
  private String revision = ModelRequest.DEFAULT_REVISION;

  @Override
  public Integer call() throws IOException {
    Source source = source();
    Inspection inspection =
        source.remote() != null
            ? Inspection.of(source.name(), source.config(), source.remote(), asClass)
            : Inspection.of(source.name(), source.config(), source.directory(), asClass);
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      out.println(InspectionView.json(model, inspection).toPrettyString());
    } else {
      out.print(InspectionView.text(source.place(), inspection));
    }
    return Gatun.OK;
  }

  /**
   * A config.json.
   *
   * @param name of the file, for messages
   * @param directory where the weights would be, or null
   * @param remote the model where it is not on this machine, else null
   * @param place of the model in words
   */
  private record Source(
      String name, byte[] config, Path directory, ModelLocation.RemoteModel remote, String place) {}

  private Source source() throws IOException {
    Path file = Path.of(model);
    if (Files.isRegularFile(file)) {
      return new Source(model, Files.readAllBytes(file), null, null, model);
    }
    return switch (located()) {
      case ModelLocation.LocalDirectory local -> inDirectory(local.path(), local.path().toString());
      case ModelLocation.CachedSnapshot cached ->
          inDirectory(cached.path(), cached.id() + " at " + cached.commit() + ", " + cached.path());
      case ModelLocation.RemoteModel remote -> onTheHub(remote);
      case ModelLocation.Catalogued known ->
          new Source(
              known.id() + "/config.json",
              known.configJson().getBytes(StandardCharsets.UTF_8),
              null,
              null,
              known.id() + " (its configuration is built in; the weights are not on this machine)");
    };
  }

  private ModelLocation located() {
    try (var bar = new DownloadBar(spec.commandLine().getErr())) {
      return ModelLocator.inspecting(HubEnvironment.system(), bar).locate(model, revision);
    }
  }

  private static Source onTheHub(ModelLocation.RemoteModel remote) throws IOException {
    ModelLocation.CachedSnapshot snapshot = remote.snapshot();
    Path file = snapshot.path().resolve("config.json");
    return new Source(
        file.toString(),
        Files.readAllBytes(file),
        null,
        remote,
        snapshot.id()
            + " at "
            + snapshot.commit()
            + " (on the hub; the weights are not on this machine)");
  }

  private static Source inDirectory(Path directory, String place) throws IOException {
    Path file = directory.resolve("config.json");
    return new Source(file.toString(), Files.readAllBytes(file), directory, null, place);
  }
}
