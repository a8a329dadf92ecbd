package dev.gatun.loader.hub;

import dev.gatun.loader.json.StrictJson;
import dev.gatun.loader.json.Text;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Stream;

/** The models in the cache: what is there, and how it goes. */
public final class HubCache {
  private static final String PREFIX = "models--";

  private final Path cache;

  public HubCache(HubEnvironment environment) {
    this(environment.cacheDirectory().toAbsolutePath().normalize());
  }

  HubCache(Path cache) {
    this.cache = cache;
  }

  /** The cache directory; it may not exist. */
  public Path directory() {
    return cache;
  }

  /**
   * All models, by id.
   *
   * @throws HubException.CacheFailure if the cache cannot be read
   */
  public List<CachedModel> models() {
    Map<String, CachedModel> models = new TreeMap<>();
    try {
      for (Path folder : children(cache)) {
        String name = folder.getFileName().toString();
        if (name.startsWith(PREFIX) && Files.isDirectory(folder)) {
          String id = name.substring(PREFIX.length()).replace("--", "/");
          models.put(id, model(id, folder));
        }
      }
    } catch (IOException e) {
      throw failure("read", e);
    }
    return List.copyOf(models.values());
  }

  /**
   * A model by its id.
   *
   * @throws ModelNotFoundException if the cache does not have it
   */
  public CachedModel model(String id) {
    Path folder = cache.resolve(RepositoryCache.folderName(id));
    if (new ModelRequest(id, ModelRequest.DEFAULT_REVISION).id().isEmpty()
        || !Files.isDirectory(folder)) {
      throw new ModelNotFoundException(
          id, List.of("Hugging Face cache " + cache), "gatun cache ls lists what it has.");
    }
    try {
      return model(id, folder);
    } catch (IOException e) {
      throw failure("read", e);
    }
  }

  private static CachedModel model(String id, Path folder) throws IOException {
    Map<String, List<String>> refs = refs(folder);
    List<CachedModel.Revision> revisions = new ArrayList<>();
    Map<Object, Long> sizes = new HashMap<>();
    for (Path snapshot : children(folder.resolve("snapshots"))) {
      String commit = snapshot.getFileName().toString();
      long bytes = 0;
      Instant downloaded = Instant.EPOCH;
      List<Path> files = files(snapshot);
      for (Path file : files) {
        BasicFileAttributes facts = Files.readAttributes(file, BasicFileAttributes.class);
        sizes.put(facts.fileKey() == null ? file.toRealPath() : facts.fileKey(), facts.size());
        bytes += facts.size();
        Instant time = facts.lastModifiedTime().toInstant();
        downloaded = time.isAfter(downloaded) ? time : downloaded;
      }
      revisions.add(
          new CachedModel.Revision(
              commit, refs.getOrDefault(commit, List.of()), files.size(), bytes, downloaded));
    }
    for (Path blob : children(folder.resolve("blobs"))) {
      if (Files.isRegularFile(blob)) {
        BasicFileAttributes facts = Files.readAttributes(blob, BasicFileAttributes.class);
        sizes.put(facts.fileKey() == null ? blob.toRealPath() : facts.fileKey(), facts.size());
      }
    }
    long total = sizes.values().stream().mapToLong(Long::longValue).sum();
    return new CachedModel(id, folder, total, revisions);
  }

  /** Branches and tags by commit. */
  private static Map<String, List<String>> refs(Path folder) throws IOException {
    Map<String, List<String>> refs = new HashMap<>();
    Path root = folder.resolve("refs");
    for (Path file : files(root)) {
      String name = root.relativize(file).toString().replace('\\', '/');
      RepositoryCache.readRef(file)
          .ifPresent(commit -> refs.computeIfAbsent(commit, _ -> new ArrayList<>()).add(name));
    }
    refs.values().forEach(names -> names.sort(null));
    return refs;
  }

