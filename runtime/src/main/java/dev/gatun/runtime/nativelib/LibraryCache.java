package dev.gatun.runtime.nativelib;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;

/**
 * Puts the packaged library where the dynamic linker can open it: {@code
 * <cache>/gatun/native/<sha256>/<name>}.
 *
 * <p>The content is compared with the packaged one on every use, and a damaged entry is replaced.
 * Entries are written beside their place and moved there atomically, so that processes that start
 * together, or one that already has the old file mapped, never see half a library.
 */
final class LibraryCache {

  private LibraryCache() {}

  /**
   * @param library the library's bytes
   * @param fileName what the file is to be called
   * @param hash their SHA-256 in hexadecimal digits, which only names the entry; computed when it
   *     doesn't look like one
   * @param cacheRoot the user's cache directory; created if absent
   * @return a file with exactly these bytes
   */
  static Path extract(byte[] library, String fileName, String hash, Path cacheRoot)
      throws IOException {
    String name = hash.matches("[0-9a-f]{64}") ? hash : sha256(library);
    Path directory = cacheRoot.resolve("gatun").resolve("native").resolve(name);
    Path target = directory.resolve(fileName);
    if (holds(target, library)) {
      return target;
    }
    createDirectories(directory);
    Path fresh = Files.createTempFile(directory, "libgatun", ".tmp");
    try {
      Files.write(fresh, library);
      Files.move(fresh, target, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Files.deleteIfExists(fresh);
    }
    if (!holds(target, library)) {
      throw new IOException(target + " does not hold what was just written to it");
    }
    return target;
  }

  private static boolean holds(Path file, byte[] library) throws IOException {
    try {
      return Arrays.equals(Files.readAllBytes(file), library);
    } catch (NoSuchFileException e) {
      return false;
    }
  }

  private static void createDirectories(Path directory) throws IOException {
    try {
      Files.createDirectories(directory);
    } catch (FileAlreadyExistsException e) {
      throw new IOException(e.getFile() + " is in the way: it is not a directory", e);
    }
  }

  private static String sha256(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java platform has SHA-256", e);
    }
  }
}
