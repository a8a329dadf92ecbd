package dev.gatun.loader.hub;

import dev.gatun.loader.hub.ModelSource.Answer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Finds the model that a user means by a directory or a hub id, by asking a list of sources. */
public final class ModelLocator {
  private final List<ModelSource> sources;

  /** A locator that asks {@code sources} in this order. */
  public ModelLocator(List<ModelSource> sources) {
    this.sources = List.copyOf(sources);
  }

  /** As {@link #standard(HubEnvironment, HubListener)}, in silence. */
  public static ModelLocator standard(HubEnvironment environment) {
    return standard(environment, HubListener.NONE);
  }

  /**
   * Where a load looks: directories, then the Hugging Face cache of {@code environment}, then the
   * hub, which is not asked for what the cache has completely. If the hub cannot be asked, a cached
   * model serves that may lack files beside configuration and weights.
   */
  public static ModelLocator standard(HubEnvironment environment, HubListener listener) {
    Path cache = environment.cacheDirectory();
    return new ModelLocator(
        List.of(
            new DirectorySource(Path.of("").toAbsolutePath()),
            new CacheSource(cache, CacheSource.Need.EVERYTHING),
            new HubSource(environment, listener, HubSource.Scope.LOAD),
            new CacheSource(cache, CacheSource.Need.WEIGHTS),
            new CatalogueSource()));
  }

  /**
   * Where to look for what a model is: of one that is only on the hub nothing but its configuration
   * is downloaded, and one that cannot be had may be known from the built-in catalogue.
   */
  public static ModelLocator inspecting(HubEnvironment environment, HubListener listener) {
    Path cache = environment.cacheDirectory();
    return new ModelLocator(
        List.of(
            new DirectorySource(Path.of("").toAbsolutePath()),
            new CacheSource(cache, CacheSource.Need.WEIGHTS),
            new HubSource(environment, listener, HubSource.Scope.INSPECT),
            new CacheSource(cache, CacheSource.Need.CONFIG),
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
   * @throws HubException if the hub may have it but did not give it
   */
  public ModelLocation locate(String idOrPath, String revision) {
    return locate(idOrPath, revision, true);
  }

  private ModelLocation locate(String idOrPath, String revision, boolean configurationDoes) {
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
    HubException failure = null;
    for (ModelSource source : sources) {
      switch (source.find(request)) {
        case Answer.Found(ModelLocation.Catalogued known) when !configurationDoes ->
            searched.add("built-in catalogue: the configuration of " + known.id() + ", no weights");
        case Answer.Found(ModelLocation location) -> {
          if (failure == null || serves(location, failure)) {
            return location;
          }
        }
        case Answer.Absent(String place) -> {
          if (!searched.contains(place)) {
            searched.add(place);
          }
        }
        case Answer.Failed(HubException e) -> failure = e;
      }
    }
    if (failure != null) {
      throw failure;
    }
    throw new ModelNotFoundException(idOrPath, searched, advice(request));
  }

  /**
   * Whether an older answer may stand in for one that the hub failed to give. Not where what it
   * sent was wrong, or where it has no such revision or file.
   */
  private static boolean serves(ModelLocation location, HubException failure) {
    return failure.isUnreachable()
        || location instanceof ModelLocation.CachedSnapshot
            && (failure instanceof HubException.RepositoryNotFound
                || failure instanceof HubException.GatedRepository
                || failure instanceof HubException.RepositoryDisabled
                || failure instanceof HubException.InvalidToken
                || failure instanceof HubException.Forbidden
                || failure instanceof HubException.CacheFailure);
  }

  /**
   * The directory with a model's files, weights among them.
   *
   * @throws ModelNotFoundException if no source has it, or all that is known is its configuration
   * @throws HubException if the hub may have it but did not give it
   */
  public Path locateFiles(String idOrPath, String revision) {
    return locate(idOrPath, revision, false)
        .directory()
        .orElseThrow(() -> new IllegalStateException("this locator only inspects"));
  }

  private static String advice(ModelRequest request) {
    String directory = "give a directory that holds config.json and model.safetensors";
    return request.id().isEmpty()
        ? Character.toUpperCase(directory.charAt(0)) + directory.substring(1) + "."
        : "Check the id; download it where there is a network, gatun download "
            + request.model()
            + "; or "
            + directory
            + ".";
  }
}
