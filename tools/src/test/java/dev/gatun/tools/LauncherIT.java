package dev.gatun.tools;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** What was packaged, started as users start it. */
@EnabledOnOs(OS.LINUX)
class LauncherIT {
  @TempDir private Path elsewhere;

  private String run(String script, String... arguments) throws Exception {
    return run(Redirect.PIPE, script, arguments);
  }

  private String run(Redirect input, String script, String... arguments) throws Exception {
    var command = new ArrayList<>(List.of(Cli.root().resolve("tools/bin/" + script).toString()));
    command.addAll(List.of(arguments));
    Path out = elsewhere.resolve("out");
    Path err = elsewhere.resolve("err");
    Process process =
        new ProcessBuilder(command)
            .directory(elsewhere.toFile())
            .redirectInput(input)
            .redirectOutput(out.toFile())
            .redirectError(err.toFile())
            .start();
    assertTrue(process.waitFor(120, TimeUnit.SECONDS), "the launcher hangs");
    assertEquals(0, process.exitValue(), Files.readString(err));
    return Files.readString(out) + Files.readString(err);
  }

  @Test
  void commandsRunWithoutNoise() throws Exception {
    // The first start may prepare the cache of the next ones, and says so.
    assertTrue(run("gatun", "--version").contains("gatun 0."));
    String inspected = run("inspect-config", Cli.fixture("bert-model"));
    assertTrue(inspected.startsWith("model "), inspected);
    assertTrue(inspected.contains("runnable                  yes"), inspected);
    assertTrue(run("gatun", "verify", Cli.fixture("bert-model")).contains("PASS: all"));
    String text = run("gatun", "generate", "--chars", "80", "--seed", "1");
    assertEquals(81, text.length(), text);
    Path texts = Files.writeString(elsewhere.resolve("texts"), "a boat\nÜber\n");
    String vectors =
        run(Redirect.from(texts.toFile()), "gatun", "embed", Cli.fixture("sentence-mean"));
    assertTrue(
        vectors.matches(
            "\\{\"index\":0,\"text\":\"a boat\",\"embedding\":\\[.*]}\n"
                + "\\{\"index\":1,\"text\":\"Über\",\"embedding\":\\[.*]}\n"),
        vectors);
  }

  /** Java must not take another file for it. */
  @Test
  void aClosedDescriptorIsNoFile() throws Exception {
    run("gatun", "--version"); // which may prepare the cache
    assertClosed("<&-", 0, "");
    assertClosed("a >&-", 1, "gatun: standard output: Bad file descriptor\n");
  }

  private void assertClosed(String end, int status, String message) throws Exception {
    Path err = elsewhere.resolve("err");
    Process process =
        new ProcessBuilder(
                "bash",
                "-c",
                "exec \"$0\" embed \"$1\" " + end,
                Cli.root().resolve("tools/bin/gatun").toString(),
                Cli.fixture("sentence-mean"))
            .redirectError(err.toFile())
            .redirectOutput(Redirect.DISCARD)
            .start();
    process.waitFor();
    assertEquals(message, Files.readString(err));
    assertEquals(status, process.exitValue());
  }
}
