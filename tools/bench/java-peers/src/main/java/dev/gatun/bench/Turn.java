package dev.gatun.bench;

import java.util.ArrayList;
import java.util.List;

/** One side's turn of a paired measurement, as rounds.py takes it. */
final class Turn {
  private Turn() {}

  /** What is timed. */
  interface Work {
    void run() throws Exception;
  }

  /**
   * Median milliseconds of calls during some seconds, after one that doesn't count unless it is
   * longer.
   */
  static double median(double seconds, Work work) throws Exception {
    double first = timed(work);
    if (first >= seconds) {
      return first * 1e3;
    }
    List<Double> times = new ArrayList<>();
    long end = System.nanoTime() + (long) (seconds * 1e9);
    do {
      times.add(timed(work));
    } while (System.nanoTime() < end);
    times.sort(null);
    int count = times.size();
    return (times.get((count - 1) / 2) + times.get(count / 2)) / 2 * 1e3;
  }

  private static double timed(Work work) throws Exception {
    long start = System.nanoTime();
    work.run();
    return (System.nanoTime() - start) / 1e9;
  }
}
