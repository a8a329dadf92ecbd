package dev.gatun.loader.hub;

import dev.gatun.loader.hub.ModelSource.Answer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Finds the model that a user means by a directory or a hub id, by asking a list of sources.
 * Nothing is downloaded.
 */
public final class ModelLocator {
  private final List<ModelSource> sources;

  /** A locator that asks {@code sources} in this order. */
  public ModelLocator(List<ModelSource> sources) {
    this.sources = List.copyOf(sources);
  }

  /**
   * Local directories, then the Hugging Face cache of {@code environment}, then the built-in
   * catalogue.
   */
  public static ModelLocator standard(HubEnvironment environment) {
    return new ModelLocator(
        List.of(
            new DirectorySource(Path.of("").toAbsolutePath()),
            new CacheSource(environment.cacheDirectory()),
            new CatalogueSource()));
  }

  /**
   * Finds the default revision of a model.
   *
   * @throws ModelNotFoundException if no source has it
   */
  public ModelLocation locate(String idOrPath) {
    return locate(idOrPath, ModelRequest.DEFAULT_REVISION);
  }

  /**
   * Finds a model.
   *
   * @param revision branch, tag or 40-digit commit; directories have none and ignore it
   * @throws ModelNotFoundException if no source has it
   */
  public ModelLocation locate(String idOrPath, String revision) {
    ModelRequest request = new ModelRequest(idOrPath, revision);
    if (idOrPath.isBlank()) {
      throw new ModelNotFoundException(
          idOrPath, List.of(), "Give a directory or a hub id, such as google-t5/t5-small.");
    }
    if (!request.hasValidRevision()) {
      throw new ModelNotFoundException(
          idOrPath, List.of(), "The revision \"" + revision + "\" is not a branch, tag or commit.");
    }
    List<String> searched = new ArrayList<>();
    for (ModelSource source : sources) {
      switch (source.find(request)) {
        case Answer.Found found -> {
          return found.location();
        }
        case Answer.Absent absent -> searched.add(absent.searched());
      }
    }
    throw new ModelNotFoundException(idOrPath, searched, advice(request));
  }

  /**
   * The directory with a model's files, weights among them.
   *
   * @throws ModelNotFoundException if no source has it, or all that is known is its configuration
   */
  public Path locateFiles(String idOrPath, String revision) {
    return switch (locate(idOrPath, revision)) {
      case ModelLocation.LocalDirectory local -> local.path();
      case ModelLocation.CachedSnapshot snapshot -> snapshot.path();
      case ModelLocation.Catalogued catalogued ->
          throw new ModelNotFoundException(
              idOrPath,
              List.of(
                  "built-in catalogue: has the configuration of "
                      + catalogued.id()
                      + ", but no weights"),
              advice(new ModelRequest(idOrPath, revision)));
    };
  }

  private static String advice(ModelRequest request) {
    String directory = "give a directory that holds config.json and model.safetensors";
    return request.id().isEmpty()
        ? Character.toUpperCase(directory.charAt(0)) + directory.substring(1) + "."
        : "Download it with the Hugging Face client, hf download "
            + request.model()
            + ", or "
            + directory
            + ".";
  }
}
