package dev.gatun.loader.hub;

import dev.gatun.loader.json.StrictJson;
import dev.gatun.loader.json.Text;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The cache of the Hugging Face client, read only: what any Python program has downloaded is found
 * here.
 */
final class CacheSource implements ModelSource {
  /** How much of a model must be there. */
  enum Need {
    /** Any file. */
    SNAPSHOT("no files"),
    CONFIG("no config.json"),
    /** Configuration and weights. */
    WEIGHTS("not both config.json and its weights"),
    /** All that a load looks for, or the knowledge that the model does not have it. */
    EVERYTHING("not all that a load looks for");

    private final String otherwise;

    Need(String otherwise) {
      this.otherwise = otherwise;
    }
  }

  private final Path cache;
  private final Need need;

  CacheSource(Path cache, Need need) {
    this.cache = cache;
    this.need = need;
  }

  @Override
  public Answer find(ModelRequest request) {
    if (request.id().isEmpty()) {
      return new Answer.Absent(
          "Hugging Face cache: " + Text.quote(request.model()) + " is not a hub id");
    }
    if (!Files.isDirectory(cache)) {
      return new Answer.Absent("Hugging Face cache " + cache + ": does not exist");
    }
    List<String> reasons = new ArrayList<>();
    // The client names the folder after the id as it was typed, so an old id has a folder of its
    // own.
    for (String id : KnownIds.spellings(request.id().get())) {
      Path folder = cache.resolve(RepositoryCache.folderName(id));
      if (!Files.isDirectory(folder)) {
        reasons.add("no " + folder.getFileName());
        continue;
      }
      try {
        var repository = new RepositoryCache(cache, id, true);
        Optional<String> commit = repository.commit(request.revision());
        if (commit.isEmpty()) {
          throw new IOException("no refs/" + request.revision());
        }
        var state = new SnapshotState(repository, commit.get());
        if (meets(state)) {
          return new Answer.Found(new ModelLocation.CachedSnapshot(state.path(), id, commit.get()));
        }
        reasons.add(folder.getFileName() + " has " + need.otherwise + " at commit " + commit.get());
      } catch (IOException e) {
        reasons.add(
            folder.getFileName()
                + " has no revision "
                + request.revision()
                + " ("
                + StrictJson.reason(e)
                + ")");
      }
    }
    return new Answer.Absent("Hugging Face cache " + cache + ": " + String.join("; ", reasons));
  }

  private boolean meets(SnapshotState state) {
    return switch (need) {
      case SNAPSHOT -> Files.isDirectory(state.path());
      case CONFIG -> state.hasConfig();
      case WEIGHTS -> state.hasWeights();
      case EVERYTHING -> state.isComplete();
    };
  }
}
