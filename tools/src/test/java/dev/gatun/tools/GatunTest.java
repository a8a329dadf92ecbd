package dev.gatun.tools;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GatunTest {
  @Test
  void helpNamesEveryCommand() {
    Cli.run("--help")
        .succeeds()
        .prints(
            "bench",
            "classify",
            "devices",
            "embed",
            "generate",
            "inspect-config",
            "logits",
            "rerank",
            "verify",
            "Examples:",
            "gatun COMMAND");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "bench",
        "classify",
        "devices",
        "embed",
        "generate",
        "inspect-config",
        "logits",
        "rerank",
        "verify"
      })
  void everyCommandTeachesWithExamples(String command) {
    Cli.run(command, "--help").succeeds().prints("Usage: gatun " + command, "Examples:");
  }

  @Test
  void version() {
    Cli.run("--version").succeeds().prints("gatun 0.", "Java ");
  }

  @Test
  void noCommand() {
    Cli.run().fails(2, "Which command?", "inspect-config");
  }

  @Test
  void unknownCommandsAndOptions() {
    Cli.run("inspect").fails(2, "inspect");
    Cli.run("inspect-config", "gpt2", "--jsn").fails(2, "--jsn");
    Cli.run("inspect-config").fails(2, "MODEL");
  }

  @Test
  void debugShowsWhere() {
    Cli failed = Cli.run("inspect-config", "nowhere/to-be-found", "--debug");
    assertEquals(1, failed.status());
    assertTrue(failed.err().contains("\tat "), failed.err());
  }
}
