package dev.gatun.runtime.models;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.gatun.Inputs;
import dev.gatun.runtime.nativelib.ContextOptions;
import dev.gatun.runtime.nativelib.NativeContext;
import dev.gatun.runtime.tensor.Workspace;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Values printed by transformers' create_position_ids_from_input_ids. */
class PositionsAfterPaddingTest {
  @Test
  void everySequenceCountsItsOwnTokensAroundThePadding() {
    try (var context = NativeContext.open(ContextOptions.defaults().withThreads(1));
        Workspace ws = Workspace.open(context)) {
      int[] right = {0, 5, 6, 2, 1, 1};
      int[] left = {1, 1, 0, 5, 6, 2};
      int[] inside = {0, 1, 5, 1, 1, 2};
      Batch batch = Batch.of(ws, Inputs.of(List.of(right, left, inside, new int[] {1})));

      assertArrayEquals(
          new int[] {2, 3, 4, 5, 1, 1, 1, 1, 2, 3, 4, 5, 2, 1, 3, 1, 1, 4, 1},
          batch.positionsAfterPadding(ws, 1).toIntArray());
      assertArrayEquals(
          new int[] {0, 1, 2, 3, 4, 5, 1, 2, 0, 3, 4, 5, 0, 1, 2, 3, 4, 5, 1},
          batch.positionsAfterPadding(ws, 0).toIntArray());
    }
  }
}
