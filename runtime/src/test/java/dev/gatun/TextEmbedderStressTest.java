package dev.gatun;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Many threads with one embedder, in a JVM of its own whose heap has no room to grow. {@code
 * -Dgatun.stress.calls=1000} runs the full size.
 */
class TextEmbedderStressTest {
  private static final int THREADS = 64;
  private static final int CALLS = Integer.getInteger("gatun.stress.calls", 40);
  private static final List<String> TEXTS =
      List.of("a boat", "", "the river and the sea", "old ropes; new ropes", "rain on the lake");

  @Test
  void everyThreadGetsTheVectorsThatALoneCallerGets() throws Exception {
    String classPath =
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    Process child =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx64m",
                "-XX:+UseSerialGC",
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-Dgatun.stress.calls=" + CALLS,
                "-cp",
                classPath,
                TextEmbedderStressTest.class.getName(),
                Fixtures.directory("sentence-mean").toString())
            .redirectErrorStream(true)
            .start();
    String output = new String(child.getInputStream().readAllBytes());
    assertEquals(0, child.waitFor(), output);
    long grown = Long.parseLong(output.lines().toList().getLast().strip());
    // A kilobyte left behind by each call would be 64 MB at full size; compiled code takes some 20.
    assertTrue(grown < 40_000, "resident memory grew by " + grown + " kB");
  }

  /** Prints by how many kB resident memory grew after the first round. */
  public static void main(String[] args) throws Exception {
    try (var embedder = TextEmbedder.load(args[0])) {
      float[][] expected = embedder.embed(TEXTS);
      round(embedder, expected, Math.max(20, CALLS / 5));
      long before = residentKilobytes();
      round(embedder, expected, CALLS);
      IO.println(residentKilobytes() - before);
    }
  }

  private static void round(TextEmbedder embedder, float[][] expected, int calls) throws Exception {
    try (ExecutorService threads = Executors.newFixedThreadPool(THREADS)) {
      var results = new ArrayList<Future<?>>();
      for (int t = 0; t < THREADS; t++) {
        int first = t;
        results.add(
            threads.submit(
                () -> {
                  for (int c = 0; c < calls; c++) {
                    int i = (first + c) % TEXTS.size();
                    int j = (first + 2 * c) % TEXTS.size();
                    float[][] vectors = embedder.embed(List.of(TEXTS.get(i), TEXTS.get(j)));
                    require(expected[i], vectors[0]);
                    require(expected[j], vectors[1]);
                  }
                }));
      }
      for (Future<?> result : results) {
        result.get(10, TimeUnit.MINUTES);
      }
    }
  }

  private static void require(float[] expected, float[] vector) {
    // To the bit: what a batch holds besides must not show.
    if (!Arrays.equals(expected, vector)) {
      throw new AssertionError(Arrays.toString(vector) + " is not " + Arrays.toString(expected));
    }
  }

  private static long residentKilobytes() throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
      if (line.startsWith("VmRSS")) {
        return Long.parseLong(line.replaceAll("\\D", ""));
      }
    }
    throw new IOException("/proc/self/status has no VmRSS");
  }

  @Test
  @Timeout(120)
  void closeWhileInFlightEndsInIllegalState() throws Exception {
    for (String fixture : List.of("sentence-mean", "sentence-static")) {
      var embedder = TextEmbedder.load(Fixtures.directory(fixture), LoadOptions.defaults());
      var running = new CountDownLatch(8);
      var calls = new AtomicInteger();
      try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
        var results = new ArrayList<Future<?>>();
        for (int t = 0; t < 8; t++) {
          results.add(
              threads.submit(
                  () -> {
                    while (true) {
                      embedder.embed(TEXTS);
                      calls.incrementAndGet();
                      running.countDown();
                    }
                  }));
        }
        running.await();
        embedder.close();
        for (Future<?> result : results) {
          try {
            result.get(60, TimeUnit.SECONDS);
          } catch (ExecutionException e) {
            assertEquals(IllegalStateException.class, e.getCause().getClass(), e::toString);
          }
        }
        assertTrue(calls.get() >= 8);
      }
    }
  }
}
