package dev.gatun.loader.hub;

import dev.gatun.loader.Checkpoint;
import java.nio.file.Path;
import java.util.Optional;

/** Where a model was found. */
public sealed interface ModelLocation {

  /** A directory that was named as such. */
  record LocalDirectory(Path path) implements ModelLocation {}

  /**
   * A revision in the cache of the Hugging Face client. Its files may be links; they are never
   * written to.
   *
   * @param id the id under which it is cached, which for an old id can be today's name
   * @param commit 40 hexadecimal digits
   */
  record CachedSnapshot(Path path, String id, String commit) implements ModelLocation {}

  /**
   * A model on the hub of which only the configuration was downloaded.
   *
   * @param snapshot the cache's, with config.json
   * @param headers names, shapes and types of the stored weights; their data is not there
   * @param problem why there are no headers; empty if there are
   */
  record RemoteModel(CachedSnapshot snapshot, Optional<Checkpoint> headers, String problem)
      implements ModelLocation {}

  /**
   * A well-known model of which only the configuration is known, from the catalogue that Gatun
   * carries.
   *
   * @param id today's id
   */
  record Catalogued(String id, String configJson) implements ModelLocation {}

  /** The directory with the model's files; empty if only its configuration is known. */
  default Optional<Path> directory() {
    return switch (this) {
      case LocalDirectory local -> Optional.of(local.path());
      case CachedSnapshot snapshot -> Optional.of(snapshot.path());
      case RemoteModel _, Catalogued _ -> Optional.empty();
    };
  }
}
