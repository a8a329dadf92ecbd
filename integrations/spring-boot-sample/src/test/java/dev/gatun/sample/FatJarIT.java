package dev.gatun.sample;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.jar.JarFile;
import org.junit.jupiter.api.Test;

/** Starts the packaged application: every library, native ones included, is inside nested jars. */
class FatJarIT {
  private static final String JAR = System.getProperty("sample.jar");

  @Test
  void findsTheNearestTextWithoutANativeAccessWarning() throws IOException, InterruptedException {
    try (var jar = new JarFile(JAR)) {
      assertEquals(
          "ALL-UNNAMED", jar.getManifest().getMainAttributes().getValue("Enable-Native-Access"));
    }
    Run run =
        start(
            "--spring.ai.gatun.embedding.model=" + fixture(),
            "Old boats; new ropes!",
            "It rained on the lake.",
            "Old boats; new ropes!",
            "The lock gate opens slowly.");
    assertEquals(0, run.status(), run.output());
    assertTrue(run.output().contains("nearest: Old boats; new ropes!\n"), run.output());
    assertFalse(run.output().contains("native-access"), run.output());
  }

  @Test
  void saysWhichPropertyIsMissing() throws IOException, InterruptedException {
    Run run = start();
    assertEquals(1, run.status(), run.output());
    assertTrue(run.output().contains("APPLICATION FAILED TO START"), run.output());
    assertTrue(run.output().contains("Set spring.ai.gatun.embedding.model to"), run.output());
  }

  private record Run(int status, String output) {}

  private static Run start(String... arguments) throws IOException, InterruptedException {
    var command = new ArrayList<String>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-XX:TieredStopAtLevel=1", "-jar", JAR));
    command.addAll(List.of(arguments));
    var process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return new Run(process.waitFor(), output);
  }

  private static String fixture() {
    for (Path at = Path.of("").toAbsolutePath(); at != null; at = at.getParent()) {
      Path fixture = at.resolve("conformance/fixtures/sentence-mean");
      if (Files.isDirectory(fixture)) {
        return fixture.toString();
      }
    }
    throw new IllegalStateException("tests run outside the project: no conformance/fixtures above");
  }
}
