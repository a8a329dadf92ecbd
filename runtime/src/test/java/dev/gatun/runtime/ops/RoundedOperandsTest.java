package dev.gatun.runtime.ops;

import static dev.gatun.runtime.testing.Values.random;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.ComputeDtype;
import dev.gatun.loader.config.Activation;
import dev.gatun.loader.safetensors.DType;
import dev.gatun.runtime.nativelib.ContextOptions;
import dev.gatun.runtime.nativelib.NativeContext;
import dev.gatun.runtime.tensor.Sequences;
import dev.gatun.runtime.tensor.Shape;
import dev.gatun.runtime.tensor.Tensor;
import dev.gatun.runtime.tensor.Workspace;
import dev.gatun.runtime.testing.TestModel;
import dev.gatun.runtime.weights.Linear;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** Results that are written as products read them, where a context computes in bf16. */
@ParameterizedClass
@MethodSource("dev.gatun.runtime.testing.Backends#tiers")
class RoundedOperandsTest {
  private static final int ROWS = 19;
  private static final int HEADS = 2;
  private static final int HEAD_DIM = 16;
  private static final int HIDDEN = HEADS * HEAD_DIM;
  private static final int WIDE = 70;

  private record Layers(Linear up, Linear down, Linear qkv, Linear out) {}

  private final NativeContext context;
  private final Workspace workspace;
  private final Ops ops;
  private final TestModel<Layers> model;
  private final Tensor x;

  RoundedOperandsTest(ContextOptions options) {
    context = NativeContext.open(options.withDtype(ComputeDtype.BF16));
    workspace = Workspace.open(context);
    ops = new Ops(context);
    model = layers(context);
    x = workspace.floats(ROWS, HIDDEN, random(9, ROWS * HIDDEN));
  }

  private static TestModel<Layers> layers(NativeContext context) {
    return new TestModel.Builder()
        .add("up.weight", Shape.of(WIDE, HIDDEN), random(1, WIDE * HIDDEN))
        .add("down.weight", Shape.of(HIDDEN, WIDE), random(2, HIDDEN * WIDE))
        .add("qkv.weight", Shape.of(3 * HIDDEN, HIDDEN), random(3, 3 * HIDDEN * HIDDEN))
        .add("out.weight", Shape.of(HIDDEN, HIDDEN), random(4, HIDDEN * HIDDEN))
        .load(
            context,
            scope ->
                new Layers(
                    scope.linearNoBias("up", HIDDEN, WIDE),
                    scope.linearNoBias("down", WIDE, HIDDEN),
                    scope.linearNoBias("qkv", HIDDEN, 3 * HIDDEN),
                    scope.linearNoBias("out", HIDDEN, HIDDEN)));
  }

  @AfterEach
  void close() {
    workspace.close();
    model.close();
    context.close();
  }

  /** The next layer would have rounded it the same: not a bit differs. */
  @Test
  void betweenLinearLayers() {
    Layers layers = model.model();
    Epilogue gelu = Epilogue.activation(Activation.GELU_ERF);
    Tensor wide = ops.linear(workspace, layers.up(), x, gelu);
    Tensor rounded = ops.linear(workspace, layers.up(), x, gelu.asOperand());
    assertEquals(DType.F32, wide.dtype());
    assertEquals(DType.BF16, rounded.dtype());

    float[] expected =
        ops.linear(workspace, layers.down(), wide, Epilogue.residual(x)).toFloatArray();
    float[] actual =
        ops.linear(workspace, layers.down(), rounded, Epilogue.residual(x)).toFloatArray();

    assertArrayEquals(expected, actual);
  }

  @Test
  void throughAttention() {
    float[] expected = attend(Epilogue.NONE, DType.F32);
    float[] actual = attend(Epilogue.OPERAND, DType.BF16);

    double largest = 0;
    for (float value : expected) {
      largest = Math.max(largest, Math.abs(value));
    }
    for (int i = 0; i < expected.length; i++) { // bf16 has 8 bits, and sums of 32 of them are made
      assertEquals(expected[i], actual[i], largest / 32, "element " + i);
    }
  }

  private float[] attend(Epilogue epilogue, DType dtype) {
    Tensor qkv = ops.linear(workspace, model.model().qkv(), x, epilogue);
    assertEquals(dtype, qkv.dtype());
    Sequences sequences = Sequences.of(workspace, 7, 0, 12);
    Tensor attended =
        ops.attention(
            workspace,
            qkv.columns(0, HIDDEN),
            qkv.columns(HIDDEN, 2 * HIDDEN),
            qkv.columns(2 * HIDDEN, 3 * HIDDEN),
            AttentionOptions.of(HEADS, HEAD_DIM),
            sequences,
            sequences);
    assertEquals(dtype, attended.dtype());
    return ops.linear(workspace, model.model().out(), attended).toFloatArray();
  }

  @Test
  void notWhereAResidualIsAdded() {
    Tensor y = ops.linear(workspace, model.model().out(), x, Epilogue.residual(x).asOperand());

    assertEquals(DType.F32, y.dtype());
  }

  @Test
  void notWhereProductsAreExact() {
    try (NativeContext exact = NativeContext.open(ContextOptions.defaults().withThreads(1));
        TestModel<Layers> layers = layers(exact);
        Workspace ws = Workspace.open(exact)) {
      Tensor values = ws.floats(1, HIDDEN, random(5, HIDDEN));

      Tensor y = new Ops(exact).linear(ws, layers.model().up(), values, Epilogue.OPERAND);

      assertEquals(DType.F32, y.dtype());
    }
  }

  @Test
  void readByNothingElse() {
    Tensor rounded = ops.linear(workspace, model.model().out(), x, Epilogue.OPERAND);
    Sequences sequences = Sequences.of(workspace, ROWS);

    assertThrows(IllegalStateException.class, rounded::toFloatArray);
    assertThrows(
        IllegalArgumentException.class, () -> ops.activate(workspace, rounded, Activation.RELU));
    var mixed =
        assertThrows(
            IllegalArgumentException.class,
            () ->
                ops.attention(
                    workspace,
                    rounded,
                    x,
                    x,
                    AttentionOptions.of(HEADS, HEAD_DIM),
                    sequences,
                    sequences));
    assertTrue(mixed.getMessage().contains("beside queries BF16"), mixed.getMessage());
  }
}
