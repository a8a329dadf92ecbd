package dev.gatun.loader.hub;

/** The hub itself: what is not in the cache is downloaded into it. */
final class HubSource implements ModelSource {
  /** What is fetched. */
  enum Scope {
    /** All that a load reads. */
    LOAD,
    /** The configuration; of the weights only what they say about themselves. */
    INSPECT
  }

  private final HubEnvironment environment;
  private final HubListener listener;
  private final Scope scope;

  HubSource(HubEnvironment environment, HubListener listener, Scope scope) {
    this.environment = environment;
    this.listener = listener;
    this.scope = scope;
  }

  @Override
  public Answer find(ModelRequest request) {
    if (request.id().isEmpty()) {
      return new Answer.Absent("hub: not a hub id");
    }
    if (environment.isOffline()) {
      return new Answer.Absent("hub: not asked, HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE is set");
    }
    try {
      return new Answer.Found(fetch(request));
    } catch (HubException e) {
      return new Answer.Failed(e);
    }
  }

  private ModelLocation fetch(ModelRequest request) {
    HubSettings settings = HubSettings.of(environment);
    if (hasFallback(settings, request)) {
      // Somebody without a network should not wait for retries of what is not needed.
      settings = settings.withRetries(0);
    }
    var hub = new Hub(settings, listener);
    if (scope == Scope.INSPECT) {
      return hub.inspect(request.model(), request.revision());
    }
    var path = hub.download(request.model(), request.revision());
    return new ModelLocation.CachedSnapshot(
        path, KnownIds.onHub(request.model()), path.getFileName().toString());
  }

  private boolean hasFallback(HubSettings settings, ModelRequest request) {
    var cached = new CacheSource(settings.cache(), CacheSource.Need.CONFIG).find(request);
    boolean catalogued =
        scope == Scope.INSPECT && new CatalogueSource().find(request) instanceof Answer.Found;
    return cached instanceof Answer.Found || catalogued;
  }
}
