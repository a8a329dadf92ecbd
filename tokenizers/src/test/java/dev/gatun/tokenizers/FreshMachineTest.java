package dev.gatun.tokenizers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.Proxy;
import java.net.URL;
import java.net.URLConnection;
import java.net.URLStreamHandler;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The first use on a machine: the native library is not unpacked yet, and there is no network. */
class FreshMachineTest {
  @TempDir Path cache;

  @Test
  void unpacksItsLibraryAndOpensNoConnection() throws IOException, InterruptedException {
    assertEquals("tokens: 3, connections: 0", firstUse(null));
    try (var files = Files.walk(cache)) {
      assertTrue(files.anyMatch(file -> file.getFileName().toString().contains("tokenizers.")));
    }
  }

  /** Shows that the test above would notice: DJL's telemetry, which this user has asked for. */
  @Test
  void noticesTelemetry() throws IOException, InterruptedException {
    assertNotEquals("tokens: 3, connections: 0", firstUse("false"));
  }

  private String firstUse(String optOutTracking) throws IOException, InterruptedException {
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
    builder.environment().keySet().removeIf(name -> name.matches("(DJL|RUST|OPT_OUT|ENGINE)_.*"));
    if (optOutTracking != null) {
      builder.environment().put("OPT_OUT_TRACKING", optOutTracking);
    }
    Process process = builder.redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertTrue(process.waitFor(60, TimeUnit.SECONDS));
    assertEquals(0, process.exitValue(), output);
    return output.lines().toList().getLast();
  }

  /** Runs in a JVM of its own, in which every URL connection is counted and refused. */
  static final class FirstUse {
    private FirstUse() {}

    public static void main(String[] args) {
      var connections = new AtomicInteger();
      URL.setURLStreamHandlerFactory(
          protocol -> protocol.startsWith("http") ? new Refusing(connections) : null);
      try (var tokenizer = Tokenizer.load(Path.of(args[0]))) {
        int tokens = tokenizer.encode("the").length();
        System.out.printf("tokens: %d, connections: %d%n", tokens, connections.get());
      }
    }
  }

  private static final class Refusing extends URLStreamHandler {
    private final AtomicInteger connections;

    private Refusing(AtomicInteger connections) {
      this.connections = connections;
    }

    @Override
    protected URLConnection openConnection(URL url) throws IOException {
      connections.incrementAndGet();
      throw new IOException("refused: " + url);
    }

    @Override
    protected URLConnection openConnection(URL url, Proxy proxy) throws IOException {
      return openConnection(url);
    }
  }
}
