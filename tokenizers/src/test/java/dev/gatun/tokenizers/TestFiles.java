package dev.gatun.tokenizers;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** Where test data lies. */
final class TestFiles {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  private TestFiles() {}

  /** A folder or file of the small tokenizers among the test resources. */
  static Path small(String name) {
    try {
      return Path.of(TestFiles.class.getResource("/tokenizers").toURI()).resolve(name);
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  static JsonNode json(Path file) {
    try {
      return MAPPER.readTree(file.toFile());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static JsonNode json(String text) {
    try {
      return MAPPER.readTree(text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A path below the project root, or beside it for one that begins with "shared". */
  static Optional<Path> inProject(String relative) {
    for (Path at = Path.of("").toAbsolutePath(); at != null; at = at.getParent()) {
      if (Files.isRegularFile(at.resolve("LICENSE"))
          && Files.isDirectory(at.resolve("tokenizers"))) {
        Path base = relative.startsWith("shared") ? at.getParent() : at;
        return Optional.of(base.resolve(relative)).filter(Files::exists);
      }
    }
    return Optional.empty();
  }

  /** Copies the regular files of a folder. */
  static void copy(Path from, Path to) throws IOException {
    Files.createDirectories(to);
    try (var files = Files.list(from)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        Files.copy(file, to.resolve(file.getFileName()));
      }
    }
  }
}
