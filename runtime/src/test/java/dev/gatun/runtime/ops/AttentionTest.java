package dev.gatun.runtime.ops;

import static dev.gatun.runtime.testing.Values.assertClose;
import static dev.gatun.runtime.testing.Values.random;
import static dev.gatun.runtime.testing.Values.widen;

import dev.gatun.runtime.nativelib.ContextOptions;
import dev.gatun.runtime.nativelib.NativeContext;
import dev.gatun.runtime.tensor.KvCache;
import dev.gatun.runtime.tensor.Sequences;
import dev.gatun.runtime.tensor.Shape;
import dev.gatun.runtime.tensor.Tensor;
import dev.gatun.runtime.tensor.Workspace;
import dev.gatun.runtime.testing.TestModel;
import dev.gatun.runtime.weights.DistanceBias;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Attention against plain loops, packed and cached, on every tier that this CPU runs and on a GPU.
 */
@ParameterizedClass
@MethodSource("dev.gatun.runtime.testing.Backends#tiers")
class AttentionTest {

  private static final double TOLERANCE = 1e-5;

  private final NativeContext context;
  private final Workspace workspace;
  private final Ops ops;

  AttentionTest(ContextOptions options) {
    context = NativeContext.open(options);
    workspace = Workspace.open(context);
    ops = new Ops(context);
  }

  @AfterEach
  void close() {
    workspace.close();
    context.close();
  }

  @Test
  void fusedProjectionIsReadInPlace() {
    AttentionOptions options = AttentionOptions.of(3, 20);
    int[] lengths = {1, 0, 37, 5};
    int hidden = 60;
    for (AttentionOptions o :
        List.of(
            options,
            options.withCausal(true).withScale(1),
            options.withSlidingWindow(4),
            options.withSlidingWindow(4).withCausal(true))) {
      float[] fused = random(7, 43 * 3 * hidden);
      Tensor qkv = workspace.floats(43, 3 * hidden, fused);
      Sequences sequences = Sequences.of(workspace, lengths);

      Tensor out =
          ops.attention(
              workspace,
              qkv.columns(0, hidden),
              qkv.columns(hidden, 2 * hidden),
              qkv.columns(2 * hidden, 3 * hidden),
              o,
              sequences,
              sequences);

      double[] expected =
          packed(
              qkv.columns(0, hidden),
              qkv.columns(hidden, 2 * hidden),
              qkv.columns(2 * hidden, 3 * hidden),
              o,
              lengths,
              lengths,
              new float[0]);
      assertClose(expected, out.toFloatArray(), TOLERANCE);
    }
  }

  @Test
  void groupedQueriesAndOtherValueSize() {
    AttentionOptions options = AttentionOptions.of(4, 9).withKvHeads(2).withValueHeadDim(17);
    int[] queries = {3, 70};
    int[] keys = {90, 1};
    Tensor q = workspace.floats(73, 36, random(1, 73 * 36));
    Tensor k = workspace.floats(91, 18, random(2, 91 * 18));
    Tensor v = workspace.floats(91, 34, random(3, 91 * 34));

    Tensor out =
        ops.attention(
            workspace,
            q,
            k,
            v,
            options,
            Sequences.of(workspace, queries),
            Sequences.of(workspace, keys));

    assertClose(
        packed(q, k, v, options, queries, keys, new float[0]), out.toFloatArray(), TOLERANCE);
  }

  @Test
  void distanceBiasIsAddedPerHead() {
    float[] buckets = random(5, 4 * 2);
    int distance = 6;
    try (TestModel<DistanceBias> model =
        new TestModel.Builder()
            .add("bias.weight", Shape.of(4, 2), buckets)
            .load(
                context,
                scope -> scope.distanceBias("bias", 4, 2, distance, r -> Math.floorMod(r, 4)))) {
      float[] table = new float[2 * (2 * distance + 1)];
      for (int h = 0; h < 2; h++) {
        for (int r = -distance; r <= distance; r++) {
          table[h * (2 * distance + 1) + r + distance] = buckets[Math.floorMod(r, 4) * 2 + h];
        }
      }
      AttentionOptions options =
          AttentionOptions.of(2, 8).withScale(1).withDistanceBias(model.model());
      int[] lengths = {40};
      Tensor x = workspace.floats(40, 16, random(6, 40 * 16));
      Sequences sequences = Sequences.of(workspace, lengths);

      Tensor out = ops.attention(workspace, x, x, x, options, sequences, sequences);

      assertClose(packed(x, x, x, options, lengths, lengths, table), out.toFloatArray(), TOLERANCE);
    }
  }

