package dev.gatun.conformance;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** Where the model directories are that tests verify. */
final class Fixtures {
  private Fixtures() {}

  /** A fixture of this project. */
  static Path of(String name) {
    return directory().resolve(name);
  }

  /** Every fixture of this project. */
  static List<Path> all() {
    return modelsIn(directory());
  }

  /** The directories that have a reference. */
  static List<Path> modelsIn(Path directory) {
    if (!Files.isDirectory(directory)) {
      return List.of();
    }
    try (Stream<Path> children = Files.list(directory)) {
      return children
          .filter(child -> Files.exists(child.resolve("reference/reference.json")))
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Path directory() {
    return root().resolve("conformance/fixtures");
  }

  /** The project's root, above whichever directory the tests run in. */
  static Path root() {
    for (Path at = Path.of("").toAbsolutePath(); at != null; at = at.getParent()) {
      if (Files.isDirectory(at.resolve("conformance/fixtures"))) {
        return at;
      }
    }
    throw new IllegalStateException("tests run outside the project: no conformance/fixtures above");
  }
}
