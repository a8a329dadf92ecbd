package dev.gatun.tools;

import dev.gatun.loader.hub.ModelNotFoundException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The small model that comes with the command line. */
final class BundledModel {
  private static final String NAME = "tiny-shakespeare";

  private BundledModel() {}

  /** Its directory, below the one that the launcher names. */
  static Path directory() {
    Path directory = Path.of(System.getProperty("gatun.models", "tools/models"), NAME);
    if (!Files.isDirectory(directory)) {
      throw new ModelNotFoundException(
          NAME,
          List.of("the command line's own models: not in " + directory.toAbsolutePath()),
          "Name a MODEL, or start with tools/bin/gatun.");
    }
    return directory;
  }
}