  /** Prefill and ten steps, growing over block borders, equal one causal pass over everything. */
  @ParameterizedTest
  @ValueSource(ints = {0, 1, 7, 64})
  void cachedDecodingEqualsOnePass(int window) {
    AttentionOptions options =
        AttentionOptions.of(2, 16).withCausal(true).withSlidingWindow(window);
    int[] prompt = {60, 3};
    int steps = 10;
    int layers = 2;
    float[][] fused = {random(1, 2 * 70 * 96), random(2, 2 * 70 * 96)}; // [sequence][layer]
    try (KvCache cache = new KvCache(context, layers, 2, 32, 32, 100)) {
      for (int step = 0; step <= steps; step++) {
        long mark = workspace.mark();
        int[] before = cache.lengths();
        int[] added = step == 0 ? prompt : new int[] {1, 1};
        Sequences tokens = Sequences.of(workspace, added);
        KvCache.Step extension = cache.extend(workspace, tokens);
        for (int layer = 0; layer < layers; layer++) {
          Tensor qkv = newTokens(fused, layer, before, added);
          Tensor out =
              ops.attention(
                  workspace,
                  qkv.columns(0, 32),
                  qkv.columns(32, 64),
                  qkv.columns(64, 96),
                  options,
                  extension.layer(layer));
          assertClose(onePass(fused, layer, before, added, options), out.toFloatArray(), TOLERANCE);
        }
        extension.commit();
        workspace.release(mark);
      }
      cache.truncate(0, 10);
      Sequences tokens = Sequences.of(workspace, 1, 0);
      KvCache.Step extension = cache.extend(workspace, tokens);
      Tensor qkv = newTokens(fused, 0, new int[] {10, 0}, new int[] {1, 0});
      Tensor out =
          ops.attention(
              workspace,
              qkv.columns(0, 32),
              qkv.columns(32, 64),
              qkv.columns(64, 96),
              options,
              extension.layer(0));
      assertClose(
          onePass(fused, 0, new int[] {10, 0}, new int[] {1, 0}, options),
          out.toFloatArray(),
          TOLERANCE);
    }
  }

  @Test
  void crossAttentionReadsWhatWasFilledOnce() {
    AttentionOptions options = AttentionOptions.of(2, 8);
    int[] keys = {65, 2};
    Tensor k = workspace.floats(67, 16, random(1, 67 * 16));
    Tensor v = workspace.floats(67, 16, random(2, 67 * 16));
    try (KvCache cache = new KvCache(context, 1, 2, 16, 16, 65)) {
      KvCache.Step fill = cache.extend(workspace, Sequences.of(workspace, keys));
      ops.append(workspace, k, v, fill.layer(0));
      fill.commit();
      for (int[] queries : new int[][] {{3, 1}, {1, 0}}) {
        int rows = queries[0] + queries[1];
        Tensor q = workspace.floats(rows, 16, random(3, rows * 16));

        Tensor out =
            ops.attention(
                workspace,
                q,
                options,
                Sequences.of(workspace, queries),
                cache.read(workspace).layer(0));

        assertClose(
            packed(q, k, v, options, queries, keys, new float[0]), out.toFloatArray(), TOLERANCE);
      }
    }
  }

  /** Rows [before, before + added) of each sequence's fused projection. */
  private Tensor newTokens(float[][] fused, int layer, int[] before, int[] added) {
    float[] rows = new float[Arrays.stream(added).sum() * 96];
    int at = 0;
    for (int b = 0; b < added.length; b++) {
      System.arraycopy(fused[b], (layer * 70 + before[b]) * 96, rows, at * 96, added[b] * 96);
      at += added[b];
    }
    return workspace.floats(at, 96, rows);
  }

  private double[] onePass(
      float[][] fused, int layer, int[] before, int[] added, AttentionOptions options) {
    double[] expected = new double[0];
    for (int b = 0; b < added.length; b++) {
      Tensor all =
          workspace.floats(
              before[b] + added[b],
              96,
              Arrays.copyOfRange(
                  fused[b], layer * 70 * 96, (layer * 70 + before[b] + added[b]) * 96));
      int[] length = {before[b] + added[b]};
      double[] out =
          packed(
              all.columns(0, 32),
              all.columns(32, 64),
              all.columns(64, 96),
              options,
              length,
              length,
              new float[0]);
      expected = concat(expected, Arrays.copyOfRange(out, before[b] * 32, out.length));
    }
    return expected;
  }

  private static double[] packed(
      Tensor q,
      Tensor k,
      Tensor v,
      AttentionOptions options,
      int[] queries,
      int[] keys,
      float[] bias) {
    double[] expected = new double[0];
    int fromQuery = 0;
    int fromKey = 0;
    for (int b = 0; b < queries.length; b++) {
      expected =
          concat(
              expected,
              Naive.attention(
                  widen(q.rows(fromQuery, fromQuery + queries[b]).toFloatArray()),
                  widen(k.rows(fromKey, fromKey + keys[b]).toFloatArray()),
                  widen(v.rows(fromKey, fromKey + keys[b]).toFloatArray()),
                  queries[b],
                  keys[b],
                  options,
                  bias));
      fromQuery += queries[b];
      fromKey += keys[b];
    }
    return expected;
  }

  private static double[] concat(double[] a, double[] b) {
    double[] both = Arrays.copyOf(a, a.length + b.length);
    System.arraycopy(b, 0, both, a.length, b.length);
    return both;
  }
}
