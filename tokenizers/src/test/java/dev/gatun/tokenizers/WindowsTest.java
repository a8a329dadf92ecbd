package dev.gatun.tokenizers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class WindowsTest {
  private static final String TEXT = "the cat sat the cat sat the cat";

  @Test
  void windowsCoverTheTextAndOverlap() {
    try (var tokenizer = Tokenizer.load(TestFiles.small("stored"))) {
      int[] all = tokenizer.encode(TEXT).ids();
      List<Encoding> windows = Windows.over(tokenizer.encode(TEXT), 0, 6, 1, Truncation.Side.RIGHT);
      int specials = tokenizer.encode("").length();
      int room = 6 - specials;
      var seen = new ArrayList<Integer>();
      for (Encoding window : windows) {
        assertTrue(window.length() <= 6);
        for (int i = 0; i < window.length(); i++) {
          if (window.sequence(i) == 0 && !seen.contains(window.start(i))) {
            seen.add(window.start(i));
            assertEquals(seen.size() - 1, window.word(i));
          }
        }
      }
      assertEquals(all.length - specials, seen.size());
      assertEquals((all.length - specials - 1 + room - 2) / (room - 1), windows.size());
      assertEquals(List.of(tokenizer.encode(TEXT)), tokenizer.encodeWindows(TEXT, all.length, 1));
    }
  }

  @Test
  void aPairKeepsItsFirstText() {
    try (var tokenizer = Tokenizer.load(TestFiles.small("stored"))) {
      int whole = tokenizer.encode("a cat", TEXT).length();
      List<Encoding> windows =
          Windows.over(tokenizer.encode("a cat", TEXT), 1, whole - 2, 2, Truncation.Side.RIGHT);
      assertEquals(2, windows.size());
      for (Encoding window : windows) {
        assertEquals(
            2, IntStream.range(0, window.length()).filter(i -> window.sequence(i) == 0).count());
        assertEquals(0, window.word(firstOf(window, 0)));
      }
      assertTrue(windows.get(1).start(firstOf(windows.get(1), 1)) > 0);
    }
  }

  @Test
  void fromTheEndWhereTheModelTruncatesOnTheLeft() {
    try (var tokenizer = Tokenizer.load(TestFiles.small("stored"))) {
      Encoding encoding = tokenizer.encode(TEXT);
      List<Encoding> windows = Windows.over(encoding, 0, 7, 2, Truncation.Side.LEFT);
      // truncation_side of this tokenizer
      assertEquals(windows, tokenizer.encodeWindows(TEXT, 7, 2));
      int[] first = windows.getFirst().ids();
      int[] all = encoding.ids();
      assertEquals(all[all.length - 2], first[first.length - 2]);
      assertEquals(0, windows.getLast().start(firstOf(windows.getLast(), 0)));
      assertTrue(Arrays.stream(first).count() <= 7);
    }
  }

  @Test
  void windowsThatMakeNoProgress() {
    try (var tokenizer = Tokenizer.load(TestFiles.small("stored"))) {
      assertThrows(IllegalArgumentException.class, () -> tokenizer.encodeWindows(TEXT, 6, 6));
      assertThrows(IllegalArgumentException.class, () -> tokenizer.encodeWindows(TEXT, 6, -1));
      assertThrows(IllegalArgumentException.class, () -> tokenizer.encodeWindows(TEXT, 1, 0));
      assertThrows(IllegalArgumentException.class, () -> tokenizer.encodeWindows(TEXT, TEXT, 6, 0));
    }
  }

  private static int firstOf(Encoding encoding, int sequence) {
    int i = 0;
    while (encoding.sequence(i) != sequence) {
      i++;
    }
    return i;
  }
}
