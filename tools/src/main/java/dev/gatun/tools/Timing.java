package dev.gatun.tools;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Arrays;

/**
 * Times of one piece of work done over and over.
 *
 * @param medianMillis elapsed milliseconds of the median run
 * @param minMillis of the fastest run
 * @param runs timed runs
 */
record Timing(double medianMillis, double minMillis, int runs) {
  private static final int LEAST_RUNS = 3;
  private static final int MOST_RUNS = 100_000;

  /**
   * Runs {@code work} until {@code seconds} have passed and at least three times, after runs that
   * don't count: one, and more for {@code warmup} seconds, in which the JIT compiles the calls.
   */
  static Timing measure(double warmup, double seconds, Runnable work) {
    warmUp(warmup, work);
    return repeat(seconds, LEAST_RUNS, work);
  }

  /**
   * One side's turn of a paired measurement: runs {@code work} until {@code seconds} have passed,
   * after one run that doesn't count, for it wakes threads and warms caches. Beside a run longer
   * than the turn that is nothing, so that such a run is made once and counts.
   */
  static Timing turn(double seconds, Runnable work) {
    Timing first = repeat(0, 1, work);
    return first.medianMillis() >= seconds * 1e3 ? first : repeat(seconds, 1, work);
  }

  /** Runs {@code work} once, and again for {@code seconds}. */
  static void warmUp(double seconds, Runnable work) {
    long start = System.nanoTime();
    do {
      work.run();
    } while (secondsSince(start) < seconds);
  }

  private static Timing repeat(double seconds, int leastRuns, Runnable work) {
    var millis = new double[16];
    int runs = 0;
    long start = System.nanoTime();
    while (runs < leastRuns || (secondsSince(start) < seconds && runs < MOST_RUNS)) {
      if (runs == millis.length) {
        millis = Arrays.copyOf(millis, 2 * runs);
      }
      long before = System.nanoTime();
      work.run();
      millis[runs++] = (System.nanoTime() - before) / 1e6;
    }
    return of(Arrays.copyOf(millis, runs));
  }

  /** The summary of these times. */
  static Timing of(double... millis) {
    double[] sorted = millis.clone();
    Arrays.sort(sorted);
    int middle = sorted.length / 2;
    double median =
        sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    return new Timing(median, sorted[0], sorted.length);
  }

  /** The rate of the median run. */
  double gigaflops(double flops) {
    return flops / medianMillis / 1e6;
  }

  void putInto(ObjectNode node) {
    node.put("median_ms", medianMillis);
    node.put("min_ms", minMillis);
    node.put("runs", runs);
  }

  private static double secondsSince(long start) {
    return (System.nanoTime() - start) / 1e9;
  }
}
