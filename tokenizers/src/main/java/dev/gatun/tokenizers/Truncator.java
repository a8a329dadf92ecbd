package dev.gatun.tokenizers;

import java.util.Arrays;

/**
 * Truncation as the Rust library does it ({@code utils/truncation.rs}), but on the finished
 * encoding.
 *
 * <p>Done here because the library keeps truncation as state of the tokenizer, which two threads
 * would have to share, and because it panics on lengths below the number of special tokens. Cutting
 * afterwards gives the same tokens: the post-processor only places whole sequences between special
 * tokens.
 */
final class Truncator {
  private Truncator() {}

  /**
   * Truncates.
   *
   * @param pair whether the encoding is of two texts, of which one may have no token
   * @throws IllegalArgumentException when the strategy cannot reach the length
   */
  static Encoding truncate(Encoding encoding, boolean pair, Truncation to, Truncation.Side side) {
    int excess = encoding.length() - to.maxLength();
    if (excess <= 0) {
      return encoding;
    }
    var lengths = new int[2];
    for (int i = 0; i < encoding.length(); i++) {
      if (encoding.sequence(i) != Encoding.NO_SEQUENCE) {
        lengths[encoding.sequence(i)]++;
      }
    }
    int specials = encoding.length() - lengths[0] - lengths[1];
    if (specials > to.maxLength()) {
      throw new IllegalArgumentException(
          "maxLength " + to.maxLength() + " is below the " + specials + " special tokens");
    }
    int[] kept = keptLengths(lengths, pair, excess, to.maxLength(), specials, to.strategy());
    return cut(encoding, lengths, kept, side);
  }

  private static int[] keptLengths(
      int[] lengths,
      boolean pair,
      int excess,
      int maxLength,
      int specials,
      Truncation.Strategy strategy) {
    int room = maxLength - specials;
    if (strategy == Truncation.Strategy.ONLY_SECOND && !pair) {
      throw new IllegalArgumentException("ONLY_SECOND needs a second text");
    }
    if (room == 0) {
      return new int[2]; // the library then drops both texts, whatever the strategy
    }
    return switch (strategy) {
      case LONGEST_FIRST -> {
        if (!pair) {
          yield new int[] {room, 0};
        }
        // the library cuts each text to maxLength by itself before it weighs them
        int first = Math.min(lengths[0], maxLength);
        int second = Math.min(lengths[1], maxLength);
        yield longestFirst(first, second, room);
      }
      case ONLY_FIRST -> new int[] {shortened(lengths[0], excess, "first"), lengths[1]};
      case ONLY_SECOND -> new int[] {lengths[0], shortened(lengths[1], excess, "second")};
    };
  }

  private static int shortened(int length, int excess, String which) {
    if (length <= excess) {
      throw new IllegalArgumentException(
          "the " + which + " text has " + length + " tokens; " + excess + " should go");
    }
    return length - excess;
  }

  private static int[] longestFirst(int first, int second, int room) {
    int shorter = Math.min(first, second);
    int longer = shorter > room ? shorter : Math.max(shorter, room - shorter);
    if (shorter + longer > room) {
      shorter = room / 2;
      longer = shorter + room % 2;
    }
    return first > second ? new int[] {longer, shorter} : new int[] {shorter, longer};
  }

  private static Encoding cut(Encoding encoding, int[] lengths, int[] kept, Truncation.Side side) {
    var indexes = new int[encoding.length()];
    var seen = new int[2];
    int count = 0;
    for (int i = 0; i < encoding.length(); i++) {
      int sequence = encoding.sequence(i);
      boolean keep = true;
      if (sequence != Encoding.NO_SEQUENCE) {
        int position = seen[sequence]++;
        keep =
            side == Truncation.Side.RIGHT
                ? position < kept[sequence]
                : position >= lengths[sequence] - kept[sequence];
      }
      if (keep) {
        indexes[count++] = i;
      }
    }
    return encoding.keep(Arrays.copyOf(indexes, count));
  }
}