  /**
   * Removes a model with all its revisions.
   *
   * @return the bytes that were freed
   * @throws ModelNotFoundException if the cache does not have it
   */
  public long remove(String id) {
    CachedModel model = model(id);
    try {
      // Out of sight at once, so that nobody sees half of it.
      Path hidden = Files.createTempDirectory(cache, ".removed-");
      Files.move(model.folder(), hidden.resolve("model"));
      // The locks stay: somebody may be waiting for one.
      return delete(hidden);
    } catch (IOException e) {
      throw failure("changed", e);
    }
  }

  /**
   * Removes one revision of a model: its snapshot, the refs to it and the blobs that no other
   * snapshot uses.
   *
   * @param revision branch, tag or commit
   * @return the bytes that were freed
   * @throws ModelNotFoundException if the cache does not have it
   */
  public long remove(String id, String revision) {
    CachedModel model = model(id);
    String commit =
        model.revisions().stream()
            .filter(r -> r.commit().equals(revision) || r.refs().contains(revision))
            .map(CachedModel.Revision::commit)
            .findFirst()
            .orElseThrow(
                () ->
                    new ModelNotFoundException(
                        id,
                        List.of(model.folder() + ": no revision " + Text.quote(revision)),
                        "gatun cache ls lists what it has."));
    if (model.revisions().size() == 1) {
      return remove(id);
    }
    try {
      Path hidden = Files.createTempDirectory(cache, ".removed-");
      Files.move(model.folder().resolve("snapshots").resolve(commit), hidden.resolve("snapshot"));
      long freed = delete(hidden);
      for (String ref : refs(model.folder()).getOrDefault(commit, List.of())) {
        Files.deleteIfExists(model.folder().resolve("refs").resolve(ref));
      }
      Set<String> used = new HashSet<>();
      for (Path link : links(model.folder().resolve("snapshots"))) {
        used.add(Files.readSymbolicLink(link).getFileName().toString());
      }
      for (Path blob : children(model.folder().resolve("blobs"))) {
        String name = blob.getFileName().toString();
        // A temporary file may be another process's, at work.
        if (!used.contains(name) && !name.endsWith(".incomplete")) {
          freed += delete(blob);
        }
      }
      return freed;
    } catch (IOException e) {
      throw failure("changed", e);
    }
  }

  /** Deletes a tree, links and not what they point to. */
  private static long delete(Path root) throws IOException {
    long[] freed = {0};
    Files.walkFileTree(
        root,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes facts)
              throws IOException {
            freed[0] += facts.isRegularFile() ? facts.size() : 0;
            Files.delete(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path folder, IOException failure)
              throws IOException {
            if (failure != null) {
              throw failure;
            }
            Files.delete(folder);
            return FileVisitResult.CONTINUE;
          }
        });
    return freed[0];
  }

  /** What is wrong with a model in the cache; empty where nothing is. Reads every byte. */
  public List<String> verify(String id) {
    CachedModel model = model(id);
    try {
      return new CacheVerification(cache, model).problems();
    } catch (IOException e) {
      throw failure("read", e);
    }
  }

  static List<Path> children(Path folder) throws IOException {
    List<Path> children = new ArrayList<>();
    try (DirectoryStream<Path> found = Files.newDirectoryStream(folder)) {
      found.forEach(children::add);
    } catch (NoSuchFileException e) {
      return List.of();
    }
    children.sort(null);
    return children;
  }

  /** Readable files below a folder, links to files among them. */
  static List<Path> files(Path root) throws IOException {
    if (!Files.isDirectory(root)) {
      return List.of();
    }
    return walk(root, Files::isRegularFile);
  }

  static List<Path> links(Path root) throws IOException {
    if (!Files.isDirectory(root)) {
      return List.of();
    }
    return walk(root, Files::isSymbolicLink);
  }

  private static List<Path> walk(Path root, Predicate<Path> wanted) throws IOException {
    try (Stream<Path> all = Files.walk(root)) {
      return all.filter(wanted).sorted().toList();
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  private HubException failure(String what, IOException e) {
    return new HubException.CacheFailure(
        "the cache " + cache + " cannot be " + what + ": " + StrictJson.reason(e), e);
  }
}
