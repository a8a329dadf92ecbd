package dev.gatun.lucene;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs the example as README.md says: from the jars, on the class path and on the module path. */
class SemanticSearchIT {
  private static final Path ROOT = root();
  private static final Path HERE = ROOT.resolve("integrations/lucene-example");
  private static final Path SOURCE = HERE.resolve("src/main/java/SemanticSearch.java");
  private static final String LIB = HERE.resolve("target/lib").toString();

  @TempDir private Path index;

  @Test
  void findsOnTheClassPathAndOnTheModulePathWithoutANativeAccessWarning()
      throws IOException, InterruptedException {
    var classPath = List.of("--enable-native-access=ALL-UNNAMED", "-cp", LIB + "/*");
    var modulePath =
        List.of(
            optionOfTheReadme() + ",org.apache.lucene.core",
            "-p",
            LIB,
            "--add-modules=dev.gatun.runtime,org.apache.lucene.core");
    String texts = HERE.resolve("src/test/resources/texts").toString();
    assertEquals("", run(classPath, "index", texts));
    for (List<String> path : List.of(classPath, modulePath)) {
      // The model's weights are random: only the very words of a text are sure to be nearest to it.
      String[] found = run(path, "find", "Old boats; new ropes!").split("\n");
      assertEquals(3, found.length);
      assertEquals("crew.txt: Old boats; new ropes!", found[0]);
    }
  }

  private String run(List<String> path, String verb, String argument)
      throws IOException, InterruptedException {
    var command = new ArrayList<String>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"));
    command.addAll(path);
    command.add(SOURCE.toString());
    command.add(verb);
    command.add(ROOT.resolve("conformance/fixtures/sentence-mean").toString());
    command.add(index.toString());
    command.add(argument);
    Path errors = index.resolveSibling(index.getFileName() + ".err");
    var process = new ProcessBuilder(command).redirectError(errors.toFile()).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    int status = process.waitFor();
    String warnings = Files.readString(errors);
    Files.delete(errors);
    assertEquals(0, status, warnings);
    assertFalse(warnings.contains("native-access"), warnings);
    return output.strip();
  }

  private static String optionOfTheReadme() throws IOException {
    String readme = Files.readString(ROOT.resolve("README.md"));
    var option = Pattern.compile("--enable-native-access=dev[^`]+").matcher(readme);
    assertTrue(option.find());
    return option.group();
  }

  @Test
  void theReadmeShowsThisFile() throws IOException {
    String readme = Files.readString(ROOT.resolve("README.md"));
    assertTrue(readme.contains("```java\n" + Files.readString(SOURCE) + "```\n"));
  }

  private static Path root() {
    for (Path at = Path.of("").toAbsolutePath(); at != null; at = at.getParent()) {
      if (Files.isDirectory(at.resolve("conformance/fixtures"))) {
        return at;
      }
    }
    throw new IllegalStateException("tests run outside the project: no conformance/fixtures above");
  }
}
