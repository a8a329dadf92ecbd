package dev.gatun.loader;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;

/**
 * The material beside the project's folder, for tests that need a real model; absent on a plain
 * checkout.
 */
public final class Shared {
  private Shared() {}

  /**
   * {@code shared/name}, found from the working directory upward; skips the test where there is
   * none.
   */
  public static Path path(String name) {
    for (Path folder = Path.of("").toAbsolutePath(); folder != null; folder = folder.getParent()) {
      Path candidate = folder.resolve("shared").resolve(name);
      if (Files.exists(candidate)) {
        return candidate;
      }
    }
    Assumptions.abort(
        "no folder shared/" + name + " beside the project: a test over real files is skipped");
    throw new AssertionError("unreachable");
  }
}
