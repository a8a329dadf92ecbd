package dev.gatun.runtime.weights;

import static dev.gatun.runtime.weights.LinearPart.part;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.loader.Role;
import dev.gatun.loader.TiedGroup;
import dev.gatun.loader.WeightDeclaration;
import dev.gatun.loader.WeightsException;
import dev.gatun.loader.safetensors.DType;
import dev.gatun.runtime.nativelib.ContextOptions;
import dev.gatun.runtime.nativelib.NativeContext;
import dev.gatun.runtime.ops.Ops;
import dev.gatun.runtime.tensor.Shape;
import dev.gatun.runtime.tensor.Tensor;
import dev.gatun.runtime.tensor.Workspace;
import dev.gatun.runtime.testing.TestModel;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

@ParameterizedClass
@MethodSource("dev.gatun.runtime.testing.Backends#devices")
class WeightScopeTest {

  private final NativeContext context;
  private final Workspace workspace;
  private final Ops ops;

  WeightScopeTest(ContextOptions options) {
    context = NativeContext.open(options);
    workspace = Workspace.open(context);
    ops = new Ops(context);
  }

  @AfterEach
  void close() {
    workspace.close();
    context.close();
  }

  private static WeightDeclaration backbone(String name, Long... shape) {
    return new WeightDeclaration(name, List.of(shape), Role.BACKBONE);
  }

  @Test
  void declarationsAreTheNamesInTheCheckpoint() {
    Declarations declared =
        WeightScope.declare(
            root -> {
              root.sub("embeddings").embedding("word", 10, 4);
              WeightScope layer = root.sub("encoder").sub("layer", 3);
              layer.fusedLinear(4, List.of(part("self.q", 4), part("self.k", 2).withoutBias()));
              layer.conv1d("c_fc", 4, 8);
              layer.layerNorm("ln", 4, 1e-5);
              layer.rmsNorm("rms", 4, 1e-5);
              layer.layerNormNoBias("scale", 4, 1e-5);
              layer.gatedLinear(4, part("wi", 6).withoutBias());
              layer.rotaryTable(9, RotaryTable.frequencies(100, 4));
              root.head().sub("cls").linear("out", 4, 2);
              root.vector("v", 7);
              root.matrix("m", 2, 3);
              root.distanceBias("d", 32, 2, 128, r -> 0);
            });

    assertEquals(
        List.of(
            backbone("embeddings.word.weight", 10L, 4L),
            backbone("encoder.layer.3.self.q.weight", 4L, 4L),
            backbone("encoder.layer.3.self.q.bias", 4L),
            backbone("encoder.layer.3.self.k.weight", 2L, 4L),
            backbone("encoder.layer.3.c_fc.weight", 4L, 8L),
            backbone("encoder.layer.3.c_fc.bias", 8L),
            backbone("encoder.layer.3.ln.weight", 4L),
            backbone("encoder.layer.3.ln.bias", 4L),
            backbone("encoder.layer.3.rms.weight", 4L),
            backbone("encoder.layer.3.scale.weight", 4L),
            backbone("encoder.layer.3.wi.weight", 6L, 4L),
            new WeightDeclaration("cls.out.weight", List.of(2L, 4L), Role.HEAD),
            new WeightDeclaration("cls.out.bias", List.of(2L), Role.HEAD),
            backbone("v", 7L),
            backbone("m", 2L, 3L),
            backbone("d.weight", 32L, 2L)),
        declared.weights());
    assertEquals(
        40 + 16 + 4 + 8 + 32 + 8 + 8 + 4 + 4 + 24 + 8 + 2 + 7 + 6 + 64, declared.parameterCount());
  }

  @Test
  void tiedWeightsAreCountedOnce() {
    Declarations declared =
        WeightScope.declare(
            root -> {
              root.embedding("wte", 10, 4);
              root.head().linearNoBias("lm_head", 4, 10);
              root.tie("lm_head.weight", "wte.weight");
              root.head().vector("cls.bias", 10);
              root.head().linear("decoder", 4, 10);
              root.tie("decoder.weight", "wte.weight");
              root.tie("decoder.bias", "cls.bias");
            });

    assertEquals(50, declared.parameterCount());
    assertEquals(
        List.of(
            new TiedGroup("lm_head.weight", "wte.weight"),
            new TiedGroup("decoder.weight", "wte.weight"),
            new TiedGroup("decoder.bias", "cls.bias")),
        declared.plan("m", List.of()).ties());
  }

  @Test
  void sharingANameNeverDeclaredCountsOnce() {
    Declarations declared =
        WeightScope.declare(
            root -> {
              root.embedding("encoder.embed", 10, 4);
              root.embedding("decoder.embed", 10, 4);
              root.tie("encoder.embed.weight", "shared.weight");
              root.tie("decoder.embed.weight", "shared.weight");
            });

    assertEquals(40, declared.parameterCount());
  }

