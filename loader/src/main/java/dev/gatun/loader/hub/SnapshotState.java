package dev.gatun.loader.hub;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.gatun.loader.GatunException;
import dev.gatun.loader.json.StrictJson;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * How much of a model is in the cache, told without a network. A file that is not there may be one
 * that the model does not have; that is known from a marker in {@code .no_exist} or from the list
 * of files in {@code trees}, which Python writes when it downloads a whole repository.
 */
final class SnapshotState {
  private final RepositoryCache cache;
  private final String commit;
  private final Path snapshot;
  private final Set<String> tree;

  SnapshotState(RepositoryCache cache, String commit) {
    this.cache = cache;
    this.commit = commit;
    this.snapshot = cache.snapshot(commit);
    this.tree = tree(cache.folder().resolve("trees").resolve(commit + ".json"));
  }

  Path path() {
    return snapshot;
  }

  /** Whether there is a configuration, or the list of modules of an embedding model. */
  boolean hasConfig() {
    return DirectorySource.isModel(snapshot);
  }

  /** Whether it has its weights too; what else a load wants may be missing. */
  boolean hasWeights() {
    try {
      return hasConfig()
          && folders().stream().filter(ModelFiles.Folder::hasWeights).allMatch(this::hasWeights);
    } catch (GatunException | IOException e) {
      return false;
    }
  }

  /** Whether nothing is missing that a load looks for. */
  boolean isComplete() {
    try {
      return hasWeights()
          && isSettled(ModelFiles.MODULES)
          && ModelFiles.ROOT.files().stream().allMatch(this::isSettled)
          && folders().stream().allMatch(this::isComplete);
    } catch (GatunException | IOException e) {
      return false;
    }
  }

  private List<ModelFiles.Folder> folders() throws IOException {
    return exists(ModelFiles.MODULES)
        ? ModelFiles.folders(read(snapshot.resolve(ModelFiles.MODULES)))
        : List.of(ModelFiles.ROOT);
  }

  private boolean isComplete(ModelFiles.Folder folder) {
    return folder.files().stream().allMatch(this::isSettled)
        && (!folder.hasWeights() || hasWeights(folder));
  }

  private boolean hasWeights(ModelFiles.Folder folder) {
    if (exists(folder.file(ModelFiles.WEIGHTS))) {
      return true;
    }
    Path index = snapshot.resolve(folder.file(ModelFiles.INDEX));
    try {
      return Files.isRegularFile(index)
          && ModelFiles.shards(folder, read(index)).stream().allMatch(this::exists);
    } catch (GatunException | IOException e) {
      return false;
    }
  }

  private boolean exists(String file) {
    return Files.isRegularFile(snapshot.resolve(file));
  }

  private boolean isSettled(String file) {
    return exists(file)
        || cache.isKnownAbsent(commit, file)
        || tree != null && !tree.contains(file);
  }

  static byte[] read(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      byte[] bytes = in.readNBytes(ModelFiles.LONGEST_JSON + 1);
      if (bytes.length > ModelFiles.LONGEST_JSON) {
        throw new IOException(file + " is longer than " + ModelFiles.LONGEST_JSON + " bytes");
      }
      return bytes;
    }
  }

  private static Set<String> tree(Path file) {
    try {
      if (!Files.isRegularFile(file)) {
        return null;
      }
      ObjectNode root = StrictJson.readObject(read(file));
      JsonNode files = root.path("files");
      if (root.path("format_version").asInt() != 1 || !files.isObject()) {
        return null;
      }
      Set<String> names = new HashSet<>();
      files.fieldNames().forEachRemaining(names::add);
      return names;
    } catch (IOException e) {
      // It only saves a question to the hub.
      return null;
    }
  }
}
