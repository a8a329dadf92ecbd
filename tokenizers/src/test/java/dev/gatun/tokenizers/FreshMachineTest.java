package dev.gatun.tokenizers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.SocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The first use on a machine: the native library is not unpacked yet, and there is no network. */
class FreshMachineTest {
  @TempDir Path cache;

  @Test
  void unpacksItsLibraryAndOpensNoConnection() throws IOException, InterruptedException {
    var builder =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "--enable-native-access=ALL-UNNAMED",
            "-Xmx256m",
            "-DDJL_CACHE_DIR=" + cache,
            "-cp",
            System.getProperty("java.class.path"),
            FirstUse.class.getName(),
            TestFiles.small("word-piece").toString());
    builder
        .environment()
        .keySet()
        .removeIf(name -> name.matches("DJL_.*|RUST_.*|OPT_OUT.*|ENGINE.*"));
    Process process = builder.redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertTrue(process.waitFor(60, TimeUnit.SECONDS));
    assertEquals(0, process.exitValue(), output);
    assertTrue(output.contains("tokens: 3, connections: 0"), output);
    try (var files = Files.walk(cache)) {
      assertTrue(files.anyMatch(file -> file.getFileName().toString().contains("tokenizers.")));
    }
  }

  /** Runs in a JVM of its own. */
  static final class FirstUse {
    private FirstUse() {}

    public static void main(String[] args) {
      var selector = new CountingSelector();
      ProxySelector.setDefault(selector);
      try (var tokenizer = Tokenizer.load(Path.of(args[0]))) {
        int tokens = tokenizer.encode("the").length();
        System.out.printf("tokens: %d, connections: %d%n", tokens, selector.asked);
      }
    }
  }

  /** Every URL connection of the JDK asks the selector first. */
  private static final class CountingSelector extends ProxySelector {
    private int asked;

    @Override
    public List<Proxy> select(URI uri) {
      asked++;
      return List.of(Proxy.NO_PROXY);
    }

    @Override
    public void connectFailed(URI uri, SocketAddress address, IOException e) {}
  }
}
