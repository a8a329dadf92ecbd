package dev.gatun.loader.hub;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.function.Consumer;

/**
 * The lock of one blob, shared with Python processes: one downloads, the others wait and find it.
 * The cache is right without it: every download writes a file of its own and moves it into place.
 * So where a file system cannot lock, the download goes on, at worst twice. As in the reference the
 * lock file stays: unlinking would split those who wait.
 */
final class CacheLock implements AutoCloseable {
  private static final long FIRST_POLL_MILLIS = 5;
  private static final long LONGEST_POLL_MILLIS = 100;
  private static final Duration TELL = Duration.ofSeconds(10);

  private final Runnable release;

  private CacheLock(Runnable release) {
    this.release = release;
  }

  /**
   * Waits for the lock, as long as it takes.
   *
   * @param waiting told when the wait begins and every ten seconds
   */
  static CacheLock acquire(Path file, Consumer<Duration> waiting)
      throws IOException, InterruptedException {
    create(file);
    long start = System.nanoTime();
    long nextTold = 0;
    for (long poll = FIRST_POLL_MILLIS; ; poll = Math.min(2 * poll, LONGEST_POLL_MILLIS)) {
      CacheLock lock = tryAcquire(file);
      if (lock != null) {
        return lock;
      }
      long waited = System.nanoTime() - start;
      if (waited >= nextTold) {
        waiting.accept(Duration.ofNanos(waited));
        nextTold += TELL.toNanos();
      }
      Thread.sleep(poll);
    }
  }

  private static CacheLock tryAcquire(Path file) throws IOException {
    if (Flock.system().isEmpty()) {
      return tryChannelLock(file);
    }
    Flock flock = Flock.system().get();
    int descriptor;
    try {
      descriptor = flock.tryLock(file);
    } catch (IOException e) {
      return new CacheLock(() -> {});
    }
    return descriptor < 0 ? null : new CacheLock(() -> flock.unlock(descriptor));
  }

  /** On Windows this is the lock that Python takes. */
  private static CacheLock tryChannelLock(Path file) throws IOException {
    FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE);
    FileLock lock = null;
    try {
      lock = channel.tryLock(0, 1, false);
    } catch (OverlappingFileLockException e) {
      // held by another thread of this process
    } finally {
      if (lock == null) {
        channel.close();
      }
    }
    return lock == null ? null : new CacheLock(() -> closeQuietly(channel));
  }

  private static void closeQuietly(FileChannel channel) {
    try {
      channel.close();
    } catch (IOException e) {
      // The lock is gone with the descriptor either way.
    }
  }

  private static void create(Path file) throws IOException {
    if (Files.isSymbolicLink(file)) {
      throw new IOException("the lock file " + file + " is a link");
    }
    try {
      Files.createFile(file);
      // So that others who share the cache can wait too.
      Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-rw-r--"));
    } catch (FileAlreadyExistsException e) {
      if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
        throw e;
      }
    } catch (UnsupportedOperationException e) {
      // Windows has no such permissions.
    }
  }

  @Override
  public void close() {
    release.run();
  }
}
