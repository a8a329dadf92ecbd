package dev.gatun.tools;

import java.io.PrintWriter;

/**
 * A line on standard error that says what takes so long: appears after a second, counts, and is
 * wiped when the work is done. Only where standard error is a terminal, which the launcher knows
 * and Java does not.
 */
final class Progress implements AutoCloseable {
  private static final boolean TERMINAL = Boolean.getBoolean("gatun.terminal");
  private static final String WIPE = "\r\033[K";

  private final PrintWriter err;
  private final Thread ticker;
  private volatile String what;
  private boolean shown;

  private Progress(PrintWriter err, String what) {
    this.err = err;
    this.what = what;
    this.ticker = TERMINAL ? Thread.ofVirtual().start(this::tick) : null;
  }

  /** Starts counting; {@code what} as in {@code loading gpt2}. */
  static Progress of(PrintWriter err, String what) {
    return new Progress(err, what);
  }

  /** Says what is going on now. */
  void update(String now) {
    what = now;
  }

  private void tick() {
    for (int seconds = 1; ; seconds++) {
      try {
        Thread.sleep(1000);
      } catch (InterruptedException e) {
        return;
      }
      synchronized (this) {
        if (Thread.interrupted()) {
          return;
        }
        shown = true;
        err.print(WIPE + "gatun: " + what + " ... " + seconds + " s");
        err.flush();
      }
    }
  }

  @Override
  public synchronized void close() {
    if (ticker == null) {
      return;
    }
    ticker.interrupt();
    if (shown) {
      shown = false;
      err.print(WIPE);
      err.flush();
    }
  }
}
