package dev.gatun.tools;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;

/** The command line, run inside the test with its output caught. */
record Cli(int status, String out, String err) {
  static Cli run(String... arguments) {
    var out = new StringWriter();
    var err = new StringWriter();
    int status = Gatun.execute(new PrintWriter(out), new PrintWriter(err, true), arguments);
    return new Cli(status, out.toString(), err.toString());
  }

  /** The command succeeded in silence but for its output. */
  Cli succeeds() {
    assertEquals(0, status, this::toString);
    assertEquals("", err);
    return this;
  }

  /** The command failed with a message that holds these parts, and without a stack trace. */
  Cli fails(int expectedStatus, String... parts) {
    assertEquals(expectedStatus, status, this::toString);
    for (String part : parts) {
      assertTrue(err.contains(part), () -> "'" + part + "' is not in: " + err);
    }
    assertFalse(err.contains("\tat "), () -> "a stack trace: " + err);
    return this;
  }

  Cli prints(String... parts) {
    for (String part : parts) {
      assertTrue(out.contains(part), () -> "'" + part + "' is not in: " + out);
    }
    return this;
  }

  /** A fixture of the conformance module. */
  static String fixture(String name) {
    return root().resolve("conformance/fixtures").resolve(name).toString();
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
