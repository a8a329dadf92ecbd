package dev.gatun.runtime.nativelib;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LibraryCacheTest {

  private static final byte[] LIBRARY = "a library".getBytes(StandardCharsets.UTF_8);

  @TempDir Path root;

  @Test
  void entryIsNamedByItsHash() throws IOException {
    Path file = LibraryCache.extract(LIBRARY, "libgatun.so", "", root);

    assertEquals(
        root.resolve(
            "gatun/native/31f109ab38348582abdc9e1c9942f74505c719e98c6d0ab6fbcfdccfd8c9935b/libgatun.so"),
        file);
    assertArrayEquals(LIBRARY, Files.readAllBytes(file));
    assertNotEquals(file, LibraryCache.extract(new byte[] {1}, "libgatun.so", "", root));
  }

  @Test
  void aHashThatIsKnownIsNotComputed() throws IOException {
    String hash = "0123456789abcdef".repeat(4);
    Path file = LibraryCache.extract(LIBRARY, "libgatun.so", hash, root);

    assertEquals(root.resolve("gatun/native/" + hash + "/libgatun.so"), file);
    // It is only a name: what the entry holds is what counts.
    Path other = LibraryCache.extract(new byte[] {7}, "libgatun.so", hash, root);
    assertArrayEquals(new byte[] {7}, Files.readAllBytes(other));
    assertEquals(
        LibraryCache.extract(LIBRARY, "libgatun.so", "", root),
        LibraryCache.extract(LIBRARY, "libgatun.so", "../../x", root));
  }

  @Test
  void intactEntryIsNotWrittenAgain() throws IOException {
    Path file = LibraryCache.extract(LIBRARY, "libgatun.so", "", root);
    Object before = Files.getAttribute(file, "unix:ino");

    LibraryCache.extract(LIBRARY, "libgatun.so", "", root);

    assertEquals(before, Files.getAttribute(file, "unix:ino"));
  }

  @Test
  void damagedEntryIsReplaced() throws IOException {
    Path file = LibraryCache.extract(LIBRARY, "libgatun.so", "", root);
    Files.writeString(file, "a lib");

    LibraryCache.extract(LIBRARY, "libgatun.so", "", root);

    assertArrayEquals(LIBRARY, Files.readAllBytes(file));
    assertOnlyEntry(file);
  }

  @Test
  void concurrentExtractionsSeeWholeFilesOnly() throws Exception {
    byte[] large = new byte[1 << 20];
    List<Callable<byte[]>> tasks = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      tasks.add(() -> Files.readAllBytes(LibraryCache.extract(large, "libgatun.so", "", root)));
    }
    try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
      for (Future<byte[]> content : threads.invokeAll(tasks)) {
        assertArrayEquals(large, content.get());
      }
    }
    assertOnlyEntry(LibraryCache.extract(large, "libgatun.so", "", root));
  }

  private static void assertOnlyEntry(Path file) throws IOException {
    try (var entries = Files.list(file.getParent())) {
      assertEquals(List.of(file), entries.toList());
    }
  }
}
