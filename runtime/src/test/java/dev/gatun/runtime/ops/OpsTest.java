package dev.gatun.runtime.ops;

import static dev.gatun.runtime.testing.Values.assertClose;
import static dev.gatun.runtime.testing.Values.fill;
import static dev.gatun.runtime.testing.Values.random;
import static dev.gatun.runtime.testing.Values.strided;
import static dev.gatun.runtime.weights.LinearPart.part;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.loader.config.Activation;
import dev.gatun.loader.safetensors.DType;
import dev.gatun.runtime.nativelib.ContextOptions;
import dev.gatun.runtime.nativelib.NativeContext;
import dev.gatun.runtime.tensor.Sequences;
import dev.gatun.runtime.tensor.Shape;
import dev.gatun.runtime.tensor.Tensor;
import dev.gatun.runtime.tensor.Workspace;
import dev.gatun.runtime.testing.TestModel;
import dev.gatun.runtime.weights.Embedding;
import dev.gatun.runtime.weights.LayerNorm;
import dev.gatun.runtime.weights.Linear;
import dev.gatun.runtime.weights.RmsNorm;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Every op but attention against plain loops, on every tier that this CPU runs and on a GPU. */
@ParameterizedClass
@MethodSource("dev.gatun.runtime.testing.Backends#tiers")
class OpsTest {

  private final NativeContext context;
  private final Workspace workspace;
  private final Ops ops;

  OpsTest(ContextOptions options) {
    context = NativeContext.open(options);
    workspace = Workspace.open(context);
    ops = new Ops(context);
  }

  @AfterEach
  void close() {
    workspace.close();
    context.close();
  }

  @ParameterizedTest
  @CsvSource({"1,1,1", "1,5,3", "7,33,17", "64,48,96", "13,130,67"})
  void linear(int rows, int in, int out) {
    float[] x = random(1, rows * in);
    float[] w = random(2, out * in);
    float[] b = random(3, out);
    try (TestModel<Linear> model =
        new TestModel.Builder()
            .add("a.weight", Shape.of(out, in), w)
            .add("a.bias", Shape.of(out), b)
            .load(context, scope -> scope.linear("a", in, out))) {
      double[] expected = Naive.linear(x, w, b, rows, in, out);

      Tensor y = ops.linear(workspace, model.model(), workspace.floats(rows, in, x));
      assertClose(expected, y.toFloatArray(), 1e-4);
      Tensor strided = ops.linear(workspace, model.model(), strided(workspace, rows, in, x));
      assertArrayEquals(y.toFloatArray(), strided.toFloatArray());
    }
  }

