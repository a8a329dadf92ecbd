package dev.gatun.loader.hub;

import dev.gatun.loader.json.Text;
import dev.gatun.loader.safetensors.SafetensorsException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;

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
   * modules of sentence-transformers. A branch or tag is asked for anew.
   *
   * @param revision branch, tag, commit or {@code refs/pr/N}
   * @return the snapshot's directory
   */
  public Path download(String id, String revision) {
    ModelRequest request = request(id, revision);
    try (var client = new HubClient(settings, listener)) {
      return new ModelDownload(client, listener, request).run();
    }
  }

  /**
   * Brings all files that match one of the patterns into the cache; {@code *} matches slashes too.
   *
   * @return the snapshot's directory
   * @throws HubException.FileNotFound if none does
   */
  public Path download(String id, String revision, Collection<String> include) {
    ModelRequest request = request(id, revision);
    var globs = new Globs(include);
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
