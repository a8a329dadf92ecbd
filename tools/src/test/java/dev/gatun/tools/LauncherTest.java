package dev.gatun.tools;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/**
 * The launcher in a project of its own, where Maven and Java are scripts that say what they did.
 */
@EnabledOnOs(OS.LINUX)
class LauncherTest {
  @TempDir private Path directory;
  private Path project;
  private Path jdk;
  private Path path;

  private final Map<String, String> locale = new HashMap<>();

  private record Run(int status, String out, String err) {}

  @BeforeEach
  void project() throws IOException {
    project = Files.createDirectories(directory.resolve("a project"));
    for (String folder :
        List.of(
            "tools/bin",
            "tools/src/main",
            "tools/models",
            "tools/start",
            "loader/src/main",
            "kernels-native")) {
      Files.createDirectories(project.resolve(folder));
    }
    Files.writeString(project.resolve("pom.xml"), "");
    for (String script : List.of("gatun", "inspect-config")) {
      Files.copy(
          Cli.root().resolve("tools/bin").resolve(script),
          project.resolve("tools/bin").resolve(script),
          StandardCopyOption.COPY_ATTRIBUTES);
    }
    jdk = jdk("jdk", "25.0.3");
    path = Files.createDirectories(directory.resolve("path"));
    script(
        path.resolve("mvn"),
        """
        echo "$PWD" >> "$BUILDS"
        mkdir -p tools/target/dist/lib && touch tools/target/dist/lib/one.jar tools/target/dist/built
        """);
  }

  private Path jdk(String name, String version) throws IOException {
    Path home = directory.resolve(name);
    Files.createDirectories(home.resolve("bin"));
    Files.writeString(home.resolve("release"), "JAVA_VERSION=\"" + version + "\"\n");
    script(home.resolve("bin/javac"), "");
    script(
        home.resolve("bin/java"),
        """
        for argument; do
          case $argument in
            -XX:AOTCacheOutput=*) echo cache > "${argument#*=}"; exit 0 ;;
          esac
        done
        printf '%s\\n' "$@"
        """);
    return home;
  }

  private static void script(Path file, String body) throws IOException {
    Files.writeString(file, "#!/bin/bash\n" + body);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  private Run run(Path launcher, String... arguments) throws Exception {
    var command = new ArrayList<>(List.of(launcher.toString()));
    command.addAll(List.of(arguments));
    var builder = new ProcessBuilder(command).directory(directory.toFile());
    Map<String, String> environment = builder.environment();
    environment.clear();
    environment.put("PATH", path + ":/usr/bin:/bin");
    environment.put("HOME", directory.resolve("home").toString());
    environment.put("JAVA_HOME", jdk.toString());
    environment.putAll(locale);
    environment.put("BUILDS", directory.resolve("builds").toString());
    Path out = directory.resolve("out");
    Path err = directory.resolve("err");
    Process process = builder.redirectOutput(out.toFile()).redirectError(err.toFile()).start();
    assertTrue(process.waitFor(60, TimeUnit.SECONDS), "the launcher hangs");
    return new Run(process.exitValue(), Files.readString(out), Files.readString(err));
  }

  private Path gatun() {
    return project.resolve("tools/bin/gatun");
  }

  private int builds() throws IOException {
    Path builds = directory.resolve("builds");
    return Files.exists(builds) ? Files.readAllLines(builds).size() : 0;
  }

  @Test
  void argumentsAreUtf8WithoutALocale() throws Exception {
    script(jdk.resolve("bin/java"), "echo \"${LC_ALL:-}\"");
    assertEquals("C.UTF-8\n", run(gatun(), "embed").out());
    locale.put("LC_ALL", "xx_YY.UTF-8");
    assertEquals("C.UTF-8\n", run(gatun(), "embed").out(), "one that is not installed");
    locale.put("LC_ALL", "C.UTF-8");
    assertEquals("C.UTF-8\n", run(gatun(), "embed").out());
    locale.clear();
    locale.put("LC_CTYPE", "C.UTF-8");
    assertEquals("\n", run(gatun(), "embed").out(), "the user's own is left alone");
  }

  @Test
  void buildsOnceThenStartsInSilence() throws Exception {
    Run first = run(gatun(), "generate", "--prompt", "two words");
    assertEquals(0, first.status(), first.err());
    assertTrue(first.err().contains("building"), first.err());
    assertTrue(
        first.out().endsWith("dev.gatun.tools.Gatun\ngenerate\n--prompt\ntwo words\n"),
        first.out());
    assertTrue(first.out().contains("--enable-native-access=ALL-UNNAMED"), first.out());

    Run second = run(gatun(), "--version");
    assertEquals("", second.err());
    assertTrue(second.out().contains("-XX:AOTCache="), second.out());
    assertEquals(1, builds());
  }

  @Test
  void buildsAgainWhenASourceIsNewer() throws Exception {
    run(gatun(), "--version");
    Path source = Files.writeString(project.resolve("loader/src/main/New.java"), "");
    Files.setLastModifiedTime(source, FileTime.from(Instant.now().plusSeconds(5)));

    run(gatun(), "--version");
    assertEquals(2, builds());
  }

  @Test
  void worksThroughLinks() throws Exception {
    Path there = Files.createDirectories(directory.resolve("elsewhere"));
    Path absolute = Files.createSymbolicLink(there.resolve("absolute"), gatun());
    Path relative =
        Files.createSymbolicLink(
            there.resolve("relative"), Path.of("../a project/tools/bin/inspect-config"));

    assertEquals(0, run(absolute, "--version").status());
    Run inspect = run(relative, "gpt2");
    assertTrue(inspect.out().endsWith("Gatun\ninspect-config\ngpt2\n"), inspect.out());
    assertEquals(1, builds());
  }

  @Test
  void aFailedBuildShowsItsErrorsAndTheLog() throws Exception {
    script(path.resolve("mvn"), "echo '[ERROR] no disk left'; echo other; exit 1");

    Run run = run(gatun(), "--version");
    assertEquals(1, run.status());
    assertTrue(run.err().contains("[ERROR] no disk left"), run.err());
    assertTrue(run.err().contains("build.log"), run.err());
    assertFalse(run.err().contains("other"), run.err());
  }

  @Test
  void withoutACacheItStartsAllTheSame() throws Exception {
    script(
        jdk.resolve("bin/java"),
        """
        case "$*" in *AOTCacheOutput*) exit 1 ;; esac
        echo started "$@"
        """);

    assertTrue(run(gatun(), "--version").out().startsWith("started"));
    Run second = run(gatun(), "--version");
    assertFalse(second.out().contains("AOTCache"), second.out());
    assertEquals("", second.err());
  }

  @Test
  void anOldJavaIsPassedOver() throws Exception {
    jdk = jdk("old", "17.0.15");
    Files.createSymbolicLink(path.resolve("java"), jdk("new", "26.0.1").resolve("bin/java"));

    Run run = run(gatun(), "--version");
    assertEquals(0, run.status(), run.err());
    assertTrue(run.out().endsWith("--version\n"), run.out());
    Path newJdk = directory.resolve("new");
    script(newJdk.resolve("bin/java"), "echo the new one");
    assertEquals("the new one\n", run(gatun(), "--version").out());
  }
}
