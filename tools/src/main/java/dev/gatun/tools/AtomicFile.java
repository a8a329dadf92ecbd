package dev.gatun.tools;

import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/**
 * A file that is there whole or not at all: written beside its place under another name and moved
 * there in the end.
 */
final class AtomicFile implements Closeable {
  private final Path file;
  private final Path partial;
  private final FileChannel channel;

  private AtomicFile(Path file, Path partial, FileChannel channel) {
    this.file = file;
    this.partial = partial;
    this.channel = channel;
  }

  /**
   * @throws InputException if there is something else than a file in its place
   */
  static AtomicFile open(Path wanted) throws IOException {
    if (Files.exists(wanted) && !Files.isRegularFile(wanted)) {
      throw new InputException(wanted + " is there already and is no regular file");
    }
    // a link stays a link
    Path file = Files.exists(wanted) ? wanted.toRealPath() : wanted.toAbsolutePath();
    if (!Files.isDirectory(file.getParent())) {
      throw new InputException(wanted + ": there is no directory " + file.getParent());
    }
    Path partial =
        file.resolveSibling(file.getFileName() + "." + ProcessHandle.current().pid() + ".partial");
    FileChannel channel;
    try {
      channel =
          FileChannel.open(
              partial,
              StandardOpenOption.CREATE,
              StandardOpenOption.TRUNCATE_EXISTING,
              StandardOpenOption.WRITE);
    } catch (IOException e) {
      throw new InputException(wanted + " can't be written: " + e, e);
    }
    partial.toFile().deleteOnExit(); // where the user interrupts the work
    return new AtomicFile(file, partial, channel);
  }

  FileChannel channel() {
    return channel;
  }

  /** What is written becomes the file. */
  void commit() throws IOException {
    channel.close();
    Files.move(partial, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  @Override
  public void close() throws IOException {
    channel.close();
    Files.deleteIfExists(partial);
  }
}
