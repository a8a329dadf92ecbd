package dev.gatun.runtime.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.gatun.runtime.nativelib.ContextOptions;
import dev.gatun.runtime.nativelib.NativeContext;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class SequencesTest {

  private final NativeContext context =
      NativeContext.open(ContextOptions.defaults().withThreads(1));
  private final Workspace workspace = Workspace.open(context);

  @AfterEach
  void close() {
    workspace.close();
    context.close();
  }

  @Test
  void packsLengths() {
    Sequences sequences = Sequences.of(workspace, 3, 0, 2);

    assertEquals(3, sequences.count());
    assertEquals(5, sequences.total());
    assertEquals(3, sequences.maxLength());
    assertEquals(3, sequences.start(2));
    assertEquals(0, sequences.length(1));
    assertArrayEquals(new int[] {3, 0, 2}, sequences.lengths());
    assertArrayEquals(new int[] {0, 3, 3, 5}, sequences.cuSeqlens().toIntArray());
    assertEquals("3 sequences of 5 tokens", sequences.toString());
  }

  @Test
  void countsPositionsFromThePast() {
    Sequences sequences = Sequences.of(workspace, 3, 0, 2);

    assertArrayEquals(new int[] {0, 1, 2, 0, 1}, sequences.positions());
    assertArrayEquals(new int[] {7, 8, 9, 4, 5}, sequences.positions(new int[] {7, 1, 4}));
    assertThrows(IllegalArgumentException.class, () -> sequences.positions(new int[2]));
  }

  @Test
  void namesFirstAndLastRows() {
    List<int[]> ids = List.of(new int[] {9, 8, 7}, new int[] {6}, new int[] {5, 4});
    Sequences sequences = Sequences.of(workspace, ids);

    assertArrayEquals(new int[] {0, 3, 4}, sequences.firstRows());
    assertArrayEquals(new int[] {2, 3, 5}, sequences.lastRows());
    assertArrayEquals(new int[] {9, 8, 7, 6, 5, 4}, Sequences.concat(ids));
    Sequences gap = Sequences.of(workspace, 1, 0);
    IllegalArgumentException e = assertThrows(IllegalArgumentException.class, gap::lastRows);
    assertEquals("sequence 1 has no tokens", e.getMessage());
  }

  @Test
  void refusesImpossibleLengths() {
    assertThrows(IllegalArgumentException.class, () -> Sequences.of(workspace, 1, -1));
    assertThrows(
        IllegalArgumentException.class, () -> Sequences.of(workspace, Integer.MAX_VALUE, 1));
  }
}
