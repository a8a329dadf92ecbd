package dev.gatun.tools;

import java.util.Locale;
import java.util.function.LongToDoubleFunction;

/** How far {@code gatun embed} is, as a line: a bar where the whole is known, and a count. */
final class EmbedProgress {
  private static final int WIDTH = 20;

  /** Finished texts to a share of 1; NaN where it is not known. */
  private final LongToDoubleFunction share;

  /** Of a known number of texts. */
  EmbedProgress(int count) {
    this.share = done -> (double) done / count;
  }

  /** Of lines, as far as they are read. */
  EmbedProgress(LineTexts lines) {
    this.share = _ -> lines.share();
  }

  String line(long done) {
    String texts = String.format(Locale.ROOT, "%,d texts", done);
    double part = Math.min(1, share.applyAsDouble(done));
    if (Double.isNaN(part)) {
      return "embedding, " + texts;
    }
    int full = (int) (part * WIDTH);
    return "embedding [%s%s] %d%%, %s"
        .formatted("#".repeat(full), "-".repeat(WIDTH - full), (int) (100 * part), texts);
  }
}
