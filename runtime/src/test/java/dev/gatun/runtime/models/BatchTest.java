package dev.gatun.runtime.models;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.gatun.Inputs;
import dev.gatun.runtime.nativelib.ContextOptions;
import dev.gatun.runtime.nativelib.NativeContext;
import dev.gatun.runtime.tensor.Workspace;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class BatchTest {
  private final NativeContext context =
      NativeContext.open(ContextOptions.defaults().withThreads(1));
  private final Workspace workspace = Workspace.open(context);

  @AfterEach
  void close() {
    workspace.close();
    context.close();
  }

  /** As create_position_ids_from_input_ids of transformers' modeling_roberta.py. */
  @Test
  void paddingTakesNoPosition() {
    int[] right = {0, 5, 6, 2, 1, 1};
    int[] left = {1, 1, 0, 5, 6, 2};
    int[] inside = {0, 1, 5, 1, 1, 2};
    int[] only = {1, 1};

    Batch batch = Batch.of(workspace, Inputs.of(right, left, inside, only));

    assertArrayEquals(
        new int[] {2, 3, 4, 5, 1, 1, 1, 1, 2, 3, 4, 5, 2, 1, 3, 1, 1, 4, 1, 1},
        batch.positionsBehindPad(workspace, 1).toIntArray());
    assertArrayEquals(
        new int[] {0, 1, 2, 3, 4, 5, 1, 2, 0, 3, 4, 5, 0, 1, 2, 3, 4, 5, 1, 2},
        batch.positionsBehindPad(workspace, 0).toIntArray());
  }

  @Test
  void tokensReadBeforeCount() {
    List<int[]> ids = List.of(new int[] {7, 5, 8}, new int[] {}, new int[] {9});

    Batch batch = Batch.continuing(workspace, ids, new int[] {4, 2, 0});

    assertArrayEquals(
        new int[] {10, 5, 11, 6}, batch.positionsBehindPad(workspace, 5).toIntArray());
  }
}
