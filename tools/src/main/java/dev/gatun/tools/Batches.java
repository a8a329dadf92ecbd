package dev.gatun.tools;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/** Long work in pieces, with a bar that shows how much is done. */
final class Batches {
  /** Enough for full batches of short texts, few enough that the bar moves. */
  private static final int SIZE = 1024;

  private Batches() {}

  /**
   * Applies {@code work} to pieces of the inputs, one after the other.
   *
   * @param what the bar's label, as in {@code scoring documents}
   * @return the results of all pieces in the order of the inputs
   */
  static <I, R> List<R> run(
      PrintWriter err, String what, List<I> inputs, Function<List<I>, List<R>> work) {
    List<R> results = new ArrayList<>(inputs.size());
    try (var progress = Progress.of(err, bar(what, 0, inputs.size()))) {
      for (int from = 0; from < inputs.size(); from += SIZE) {
        int to = Math.min(from + SIZE, inputs.size());
        results.addAll(work.apply(inputs.subList(from, to)));
        progress.update(bar(what, to, inputs.size()));
      }
    }
    return results;
  }

  /** As in {@code scoring documents [####----------------] 1024 of 5000}. */
  static String bar(String what, int done, int all) {
    int width = 20;
    int filled = all == 0 ? width : (int) ((long) width * done / all);
    return what
        + " ["
        + "#".repeat(filled)
        + "-".repeat(width - filled)
        + "] "
        + done
        + " of "
        + all;
  }
}
