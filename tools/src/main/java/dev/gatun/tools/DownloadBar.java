package dev.gatun.tools;

import dev.gatun.loader.hub.HubListener;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A download on standard error: a bar where that is a terminal, else a line for each file that was
 * transferred. What goes wrong and is tried again is said in both cases.
 */
final class DownloadBar implements HubListener, AutoCloseable {
  private static final boolean TERMINAL = Boolean.getBoolean("gatun.terminal");
  private static final String WIPE = "\r\033[K";
  private static final long REDRAW_NANOS = 100_000_000;
  private static final int WIDTH = 24;

  private final PrintWriter err;
  private final Map<String, Long> done = new LinkedHashMap<>();
  private final Map<String, Long> sizes = new LinkedHashMap<>();
  private final long start = System.nanoTime();
  private String model = "";
  private long drawn = start;
  private boolean shown;

  DownloadBar(PrintWriter err) {
    this.err = err;
  }

  @Override
  public synchronized void started(String name, String commit, int files) {
    model = name;
  }

  @Override
  public synchronized void fileStarted(String file, long size) {
    sizes.put(file, Math.max(size, 0));
  }

  @Override
  public synchronized void fileProgressed(String file, long bytes, long size) {
    done.put(file, bytes);
    long now = System.nanoTime();
    if (TERMINAL && now - drawn >= REDRAW_NANOS) {
      drawn = now;
      draw(file, now);
    }
  }

  private void draw(String file, long now) {
    long bytes = sum(done);
    long total = Math.max(sum(sizes), bytes);
    int filled = total == 0 ? 0 : (int) (WIDTH * bytes / total);
    shown = true;
    err.print(
        "%sgatun: %s [%s%s] %s of %s, %s/s, %s"
            .formatted(
                WIPE,
                model,
                "#".repeat(filled),
                ".".repeat(WIDTH - filled),
                Sizes.of(bytes),
                Sizes.of(total),
                Sizes.of((long) (bytes / Math.max(0.1, (now - start) / 1e9))),
                shortened(file)));
    err.flush();
  }

  private static String shortened(String file) {
    return file.length() <= 30 ? file : "…" + file.substring(file.length() - 29);
  }

  private static long sum(Map<String, Long> bytes) {
    return bytes.values().stream().mapToLong(Long::longValue).sum();
  }

  @Override
  public synchronized void fileWaiting(String file, Duration waited) {
    say(
        "another process is downloading "
            + file
            + (waited.toSeconds() < 1 ? "; waiting" : ", still so after " + seconds(waited)));
  }

  @Override
  public synchronized void retrying(String what, int attempt, Duration wait, String reason) {
    say(reason + "; trying again in " + seconds(wait));
  }

  @Override
  public synchronized void fileFinished(String file, Path path, boolean transferred) {
    if (transferred && !TERMINAL) {
      say("downloaded " + file + ", " + Sizes.of(done.getOrDefault(file, 0L)));
    }
  }

  private static String seconds(Duration duration) {
    return Math.max(1, duration.toSeconds()) + " s";
  }

  private void say(String line) {
    close();
    err.println("gatun: " + line);
    err.flush();
  }

  /** Wipes the bar. */
  @Override
  public synchronized void close() {
    if (shown) {
      shown = false;
      err.print(WIPE);
      err.flush();
    }
  }
}
