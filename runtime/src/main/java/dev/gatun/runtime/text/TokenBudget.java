package dev.gatun.runtime.text;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Cuts many sequences into packed batches of bounded size, so that a million texts need no more
 * memory at once than a few thousand tokens do. Sequences of similar length share a batch, the
 * longest come first: what needs most memory fails at the start, not at the end.
 */
public final class TokenBudget {
  /** Enough rows to keep every core busy; more would only take memory. */
  public static final int DEFAULT_TOKENS = 16_384;

  private TokenBudget() {}

  /** Batches of at most {@link #DEFAULT_TOKENS}. */
  public static List<int[]> batches(int[] lengths) {
    return batches(lengths, DEFAULT_TOKENS);
  }

  /**
   * The batches to run one after the other. Each holds indexes into {@code lengths}, every index is
   * in exactly one; which batch a sequence is in depends on the lengths alone.
   *
   * @param lengths tokens of each sequence
   * @param budget most tokens of a batch; a sequence that is longer runs alone
   * @throws IllegalArgumentException if the budget is below 1
   */
  public static List<int[]> batches(int[] lengths, int budget) {
    if (budget < 1) {
      throw new IllegalArgumentException("a budget of " + budget + " tokens; at least 1 is needed");
    }
    int[] order =
        IntStream.range(0, lengths.length)
            .boxed()
            .sorted(Comparator.comparingInt((Integer i) -> lengths[i]).reversed())
            .mapToInt(Integer::intValue)
            .toArray();
    List<int[]> batches = new ArrayList<>();
    int from = 0;
    long tokens = 0;
    for (int at = 0; at < order.length; at++) {
      int length = lengths[order[at]];
      if (at > from && tokens + length > budget) {
        batches.add(Arrays.copyOfRange(order, from, at));
        from = at;
        tokens = 0;
      }
      tokens += length;
    }
    if (from < order.length) {
      batches.add(Arrays.copyOfRange(order, from, order.length));
    }
    return batches;
  }
}
