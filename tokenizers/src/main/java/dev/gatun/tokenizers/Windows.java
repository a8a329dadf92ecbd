package dev.gatun.tokenizers;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Overflowing tokens as the Rust library gives them ({@code Encoding::truncate}), cut from the
 * finished encoding for the reasons that {@link Truncator} states.
 */
final class Windows {
  private Windows() {}

  /**
   * Cuts one sequence of the encoding into windows; every window has all other tokens.
   *
   * @param sequence the sequence to cut
   * @throws IllegalArgumentException when the other tokens leave no room, or the stride no progress
   */
  static List<Encoding> over(
      Encoding encoding, int sequence, int maxLength, int stride, Truncation.Side side) {
    if (stride < 0) {
      throw new IllegalArgumentException("stride must be at least 0, not " + stride);
    }
    if (encoding.length() <= maxLength) {
      return List.of(encoding);
    }
    int length = 0;
    for (int i = 0; i < encoding.length(); i++) {
      length += encoding.sequence(i) == sequence ? 1 : 0;
    }
    int others = encoding.length() - length;
    int room = maxLength - others;
    if (room < 1) {
      throw new IllegalArgumentException(
          "maxLength " + maxLength + " leaves no room beside the " + others + " other tokens");
    }
    if (stride >= room) {
      throw new IllegalArgumentException(
          "stride " + stride + " must be below the " + room + " tokens of text a window holds");
    }
    List<Encoding> windows = new ArrayList<>();
    for (int moved = 0; ; moved += room - stride) {
      int from;
      int to;
      if (side == Truncation.Side.RIGHT) {
        from = moved;
        to = Math.min(from + room, length);
      } else {
        to = length - moved;
        from = Math.max(to - room, 0);
      }
      windows.add(window(encoding, sequence, from, to));
      if (side == Truncation.Side.RIGHT ? to == length : from == 0) {
        return windows;
      }
    }
  }

  private static Encoding window(Encoding encoding, int sequence, int from, int to) {
    var kept = new int[encoding.length()];
    int count = 0;
    int position = 0;
    for (int i = 0; i < encoding.length(); i++) {
      boolean keep = true;
      if (encoding.sequence(i) == sequence) {
        keep = position >= from && position < to;
        position++;
      }
      if (keep) {
        kept[count++] = i;
      }
    }
    return encoding.keep(Arrays.copyOf(kept, count));
  }
}
