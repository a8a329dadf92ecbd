package dev.gatun.tools;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.gatun.Model;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Commands that meet the hub, in a process whose environment names one of our own. */
class HubCommandsTest {
  @TempDir Path directory;
  private DirectoryHub hub;
  private Path cache;

  @BeforeEach
  void start() throws IOException {
    hub = new DirectoryHub(Path.of(Cli.fixture("gpt2-lm")));
    cache = directory.resolve("hub");
  }

  @AfterEach
  void stop() {
    hub.close();
  }

  private Cli run(Class<?> main, String... arguments) throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("--enable-native-access=ALL-UNNAMED", "-XX:TieredStopAtLevel=1"));
    command.addAll(List.of("--sun-misc-unsafe-memory-access=allow", "-cp"));
    command.add(
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")));
    command.add(main.getName());
    command.addAll(List.of(arguments));
    Path err = directory.resolve("err");
    var builder = new ProcessBuilder(command).redirectError(err.toFile());
    builder.environment().keySet().removeIf(name -> name.matches("(HF_|HUGGING|TRANSFORMERS).*"));
    builder.environment().put("HF_ENDPOINT", hub.endpoint());
    builder.environment().put("HF_HUB_CACHE", cache.toString());
    builder.environment().put("HF_HOME", directory.resolve("home").toString());
    Process process = builder.start();
    String out = new String(process.getInputStream().readAllBytes());
    return new Cli(process.waitFor(), out, Files.readString(err));
  }

  private Cli gatun(String... arguments) throws Exception {
    return run(Gatun.class, arguments);
  }

  @Test
  void downloadsListsVerifiesAndRemoves() throws Exception {
    Cli download = gatun("download", DirectoryHub.ID);
    assertEquals(0, download.status(), download::toString);
    Path snapshot = Path.of(download.out().strip());
    assertEquals(cache.resolve("models--org--tiny/snapshots/" + DirectoryHub.COMMIT), snapshot);
    assertTrue(download.err().contains("downloaded model.safetensors"), download.err());
    long bytes = hub.bytes.get();
    assertEquals("", gatun("download", DirectoryHub.ID).err());
    assertEquals(bytes, hub.bytes.get());

    gatun("cache", "ls").succeeds().prints("org/tiny", DirectoryHub.COMMIT + " main", "1 models");
    gatun("cache", "verify").succeeds().prints("org/tiny: good");
    Path blob = snapshot.resolve("config.json").toRealPath();
    Files.writeString(blob, Files.readString(blob) + " ");
    Cli verify = gatun("cache", "verify", DirectoryHub.ID);
    assertEquals(1, verify.status());
    verify.prints(blob + " has another content");
    gatun("cache", "rm", DirectoryHub.ID).succeeds().prints("removed org/tiny");
    assertFalse(Files.exists(snapshot));
    gatun("cache", "rm", DirectoryHub.ID).fails(1, "no model \"org/tiny\"", "cache ls");
  }

  @Test
  void includesOnlyWhatMatches() throws Exception {
    Cli download = gatun("download", DirectoryHub.ID, "--include", "*.md", "--include", "config*");
    Path snapshot = Path.of(download.out().strip());
    assertTrue(Files.exists(snapshot.resolve("config.json")));
    assertFalse(Files.exists(snapshot.resolve("model.safetensors")));
  }

  @Test
  void inspectsWithoutTheWeights() throws Exception {
    JsonNode here = json(Cli.run("inspect-config", Cli.fixture("gpt2-lm"), "--json"));
    JsonNode found = json(gatun("inspect-config", DirectoryHub.ID, "--json"));
    assertEquals(here.path("parameters"), found.path("parameters"));
    assertEquals("tensors", found.path("parameters_from").textValue());
    assertEquals(here.path("weight_bytes"), found.path("weight_bytes"));
    assertTrue(found.path("runnable").booleanValue());
    assertFalse(
        Files.exists(
            cache.resolve(
                "models--org--tiny/snapshots/" + DirectoryHub.COMMIT + "/model.safetensors")));
    gatun("inspect-config", DirectoryHub.ID).prints("on the hub; the weights are not on this");
  }

  private static JsonNode json(Cli cli) throws IOException {
    assertEquals(0, cli.status(), cli::toString);
    return new JsonMapper().readTree(cli.out());
  }

  @Test
  void runsAModelByItsId() throws Exception {
    Cli logits = gatun("logits", DirectoryHub.ID, "--ids", "24,102,57,74", "--top", "3");
    assertEquals(0, logits.status(), logits::toString);
    assertEquals(
        Cli.run("logits", Cli.fixture("gpt2-lm"), "--ids", "24,102,57,74", "--top", "3").out(),
        logits.out());
    int requests = hub.requests.size();
    gatun("logits", DirectoryHub.ID, "--ids", "24").succeeds();
    assertEquals(requests, hub.requests.size(), "a cached model needs no network");
  }

  @Test
  void aProgramLoadsAModelByItsId() throws Exception {
    assertEquals("GPT2LMHeadModel\n", run(Program.class, DirectoryHub.ID).succeeds().out());
  }

  /** A program of a user. */
  static final class Program {
    private Program() {}

    public static void main(String[] arguments) {
      try (Model model = Model.load(arguments[0])) {
        IO.println(model.architecture());
      }
    }
  }

  @Test
  void saysWhatIsWrongInOneLine() throws Exception {
    gatun("download", "org/absent").fails(1, "gatun: ", "has no model \"org/absent\"", "HF_TOKEN");
    gatun("download", "not an id").fails(1, "not a hub id");
    gatun("logits", "org/absent", "--ids", "1").fails(1, "has no model \"org/absent\"");
  }
}
