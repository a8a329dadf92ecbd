package dev.gatun.loader.hub;

import dev.gatun.loader.json.Text;
import dev.gatun.loader.safetensors.SafetensorsException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/**
 * Downloads models into the cache that the Python client uses too. Every method may be called from
 * many threads and processes at once; a file is transferred once. Failures are {@link
 * HubException}s.
 */
public final class Hub {
  private final HubSettings settings;
  private final HubListener listener;

  Hub(HubSettings settings, HubListener listener) {
    this.settings = settings;
    this.listener = listener;
  }

  /** The hub that {@code environment} names, with its cache and token. */
  public Hub(HubEnvironment environment, HubListener listener) {
    this(HubSettings.of(environment), listener);
  }

  HubSettings settings() {
    return settings;
  }

  /**
   * Brings what a load of the model reads into the cache: configuration, tokenizer, safetensors,
   * modules of sentence-transformers. A branch or tag is asked for anew; offline, what the cache
   * has of it serves if the weights are there.
   *
   * @param revision branch, tag, commit or {@code refs/pr/N}
   * @return the snapshot's directory
   */
  public Path download(String id, String revision) {
    ModelRequest request = request(id, revision);
    Optional<Path> cached = offline(request, CacheSource.Need.WEIGHTS);
    if (cached.isPresent()) {
      return cached.get();
    }
    try (var client = new HubClient(settings, listener)) {
      return new ModelDownload(client, listener, request).run();
    }
  }

  /**
   * Brings all files that match one of the patterns into the cache; {@code *} matches slashes too.
   * Offline, a revision serves of which the cache has such a file.
   *
   * @return the snapshot's directory
   * @throws HubException.FileNotFound if none does
   */
  public Path download(String id, String revision, Collection<String> include) {
    ModelRequest request = request(id, revision);
    var globs = new Globs(include);
    Optional<Path> cached =
        offline(request, CacheSource.Need.SNAPSHOT).filter(path -> hasFile(path, globs));
    if (cached.isPresent()) {
      return cached.get();
    }
    try (var client = new HubClient(settings, listener)) {
      return new ModelDownload(client, listener, request).run(globs, include);
    }
  }

  /**
   * The configuration, in the cache, with the headers of the weights, of which nothing is stored.
   * Where the weights are no safetensors the headers are absent.
   *
   * @throws SafetensorsException if a header is malformed or longer than 25,000,000 bytes
   */
  public ModelLocation.RemoteModel inspect(String id, String revision) {
    ModelRequest request = request(id, revision);
    try (var client = new HubClient(settings, listener)) {
      return new RemoteInspection(client, listener, request).run();
    }
  }

  /** Where no request may be made: what the cache has, if that is enough. */
  private Optional<Path> offline(ModelRequest request, CacheSource.Need need) {
    return settings.offline()
            && new CacheSource(settings.cache(), need).find(request)
                instanceof ModelSource.Answer.Found(ModelLocation location)
        ? location.directory()
        : Optional.empty();
  }

  private static boolean hasFile(Path snapshot, Globs globs) {
    try {
      return HubCache.files(snapshot).stream()
          .map(file -> snapshot.relativize(file).toString().replace('\\', '/'))
          .anyMatch(globs::match);
    } catch (IOException e) {
      // What may not be read is as good as absent.
      return false;
    }
  }

  private static ModelRequest request(String id, String revision) {
    var request = new ModelRequest(KnownIds.onHub(id), revision);
    if (request.id().isEmpty() || !request.hasValidRevision()) {
      throw new ModelNotFoundException(
          id,
          List.of(),
          request.id().isEmpty()
              ? "This is not a hub id; give one such as google-t5/t5-small."
              : "The revision " + Text.quote(revision) + " is not a branch, tag or commit.");
    }
    return request;
  }
}
