package dev.gatun.loader.hub;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;

/**
 * One model's folder in the cache, laid out as the Python client lays it out: {@code blobs/} by
 * etag, {@code snapshots/<commit>/} with links to them, {@code refs/} from revisions to commits,
 * {@code .no_exist/<commit>/} for files that are known not to be there. Whatever becomes visible
 * does so whole, by a move or as a link.
 */
final class RepositoryCache {
  private static final String LOCKS = ".locks";
  private static final int LONGEST_REF = 256;
  private static final String TAG =
      """
      Signature: 8a477f597d28d172789f06886806bc55
      # This file is a cache directory tag created by huggingface_hub.
      # For information about cache directory tags, see:
      #\thttps://bford.info/cachedir/
      """;

  /** No transfer stands still that long, so a temporary file that does was left by a dead one. */
  private static final Duration ABANDONED = Duration.ofHours(1);

  private final Path cache;
  private final Path folder;
  private final boolean links;

  /**
   * @param id as the user typed it: an old id has a folder of its own
   * @param links whether snapshots may hold links
   */
  RepositoryCache(Path cache, String id, boolean links) {
    this.cache = cache;
    this.folder = cache.resolve(folderName(id));
    this.links = links;
  }

  static String folderName(String id) {
    return "models--" + id.replace("/", "--");
  }

  Path folder() {
    return folder;
  }

  Path snapshot(String commit) {
    return folder.resolve("snapshots").resolve(commit);
  }

  Path pointer(String commit, String file) {
    return snapshot(commit).resolve(SafeNames.file(file, "the hub"));
  }

  Path blob(String etag) {
    return folder.resolve("blobs").resolve(etag);
  }

  boolean isKnownAbsent(String commit, String file) {
    return Files.exists(folder.resolve(".no_exist").resolve(commit).resolve(file));
  }

  /** The commit that a revision was last seen at, or itself if it is one. */
  Optional<String> commit(String revision) throws IOException {
    if (SafeNames.isCommit(revision)) {
      return Optional.of(revision);
    }
    Path ref = folder.resolve("refs").resolve(revision);
    if (!Files.isRegularFile(ref)) {
      return Optional.empty();
    }
    Optional<String> commit = readRef(ref);
    if (commit.isEmpty()) {
      throw new IOException("refs/" + revision + " does not hold a commit");
    }
    return commit;
  }

  /** The commit that a file holds; empty if it holds something else. */
  static Optional<String> readRef(Path ref) throws IOException {
    try (InputStream in = Files.newInputStream(ref)) {
      return Optional.of(new String(in.readNBytes(LONGEST_REF), StandardCharsets.UTF_8).strip())
          .filter(SafeNames::isCommit);
    }
  }

  /** Remembers which commit a revision is at. */
  void writeRef(String revision, String commit) throws IOException {
    if (revision.equals(commit)) {
      return;
    }
    Path refs = directory(folder, "refs");
    Path ref = below(refs, revision);
    if (Files.isRegularFile(ref) && readRef(ref).filter(commit::equals).isPresent()) {
      return;
    }
    Path temporary = ref.resolveSibling(ref.getFileName() + "." + random() + ".tmp");
    try {
      Files.writeString(temporary, commit, StandardOpenOption.CREATE_NEW);
      move(temporary, ref);
    } finally {
      Files.deleteIfExists(temporary);
    }
  }

  /** Remembers that a commit has no such file, so that nobody asks again. */
  void writeAbsent(String commit, String file) throws IOException {
    Path marker = below(directory(directory(folder, ".no_exist"), commit), file);
    try {
      Files.createFile(marker);
    } catch (FileAlreadyExistsException e) {
      // known already
    }
  }

  /** Makes the folders that a download writes to. */
  void prepare() throws IOException {
    Files.createDirectories(cache);
    Path tag = cache.resolve("CACHEDIR.TAG");
    if (!Files.exists(tag, LinkOption.NOFOLLOW_LINKS)) {
      Files.writeString(tag, TAG);
    }
    Files.createDirectories(folder);
    removeAbandoned(directory(folder, "blobs"));
    directory(folder, "snapshots");
    directory(directory(cache, LOCKS), folder.getFileName().toString());
  }

  /** What killed processes have left. */
  private static void removeAbandoned(Path blobs) {
    try (DirectoryStream<Path> found = Files.newDirectoryStream(blobs, "*.????????.incomplete")) {
      for (Path file : found) {
        if (isAbandoned(file)) {
          Files.deleteIfExists(file);
        }
      }
    } catch (IOException | DirectoryIteratorException e) {
      // Another user's. It takes space and does no harm.
    }
  }

  /** Whether a temporary file is that of a download which did not end. */
  static boolean isAbandoned(Path temporary) throws IOException {
    try {
      Instant written = Files.getLastModifiedTime(temporary).toInstant();
      return written.isBefore(Instant.now().minus(ABANDONED));
    } catch (NoSuchFileException e) {
      return false;
    }
  }

  Path lock(String etag) {
    return cache.resolve(LOCKS).resolve(folder.getFileName()).resolve(etag + ".lock");
  }

  /** A name beside the blob that no other process uses. */
  Path temporary(String etag) {
    return folder.resolve("blobs").resolve(etag + "." + random() + ".incomplete");
  }

  /**
   * Lets a commit's file be the blob, under the lock of the blob.
   *
   * @param fresh whether this process has just written the blob, which then may be moved
   */
  void point(String commit, String file, String etag, boolean fresh) throws IOException {
    Path pointer = below(directory(directory(folder, "snapshots"), commit), file);
    Path blob = blob(etag);
    // A link whose blob is gone, or whatever else stands there without being readable.
    Files.deleteIfExists(pointer);
    if (links) {
      try {
        Files.createSymbolicLink(pointer, pointer.getParent().relativize(blob));
        return;
      } catch (FileAlreadyExistsException e) {
        if (Files.isRegularFile(pointer)) {
          return;
        }
        throw e;
      } catch (IOException | UnsupportedOperationException | SecurityException e) {
        // The file system has no links.
      }
    }
    if (fresh) {
      move(blob, pointer);
      return;
    }
    // Another snapshot may already be this blob. The copy becomes visible when it is whole.
    Path copy = temporary(etag);
    try {
      Files.copy(blob, copy);
      move(copy, pointer);
    } finally {
      Files.deleteIfExists(copy);
    }
  }

  /** A folder's own subfolder, made if need be; never one that a link puts elsewhere. */
  private static Path directory(Path parent, String name) throws IOException {
    Path directory = parent.resolve(name);
    if (!Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)) {
      if (Files.isSymbolicLink(directory)) {
        throw new HubException.UnsafeName(
            "the cache's folder "
                + directory
                + " is a link, and writing would follow it. Remove the link");
      }
      Files.createDirectories(directory);
    }
    return directory;
  }

  /** {@code root/name} with its folders made. */
  private static Path below(Path root, String name) throws IOException {
    Path at = root;
    String[] parts = SafeNames.file(name, "the hub").split("/");
    for (int i = 0; i < parts.length - 1; i++) {
      at = directory(at, parts[i]);
    }
    return at.resolve(parts[parts.length - 1]);
  }

  static void move(Path from, Path to) throws IOException {
    try {
      Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
    } catch (AtomicMoveNotSupportedException e) {
      Files.move(from, to, StandardCopyOption.REPLACE_EXISTING);
    }
  }

  private static String random() {
    return HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextInt());
  }
}
