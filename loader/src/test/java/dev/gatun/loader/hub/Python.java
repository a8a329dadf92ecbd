package dev.gatun.loader.hub;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Assumptions;

/** The real client, where there is one: {@code -Dgatun.python} or {@code GATUN_PYTHON} names it. */
final class Python {
  private static final String COMMAND =
      System.getProperty("gatun.python", System.getenv().getOrDefault("GATUN_PYTHON", "python3"));

  private Python() {}

  /** Skips the test where there is no Python with huggingface_hub, and says so. */
  static void require() throws InterruptedException {
    String why = "";
    try {
      Process process =
          ChildDownload.start(Map.of(), List.of(COMMAND, "-c", "import huggingface_hub, filelock"));
      why = new String(process.getInputStream().readAllBytes());
      if (process.waitFor() == 0) {
        return;
      }
    } catch (IOException e) {
      why = e.getMessage();
    }
    Assumptions.abort(
        "skipped: "
            + COMMAND
            + " has no huggingface_hub; name a Python that has it with -Dgatun.python ("
            + why.strip().lines().reduce((_, last) -> last).orElse("")
            + ")");
  }

  static Process start(Map<String, String> environment, String program, String... arguments)
      throws IOException {
    var command = new ArrayList<>(List.of(COMMAND, "-c", program));
    command.addAll(List.of(arguments));
    return ChildDownload.start(environment, command);
  }

  static String run(Map<String, String> environment, String program, String... arguments)
      throws IOException, InterruptedException {
    return ChildDownload.output(start(environment, program, arguments)).strip();
  }
}