  /**
   * Such rows have a gap, so that they don't share cache sets; what reads them sees no difference.
   */
  @Test
  void wideResults() {
    int rows = 17;
    int in = 20;
    int wide = 1024;
    float[] x = random(1, rows * in);
    float[] up = random(2, wide * in);
    float[] down = random(3, in * wide);
    record Layers(Linear up, Linear down) {}
    try (TestModel<Layers> model =
        new TestModel.Builder()
            .add("up.weight", Shape.of(wide, in), up)
            .add("down.weight", Shape.of(in, wide), down)
            .load(
                context,
                scope ->
                    new Layers(
                        scope.linearNoBias("up", in, wide),
                        scope.linearNoBias("down", wide, in)))) {
      Tensor h = ops.linear(workspace, model.model().up(), workspace.floats(rows, in, x));
      assertTrue(h.rowStride() > wide);
      assertClose(Naive.linear(x, up, new float[0], rows, in, wide), h.toFloatArray(), 1e-4);
      double[] expected = Naive.linear(h.toFloatArray(), down, new float[0], rows, wide, in);
      Tensor y = ops.linear(workspace, model.model().down(), h);
      assertClose(expected, y.toFloatArray(), 1e-3);
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = Activation.class,
      names = {"GELU_TANH", "SILU", "RELU"})
  void gatedLinear(Activation activation) {
    int rows = 5;
    int in = 24;
    int features = 37;
    float[] x = random(1, rows * in);
    float[] gate = random(2, features * in);
    float[] up = random(3, features * in);
    float[] upBias = random(4, features);
    try (TestModel<Linear> model =
        new TestModel.Builder()
            .add("gate.weight", Shape.of(features, in), gate)
            .add("up.weight", Shape.of(features, in), up)
            .add("up.bias", Shape.of(features), upBias)
            .load(
                context,
                scope ->
                    scope.gatedLinear(
                        in, part("gate", features).withoutBias(), part("up", features)))) {
      double[] gates = Naive.linear(x, gate, new float[0], rows, in, features);
      double[] ups = Naive.linear(x, up, upBias, rows, in, features);
      double[] expected = new double[gates.length];
      Arrays.setAll(expected, i -> Naive.activation(activation, gates[i]) * ups[i]);

      Tensor y =
          ops.linear(
              workspace,
              model.model(),
              workspace.floats(rows, in, x),
              Epilogue.activation(activation));
      assertEquals(Shape.of(rows, features), y.shape());
      assertClose(expected, y.toFloatArray(), 1e-4);
    }
  }

  @Test
  void argmaxIsTheFirstLargest() {
    float[] x = {1, 3, 3, -5, Float.NaN, -1, -2, -1};
    assertArrayEquals(new int[] {1, 1}, ops.argmax(workspace, workspace.floats(2, 4, x)));
  }

  @ParameterizedTest
  @EnumSource(Activation.class)
  void linearWithEpilogue(Activation activation) {
    int rows = 5;
    int in = 24;
    int out = 19;
    float[] x = random(1, rows * in);
    float[] w = random(2, out * in);
    float[] residual = random(4, rows * out);
    try (TestModel<Linear> model =
        new TestModel.Builder()
            .add("a.weight", Shape.of(out, in), w)
            .load(context, scope -> scope.linearNoBias("a", in, out))) {
      double[] product = Naive.linear(x, w, new float[0], rows, in, out);
      double[] expected = new double[product.length];
      Arrays.setAll(expected, i -> residual[i] + 0.5 * Naive.activation(activation, product[i]));
      Tensor input = workspace.floats(rows, in, x);
      Epilogue epilogue = Epilogue.activation(activation).withScale(0.5f);

      Tensor y =
          ops.linear(
              workspace,
              model.model(),
              input,
              epilogue.withResidual(strided(workspace, rows, out, residual)));
      assertClose(expected, y.toFloatArray(), 1e-4);

      Tensor stream = strided(workspace, rows, out, residual);
      assertSame(
          stream,
          ops.linear(workspace, model.model(), input, epilogue.withResidual(stream), stream));
      assertClose(expected, stream.toFloatArray(), 1e-4);
    }
  }

  @Test
  void noTokensAreNoError() {
    record Layers(Embedding embedding, Linear linear, LayerNorm norm) {}
    try (TestModel<Layers> model =
        new TestModel.Builder()
            .add("e.weight", Shape.of(5, 4), random(1, 20))
            .add("a.weight", Shape.of(4, 4), random(2, 16))
            .add("n.weight", Shape.of(4), random(3, 4))
            .add("n.bias", Shape.of(4), random(4, 4))
            .load(
                context,
                scope ->
                    new Layers(
                        scope.embedding("e", 5, 4),
                        scope.linearNoBias("a", 4, 4),
                        scope.layerNorm("n", 4, 1e-5)))) {
      Tensor x = ops.embed(workspace, model.model().embedding(), workspace.ints());
      x = ops.layerNorm(workspace, model.model().norm(), x);
      x = ops.linear(workspace, model.model().linear(), x);
      Sequences none = Sequences.of(workspace, 0, 0);
      x = ops.attention(workspace, x, x, x, AttentionOptions.of(1, 4), none, none);
      x = ops.gatherRows(workspace, ops.activate(workspace, x, Activation.RELU));
      assertEquals(Shape.of(0, 4), x.shape());
    }
  }

  @ParameterizedTest
  @CsvSource({"1,1", "3,7", "4,64", "2,1000"})
  void norms(int rows, int features) {
    float[] x = random(1, rows * features);
    float[] w = random(2, features);
    float[] b = random(3, features);
    record Norms(LayerNorm layer, RmsNorm rms) {}
    try (TestModel<Norms> model =
        new TestModel.Builder()
            .add("l.weight", Shape.of(features), w)
            .add("l.bias", Shape.of(features), b)
            .add("r.weight", Shape.of(features), w)
            .load(
                context,
                scope ->
                    new Norms(
                        scope.layerNorm("l", features, 1e-5),
                        scope.rmsNorm("r", features, 1e-6)))) {
      Tensor in = workspace.floats(rows, features, x);
      double[] layer = Naive.layerNorm(x, w, b, rows, 1e-5);
      double[] rms = Naive.rmsNorm(x, w, rows, 1e-6);

      assertClose(layer, ops.layerNorm(workspace, model.model().layer(), in).toFloatArray(), 1e-4);
      assertClose(rms, ops.rmsNorm(workspace, model.model().rms(), in).toFloatArray(), 1e-5);
      ops.layerNorm(workspace, model.model().layer(), in, in);
      assertClose(layer, in.toFloatArray(), 1e-4);

      Tensor gaps = strided(workspace, rows, features, x);
      assertClose(rms, ops.rmsNorm(workspace, model.model().rms(), gaps).toFloatArray(), 1e-5);
      ops.layerNorm(workspace, model.model().layer(), gaps, gaps);
      assertClose(layer, gaps.toFloatArray(), 1e-4);
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"F32", "F16", "BF16", "F64"})
  void embeddings(DType dtype) {
    // Multiples of 1/8: exact in every type.
    float[] table = fill(6 * 5, i -> (i - 11) / 8.0);
    for (boolean misaligned : new boolean[] {false, true}) {
      TestModel.Builder tensors =
          new TestModel.Builder().add("e.weight", dtype, Shape.of(6, 5), table);
      try (TestModel<Embedding> model =
          (misaligned ? tensors.misaligned() : tensors)
              .load(context, scope -> scope.embedding("e", 6, 5))) {
        Tensor y = ops.embed(workspace, model.model(), workspace.ints(5, 0, 5));
        ops.embedAdd(workspace, model.model(), workspace.ints(1, 1, 2), y);

        int[][] rows = {{5, 1}, {0, 1}, {5, 2}};
        float[] expected =
            fill(15, i -> table[rows[i / 5][0] * 5 + i % 5] + table[rows[i / 5][1] * 5 + i % 5]);
        assertArrayEquals(expected, y.toFloatArray());

        float[] before = random(1, 15);
        Tensor gaps = strided(workspace, 3, 5, before);
        ops.embedAdd(workspace, model.model(), workspace.ints(5, 0, 5), gaps);
        float[] added = fill(15, i -> before[i] + table[rows[i / 5][0] * 5 + i % 5]);
        assertArrayEquals(added, gaps.toFloatArray());
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"1", "31", "1000"})
  void gatherRows(int columns) {
    float[] x = random(1, 4 * columns);
    Tensor y = ops.gatherRows(workspace, workspace.floats(4, columns, x), 3, 0, 3);

    int[] rows = {3, 0, 3};
    float[] expected = fill(3 * columns, i -> x[rows[i / columns] * columns + i % columns]);
    assertArrayEquals(expected, y.toFloatArray());
    Tensor gaps = strided(workspace, 4, columns, x);
    assertArrayEquals(expected, ops.gatherRows(workspace, gaps, rows).toFloatArray());
  }

  @ParameterizedTest
  @EnumSource(Activation.class)
  void activations(Activation activation) {
    float[] x = random(1, 3 * 37);
    x[0] = 20;
    x[1] = -20;
    double[] expected = new double[x.length];
    Arrays.setAll(expected, i -> Naive.activation(activation, x[i]));
    Tensor in = workspace.floats(3, 37, x);

    assertClose(expected, ops.activate(workspace, in, activation).toFloatArray(), 2e-6);
    ops.activate(workspace, in, activation, in);
    assertClose(expected, in.toFloatArray(), 2e-6);

    Tensor gaps = strided(workspace, 3, 37, x);
    assertClose(expected, ops.activate(workspace, gaps, activation).toFloatArray(), 2e-6);
    ops.activate(workspace, gaps, activation, gaps);
    assertClose(expected, gaps.toFloatArray(), 2e-6);
  }
}
