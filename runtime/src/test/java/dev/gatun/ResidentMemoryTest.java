package dev.gatun;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/**
 * Resident memory over many load/close cycles, in a JVM of its own whose heap has no room to grow.
 */
class ResidentMemoryTest {
  private static final int CYCLES = 1000;
  private static final int WARM_UP = 300;

  @Test
  void loadingAndClosingManyTimesLeavesNothingBehind() throws Exception {
    String classPath =
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    Process child =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx48m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                classPath,
                ResidentMemoryTest.class.getName(),
                Fixtures.directory("gpt2-lm").toString())
            .redirectErrorStream(true)
            .start();
    String output = new String(child.getInputStream().readAllBytes());
    assertEquals(0, child.waitFor(), output);
    long grown = Long.parseLong(output.strip());
    // 700 leaked models would be more than 100 MB.
    assertTrue(grown < 20_000, "resident memory grew by " + grown + " kB");
  }

  /** Prints by how many kB resident memory grew after the warm-up. */
  public static void main(String[] args) throws IOException {
    var inputs = Inputs.of(List.of(new int[] {3, 4, 5, 6}));
    long before = 0;
    for (int i = 0; i < CYCLES; i++) {
      try (var model = Model.load(Path.of(args[0]), LoadOptions.defaults().withThreads(2))) {
        model.forward(inputs, Set.of("logits"));
      }
      if (i == WARM_UP) {
        before = residentKilobytes();
      }
    }
    IO.println(residentKilobytes() - before);
  }

  private static long residentKilobytes() throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
      if (line.startsWith("VmRSS")) {
        return Long.parseLong(line.replaceAll("\\D", ""));
      }
    }
    throw new IOException("/proc/self/status has no VmRSS");
  }
}
