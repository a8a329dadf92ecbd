package dev.gatun.loader;

import java.util.ArrayList;
import java.util.List;

/**
 * Stored names that look like a missing one: the usual cause is a checkpoint of a related
 * architecture.
 */
final class NearMisses {
  private static final int NAMES_EXPLAINED = 5;
  private static final int CANDIDATES = 2000;
  private static final int LONGEST_NAME = 200;

  private NearMisses() {}

  static List<String> of(List<String> missing, List<String> candidates) {
    List<String> hints = new ArrayList<>();
    for (String name : missing.subList(0, Math.min(NAMES_EXPLAINED, missing.size()))) {
      String best = null;
      int bestDistance = Math.max(2, name.length() / 3) + 1;
      for (String candidate : candidates.subList(0, Math.min(CANDIDATES, candidates.size()))) {
        int distance = distance(name, candidate, bestDistance);
        if (distance < bestDistance) {
          bestDistance = distance;
          best = candidate;
        }
      }
      if (best != null) {
        hints.add("no " + name + ", but " + best);
      }
    }
    return hints;
  }

  /**
   * Edits from one name to the other; {@code limit} where there are that many or more, or a name is
   * oddly long.
   */
  private static int distance(String a, String b, int limit) {
    if (Math.abs(a.length() - b.length()) >= limit
        || a.length() > LONGEST_NAME
        || b.length() > LONGEST_NAME) {
      return limit;
    }
    int[] previous = new int[b.length() + 1];
    int[] row = new int[b.length() + 1];
    for (int j = 0; j <= b.length(); j++) {
      previous[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      row[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        int substitute = previous[j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        row[j] = Math.min(substitute, 1 + Math.min(previous[j], row[j - 1]));
      }
      int[] swap = previous;
      previous = row;
      row = swap;
    }
    return Math.min(limit, previous[b.length()]);
  }
}
