package dev.gatun.runtime.ops;

import static dev.gatun.runtime.testing.Values.assertClose;
import static dev.gatun.runtime.testing.Values.random;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.gatun.KernelException;
import dev.gatun.runtime.nativelib.ContextOptions;
import dev.gatun.runtime.nativelib.NativeContext;
import dev.gatun.runtime.tensor.Shape;
import dev.gatun.runtime.tensor.Tensor;
import dev.gatun.runtime.tensor.Workspace;
import dev.gatun.runtime.testing.TestModel;
import dev.gatun.runtime.weights.RotaryTable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** Rotary positions against the formula, on every tier that this CPU runs and on a GPU. */
@ParameterizedClass
@MethodSource("dev.gatun.runtime.testing.Backends#tiers")
class RopeTest {

  private static final int POSITIONS = 40;

  private final NativeContext context;
  private final Workspace workspace;
  private final Ops ops;

  RopeTest(ContextOptions options) {
    context = NativeContext.open(options);
    workspace = Workspace.open(context);
    ops = new Ops(context);
  }

  @AfterEach
  void close() {
    workspace.close();
    context.close();
  }

  private TestModel<RotaryTable> table(int rotaryDim) {
    return new TestModel.Builder()
        .add("unused", Shape.of(1), 0)
        .load(
            context,
            scope -> scope.rotaryTable(POSITIONS, RotaryTable.frequencies(100, rotaryDim)));
  }

  /** Two of three column blocks of a fused projection, as heads of 24 of which 20 turn. */
  @Test
  void headsOfQueriesAndKeysTurn() {
    int heads = 4;
    int dim = 24;
    int rotary = 20;
    int[] positions = {0, 1, 39, 2, 17};
    float[] values = random(1, positions.length * 3 * 48);
    Tensor qkv = workspace.floats(positions.length, 3 * 48, values);
    float[] turned;
    try (TestModel<RotaryTable> model = table(rotary)) {
      ops.rope(workspace, model.model(), qkv.columns(0, 96), dim, workspace.ints(positions));
      turned = qkv.toFloatArray();
    }
    double[] expected = new double[values.length];
    for (int i = 0; i < values.length; i++) {
      expected[i] = values[i];
    }
    for (int t = 0; t < positions.length; t++) {
      for (int h = 0; h < heads; h++) {
        for (int i = 0; i < rotary / 2; i++) {
          int a = t * 144 + h * dim + i;
          int b = a + rotary / 2;
          double angle = positions[t] * Math.pow(100, -2.0 * i / rotary);
          expected[a] = values[a] * Math.cos(angle) - values[b] * Math.sin(angle);
          expected[b] = values[b] * Math.cos(angle) + values[a] * Math.sin(angle);
        }
      }
    }
    assertClose(expected, turned, 5e-7);
  }

  @Test
  void whatDoesNotFitIsNamed() {
    float[] values = random(1, 2 * 12);
    Tensor x = workspace.floats(2, 12, values);
    try (TestModel<RotaryTable> model = table(6)) {
      RotaryTable table = model.model();
      refused(
          "rope: rotary table of 40 positions, 6 features does not turn x F32[2, 12] with heads of"
              + " 4 at positions I32[2]",
          table,
          x,
          4,
          workspace.ints(1, 2));
      refused(
          "rope: rotary table of 40 positions, 6 features does not turn x F32[2, 12] with heads of"
              + " 8 at positions I32[2]",
          table,
          x,
          8,
          workspace.ints(1, 2));
      refused(
          "rope: rotary table of 40 positions, 6 features does not turn x F32[2, 12] with heads of"
              + " 6 at positions I32[3]",
          table,
          x,
          6,
          workspace.ints(1, 2, 3));
      KernelException outside =
          assertThrows(
              KernelException.class,
              () -> ops.rope(workspace, table, x, 6, workspace.ints(39, 40)));
      assertEquals(
          "rope: position 40 of token 1 is outside the tables, which have 40 rows.",
          outside.getMessage());
    }
    assertArrayEquals(values, x.toFloatArray());
  }

  private void refused(String message, RotaryTable table, Tensor x, int dim, Tensor positions) {
    assertEquals(
        message,
        assertThrows(
                IllegalArgumentException.class, () -> ops.rope(workspace, table, x, dim, positions))
            .getMessage());
  }
}
