package dev.gatun.runtime.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class TokenBudgetTest {
  @Test
  void longestFirstAndEqualLengthsInTheirOrder() {
    List<int[]> batches = TokenBudget.batches(new int[] {3, 5, 3, 9, 1, 3}, 9);
    assertEquals(3, batches.size());
    assertArrayEquals(new int[] {3}, batches.get(0));
    assertArrayEquals(new int[] {1, 0}, batches.get(1));
    assertArrayEquals(new int[] {2, 5, 4}, batches.get(2));
  }

  @Test
  void aSequenceBeyondTheBudgetRunsAlone() {
    List<int[]> batches = TokenBudget.batches(new int[] {2, 100, 3}, 5);
    assertArrayEquals(new int[] {1}, batches.get(0));
    assertArrayEquals(new int[] {2, 0}, batches.get(1));
    assertEquals(2, batches.size());
  }

  @Test
  void nothingGivesNoBatch() {
    assertEquals(0, TokenBudget.batches(new int[0]).size());
    assertThrows(IllegalArgumentException.class, () -> TokenBudget.batches(new int[] {1}, 0));
  }

  @Test
  void everySequenceIsInOneBatchAndNoBatchIsTooLarge() {
    var random = new Random(7);
    int[] lengths = random.ints(1000, 1, 300).toArray();
    var seen = new int[lengths.length];
    for (int[] batch : TokenBudget.batches(lengths, 1024)) {
      assertTrue(batch.length > 0);
      assertTrue(Arrays.stream(batch).map(i -> lengths[i]).sum() <= 1024);
      Arrays.stream(batch).forEach(i -> seen[i]++);
    }
    assertTrue(Arrays.stream(seen).allMatch(count -> count == 1));
  }

  @Test
  void hugeLengthsDontOverflow() {
    List<int[]> batches =
        TokenBudget.batches(new int[] {Integer.MAX_VALUE, Integer.MAX_VALUE}, Integer.MAX_VALUE);
    assertEquals(2, batches.size());
  }
}
