package dev.gatun.runtime.ops;

import static dev.gatun.runtime.testing.Values.random;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.KernelException;
import dev.gatun.loader.config.Activation;
import dev.gatun.runtime.nativelib.ContextOptions;
import dev.gatun.runtime.nativelib.NativeContext;
import dev.gatun.runtime.tensor.KvCache;
import dev.gatun.runtime.tensor.Sequences;
import dev.gatun.runtime.tensor.Shape;
import dev.gatun.runtime.tensor.Tensor;
import dev.gatun.runtime.tensor.Workspace;
import dev.gatun.runtime.testing.TestModel;
import dev.gatun.runtime.weights.Embedding;
import dev.gatun.runtime.weights.LayerNorm;
import dev.gatun.runtime.weights.Linear;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** What ops refuse before a kernel sees it, and in which words. */
class OpsRefusalTest {

  private record Layers(Linear linear, LayerNorm norm, Embedding embedding) {}

  private final NativeContext context =
      NativeContext.open(ContextOptions.defaults().withThreads(1));
  private final Workspace workspace = Workspace.open(context);
  private final Ops ops = new Ops(context);
  private final TestModel<Layers> model =
      new TestModel.Builder()
          .add("a.b.weight", Shape.of(3, 4), random(1, 12))
          .add("a.b.bias", Shape.of(3), random(2, 3))
          .add("n.weight", Shape.of(4), random(3, 4))
          .add("n.bias", Shape.of(4), random(4, 4))
          .add("e.weight", Shape.of(5, 4), random(5, 20))
          .load(
              context,
              scope ->
                  new Layers(
                      scope.sub("a").linear("b", 4, 3),
                      scope.layerNorm("n", 4, 1e-5),
                      scope.embedding("e", 5, 4)));

  @AfterEach
  void close() {
    workspace.close();
    model.close();
    context.close();
  }

  private static void refused(String message, Executable call) {
    assertEquals(message, assertThrows(IllegalArgumentException.class, call).getMessage());
  }

  @Test
  void shapesThatDoNotFitAreNamed() {
    Tensor x = workspace.tensor(2, 5);
    Tensor fits = workspace.tensor(2, 4);
    refused(
        "linear: a.b (4 -> 3) does not take x F32[2, 5] to y F32[2, 3]",
        () -> ops.linear(workspace, model.model().linear(), x));
    refused(
        "linear: a.b (4 -> 3) does not take residual F32[2, 4] to y F32[2, 3]",
        () -> ops.linear(workspace, model.model().linear(), fits, Epilogue.residual(fits)));
    refused(
        "layerNorm: n [4] does not take x F32[2, 5] to y F32[2, 5]",
        () -> ops.layerNorm(workspace, model.model().norm(), x));
    refused(
        "embed: e [5, 4] does not take ids I32[2] to y F32[2, 5]",
        () -> ops.embedAdd(workspace, model.model().embedding(), workspace.ints(1, 2), x));
  }

  @Test
  void dtypesAreNamed() {
    refused(
        "embed: F32[1, 4] where I32 is needed",
        () -> ops.embed(workspace, model.model().embedding(), workspace.tensor(1, 4)));
  }

  @Test
  void idsOutsideTheTableAreRefusedByTheKernel() {
    for (int id : new int[] {5, -1}) {
      Tensor y = workspace.floats(2, 4, new float[8]);
      KernelException e =
          assertThrows(
              KernelException.class,
              () -> ops.embedAdd(workspace, model.model().embedding(), workspace.ints(0, id), y));
      assertEquals(KernelException.Status.INVALID_ARGUMENT, e.status());
      assertTrue(e.getMessage().startsWith("embed: "), e.getMessage());
      assertTrue(e.getMessage().contains(Integer.toString(id)), e.getMessage());
      assertArrayEquals(new float[8], y.toFloatArray(), "nothing was written");
    }
    assertThrows(KernelException.class, () -> ops.gatherRows(workspace, workspace.tensor(2, 3), 2));
  }

  @Test
  void attentionOperandsAreChecked() {
    AttentionOptions options = AttentionOptions.of(2, 4);
    Tensor x = workspace.tensor(3, 8);
    Sequences three = Sequences.of(workspace, 1, 2);
    refused(
        "attention: k F32[3, 7] for 2 sequences of 3 tokens of 8 features",
        () -> ops.attention(workspace, x, x.columns(0, 7), x, options, three, three));
    refused(
        "attention: q F32[3, 8] for 1 sequences of 4 tokens of 8 features",
        () -> ops.attention(workspace, x, x, x, options, Sequences.of(workspace, 4), three));
    refused(
        "attention: queries are 1 sequences of 3 tokens, keys 2 sequences of 3 tokens",
        () -> ops.attention(workspace, x, x, x, options, Sequences.of(workspace, 3), three));
    try (KvCache cache = new KvCache(context, 1, 2, 8, 6, 10)) {
      refused(
          "attention: a cache of 8 key and 6 value features, needed are 8 and 8",
          () ->
              ops.attention(workspace, x, x, x, options, cache.extend(workspace, three).layer(0)));
    }
    assertThrows(IllegalArgumentException.class, () -> AttentionOptions.of(4, 8).withKvHeads(3));
    assertThrows(IllegalArgumentException.class, () -> AttentionOptions.of(4, 0));
  }

  @Test
  void operandsOfAnotherContextAreRefused() {
    try (NativeContext other = NativeContext.open(ContextOptions.defaults().withThreads(1));
        Workspace foreign = Workspace.open(other)) {
      refused(
          "linear: F32[2, 4] belongs to another context",
          () -> ops.linear(workspace, model.model().linear(), foreign.tensor(2, 4)));
      refused(
          "linear: a.b (4 -> 3) belongs to another context",
          () -> new Ops(other).linear(foreign, model.model().linear(), foreign.tensor(2, 4)));
      Tensor x = workspace.tensor(2, 4);
      refused(
          "the workspace belongs to another context",
          () -> ops.activate(foreign, x, Activation.RELU, x));
    }
  }

  @Test
  void closedCheckpointIsRefusedByWhatReadsIt() {
    Tensor id = workspace.ints(1);
    model.checkpoint().close();

    assertThrows(
        IllegalStateException.class, () -> ops.embed(workspace, model.model().embedding(), id));
    ops.linear(workspace, model.model().linear(), workspace.tensor(1, 4)); // packed: its own
  }

  @Test
  void closedMemoryIsRefused() {
    Tensor x = workspace.tensor(2, 4);
    Workspace second = Workspace.open(context);
    Tensor gone = second.tensor(2, 4);
    second.close();
    assertThrows(
        IllegalStateException.class, () -> ops.linear(workspace, model.model().linear(), gone));
    assertThrows(IllegalStateException.class, () -> ops.linear(second, model.model().linear(), x));

    model.weights().close();
    assertThrows(
        IllegalStateException.class, () -> ops.linear(workspace, model.model().linear(), x));
    assertThrows(
        IllegalStateException.class, () -> ops.layerNorm(workspace, model.model().norm(), x));
    Tensor id = workspace.ints(1);
    assertThrows(
        IllegalStateException.class, () -> ops.embed(workspace, model.model().embedding(), id));
  }

  @Test
  void closedContextRefusesOps() {
    Tensor x = workspace.tensor(2, 4);
    context.close();

    assertThrows(IllegalStateException.class, () -> ops.activate(workspace, x, Activation.RELU, x));
  }
}
