package dev.gatun.tools;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * What a model is asked to do in a measurement.
 *
 * @param inputIds token ids of each sequence
 * @param newTokens tokens to write behind each; 0 for a forward pass
 */
record Workload(List<int[]> inputIds, int newTokens) {
  private static final long MOST_TOKENS = 1 << 24;

  /** Lengths as people write them: {@code 8x128} or {@code 16,77,512} or {@code 4x16,2x512}. */
  static int[] parseLengths(String text) {
    return parseLengths(text, 1);
  }

  /** The same, {@code batch} times over. */
  static int[] parseLengths(String text, int batch) {
    var lengths = new ArrayList<Integer>();
    double tokens = 0;
    for (String part : text.split(",", -1)) {
      String[] factors = part.strip().split("x", -1);
      try {
        int times = factors.length == 1 ? 1 : Integer.parseInt(factors[0]);
        int length = Integer.parseInt(factors[factors.length - 1]);
        if (factors.length > 2 || times < 1 || length < 1) {
          throw new NumberFormatException();
        }
        tokens += (double) batch * times * length;
        if (tokens > MOST_TOKENS) {
          throw new IllegalArgumentException(
              "lengths '%s' are more than %,d tokens in one batch".formatted(text, MOST_TOKENS));
        }
        for (int i = 0; i < times; i++) {
          lengths.add(length);
        }
      } catch (NumberFormatException e) {
        throw new IllegalArgumentException(
            "lengths are written 8x128 (eight of 128 tokens) or 16,77,512; not '" + text + "'", e);
      }
    }
    int[] once = lengths.stream().mapToInt(Integer::intValue).toArray();
    return IntStream.range(0, batch).flatMap(_ -> IntStream.of(once)).toArray();
  }

  /** Sequences of these lengths, of random ids that are the same in every run. */
  static Workload random(int[] lengths, int newTokens, int vocabulary, long seed) {
    var random = new SplittableRandom(seed);
    var inputIds = new ArrayList<int[]>();
    for (int length : lengths) {
      inputIds.add(random.ints(length, 0, vocabulary).toArray());
    }
    return new Workload(inputIds, newTokens);
  }

  int[] lengths() {
    return inputIds.stream().mapToInt(ids -> ids.length).toArray();
  }
}