  @Test
  void declaredTwiceIsAMistake() {
    IllegalStateException e =
        assertThrows(
            IllegalStateException.class,
            () ->
                WeightScope.declare(
                    root -> {
                      root.sub("a").vector("b", 1);
                      root.vector("a.b", 1);
                    }));
    assertEquals("weight a.b is declared twice", e.getMessage());
  }

  @Test
  void placeholdersHaveShapesAndNoValues() {
    WeightScope.declare(
        root -> {
          Linear linear = root.linear("a", 2, 3);
          assertEquals("a (2 -> 3)", linear.toString());
          assertThrows(IllegalStateException.class, () -> linear.owner().requireOpen());
          Tensor vector = root.vector("v", 5);
          assertEquals(Shape.of(5), vector.shape());
          assertThrows(IllegalStateException.class, vector::toFloatArray);
          DistanceBias bias = root.distanceBias("d", 4, 2, 7, r -> 0);
          assertEquals(2, bias.heads());
          assertEquals(7, bias.maxDistance());
        });
  }

  /** Small integers, exact in every type, also when the file's header leaves them misaligned. */
  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"F32", "F16", "BF16", "F64"})
  void everyStoredTypeBecomesFp32(DType dtype) {
    record Layers(Linear linear, Tensor vector, LayerNorm norm) {}
    for (boolean misaligned : new boolean[] {false, true}) {
      TestModel.Builder tensors =
          new TestModel.Builder()
              .add("a.weight", dtype, Shape.of(2, 3), 1, 2, 3, 4, 5, 6)
              .add("a.bias", dtype, Shape.of(2), 10, -20)
              .add("v", dtype, Shape.of(3), 1.5f, -2, 0)
              .add("n.weight", dtype, Shape.of(2), 1, 2)
              .add("n.bias", dtype, Shape.of(2), 3, 4);
      try (TestModel<Layers> model =
          (misaligned ? tensors.misaligned() : tensors)
              .load(
                  context,
                  scope ->
                      new Layers(
                          scope.linear("a", 3, 2),
                          scope.vector("v", 3),
                          scope.layerNorm("n", 2, 1)))) {
        Tensor y = ops.linear(workspace, model.model().linear(), workspace.floats(1, 3, 1, 1, 1));
        assertArrayEquals(new float[] {16, -5}, y.toFloatArray());
        assertArrayEquals(new float[] {1.5f, -2, 0}, model.model().vector().toFloatArray());
        assertArrayEquals(
            new float[] {3, 4}, model.model().norm().bias().orElseThrow().toFloatArray());
      }
    }
  }

  @Test
  void fusedPartsLieSideBySide() {
    try (TestModel<Linear> model =
        new TestModel.Builder()
            .add("q.weight", Shape.of(2, 2), 1, 0, 0, 1)
            .add("q.bias", Shape.of(2), 100, 200)
            .add("k.weight", DType.F16, Shape.of(1, 2), 1, 1)
            .add("v.weight", Shape.of(2, 1), 2, 3)
            .add("other", Shape.of(1), 1000)
            .load(
                context,
                scope ->
                    scope.fusedLinear(
                        2,
                        List.of(
                            part("q", 2),
                            part("k", 1).withoutBias(),
                            part("v", 1).transposed().withBias("other"))))) {
      assertEquals("q+k+v (2 -> 4)", model.model().toString());
      Tensor y = ops.linear(workspace, model.model(), workspace.floats(1, 2, 5, 7));
      assertArrayEquals(new float[] {105, 207, 12, 1031}, y.toFloatArray());
    }
  }

  @Test
  void aGateAndWhatItMultipliesMayBeOneMatrix() {
    try (TestModel<Linear> model =
        new TestModel.Builder()
            .add("w.weight", Shape.of(4, 1), 2, 3, 10, 20)
            .add("w.bias", Shape.of(4), 0, 1, 0, 0)
            .load(context, scope -> scope.gatedLinear(1, part("w", 4)))) {
      assertEquals("w (1 -> 2)", model.model().toString());
      Tensor y = ops.linear(workspace, model.model(), workspace.floats(2, 1, 1, -1));
      assertArrayEquals(new float[] {20, 80, 20, 40}, y.toFloatArray());
    }
    assertThrows(
        IllegalArgumentException.class,
        () -> WeightScope.declare(scope -> scope.gatedLinear(1, part("w", 3))));
  }

  @Test
  void rotaryTablesAreCosinesAndSinesByPosition() {
    double[] frequencies = RotaryTable.frequencies(100, 4);
    assertArrayEquals(new double[] {1, 0.1}, frequencies, 1e-15);
    try (TestModel<RotaryTable> model =
        new TestModel.Builder()
            .add("unused", Shape.of(1), 0)
            .load(context, scope -> scope.rotaryTable(1000, frequencies))) {
      RotaryTable table = model.model();
      assertEquals("rotary table of 1000 positions, 4 features", table.toString());
      float[] cosines = table.cosines().row(999).toFloatArray();
      float[] sines = table.sines().row(999).toFloatArray();
      assertArrayEquals(
          new float[] {(float) Math.cos(999), (float) Math.cos(99.9)}, cosines, 6e-8f);
      assertArrayEquals(new float[] {(float) Math.sin(999), (float) Math.sin(99.9)}, sines, 6e-8f);
    }
  }

  @Test
  void conv1dIsStoredTransposed() {
    try (TestModel<Linear> model =
        new TestModel.Builder()
            .add("c.weight", Shape.of(2, 3), 1, 2, 3, 10, 20, 30)
            .add("c.bias", Shape.of(3), 0, 0, 100)
            .load(context, scope -> scope.conv1d("c", 2, 3))) {
      Tensor y = ops.linear(workspace, model.model(), workspace.floats(1, 2, 1, 2));
      assertArrayEquals(new float[] {21, 42, 163}, y.toFloatArray());
    }
  }

  @Test
  void tiedHeadUsesTheEmbedding() {
    record Layers(Embedding wte, Linear head) {}
    try (TestModel<Layers> model =
        new TestModel.Builder()
            .add("wte.weight", Shape.of(3, 2), 1, 2, 3, 4, 5, 6)
            .load(
                context,
                scope -> {
                  scope.tie("lm_head.weight", "wte.weight");
                  return new Layers(
                      scope.embedding("wte", 3, 2), scope.head().linearNoBias("lm_head", 2, 3));
                })) {
      Tensor y = ops.linear(workspace, model.model().head(), workspace.floats(1, 2, 1, 1));
      assertArrayEquals(new float[] {3, 7, 11}, y.toFloatArray());
    }
  }

  @Test
  void convolutionReadsWindows() {
    try (TestModel<Linear> model =
        new TestModel.Builder()
            .add("c.weight", Shape.of(List.of(2L, 1L, 3L)), 1, 2, 3, 10, 20, 30)
            .add("c.bias", Shape.of(2), 0, 100)
            .load(context, scope -> scope.convolution("c", 2, 3, 2))) {
      // Two groups: the first feature of the three tokens is 1, 0, 2, the second 5, 1, 7.
      Tensor y = ops.linear(workspace, model.model(), workspace.floats(1, 6, 1, 5, 0, 1, 2, 7));
      assertArrayEquals(new float[] {7, 380}, y.toFloatArray());
    }
  }

  @Test
  void linearOfAnEmbeddingIsItsTable() {
    try (TestModel<Linear> model =
        new TestModel.Builder()
            .add("wte.weight", DType.F16, Shape.of(3, 2), 1, 2, 3, 4, 5, 6)
            .add("head.bias", Shape.of(3), 0, 10, 20)
            .load(
                context,
                scope -> scope.head().sub("head").linearOf(scope.embedding("wte", 3, 2), "bias"))) {
      Tensor y = ops.linear(workspace, model.model(), workspace.floats(1, 2, 1, 1));
      assertArrayEquals(new float[] {3, 17, 31}, y.toFloatArray());
    }
  }

  /** Its layer may be one that the model also has. */
  @Test
  void projectionsAreComputedOnce() {
    record Layers(Linear linear, Tensor plain, Tensor normed) {}
    try (TestModel<Layers> model =
        new TestModel.Builder()
            .add("e.weight", DType.F16, Shape.of(3, 2), 1, 3, 0, 0, 5, 5)
            .add("a.weight", Shape.of(1, 2), 1, 10)
            .add("a.bias", Shape.of(1), 100)
            .add("n.weight", Shape.of(2), 1, 1)
            .add("n.bias", Shape.of(2), 0, 2)
            .load(
                context,
                scope -> {
                  Embedding table = scope.embedding("e", 3, 2);
                  Optional<LayerNorm> norm = Optional.of(scope.layerNorm("n", 2, 0));
                  return new Layers(
                      scope.linear("a", 2, 1),
                      scope.projection(table, Optional.empty(), part("a", 1)),
                      scope.projection(table, norm, part("a", 1)));
                })) {
      assertArrayEquals(new float[] {131, 100, 155}, model.model().plain().toFloatArray());
      // (-1, 1) n + (0, 2); rows of equal values have no variance, and 0 / 0 is no number.
      assertEquals(129, model.model().normed().toFloatArray()[0]);
    }
  }

  @Test
  void shapesAndTypesMustBeThoseOfTheModel() {
    TestModel.Builder tensors = new TestModel.Builder().add("v", DType.I32, Shape.of(3), 1, 2, 3);
    long before = context.bytes();

    WeightsException type =
        assertThrows(
            WeightsException.class, () -> tensors.load(context, scope -> scope.vector("v", 3)));
    assertEquals("v: stored as I32; weights may be F32, F16, BF16 or F64", type.getMessage());
    WeightsException shape =
        assertThrows(
            WeightsException.class, () -> tensors.load(context, scope -> scope.vector("v", 4)));
    assertTrue(shape.getMessage().contains("v"), shape.getMessage());
    assertEquals(before, context.bytes());
  }
}
