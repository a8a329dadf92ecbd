package dev.gatun;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;

/** Directories under conformance/fixtures, wherever the tests were started. */
final class Fixtures {
  private Fixtures() {}

  static Path directory(String name) {
    Path folder = Path.of("").toAbsolutePath();
    while (folder != null && !Files.isDirectory(folder.resolve("conformance/fixtures"))) {
      folder = folder.getParent();
    }
    assertTrue(folder != null, "no conformance/fixtures above " + Path.of("").toAbsolutePath());
    return folder.resolve("conformance/fixtures").resolve(name);
  }
}
