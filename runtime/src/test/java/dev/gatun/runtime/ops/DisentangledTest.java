package dev.gatun.runtime.ops;

import static dev.gatun.runtime.testing.Values.assertClose;
import static dev.gatun.runtime.testing.Values.random;
import static dev.gatun.runtime.testing.Values.strided;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.gatun.KernelException;
import dev.gatun.runtime.nativelib.ContextOptions;
import dev.gatun.runtime.nativelib.NativeContext;
import dev.gatun.runtime.tensor.Sequences;
import dev.gatun.runtime.tensor.Tensor;
import dev.gatun.runtime.tensor.Workspace;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What DeBERTa needs beyond other encoders, against plain loops, on every tier this CPU runs and on
 * a GPU.
 */
@ParameterizedClass
@MethodSource("dev.gatun.runtime.testing.Backends#tiers")
class DisentangledTest {
  private static final int HEADS = 2;
  private static final int DIM = 5;
  private static final int FEATURES = HEADS * DIM;
  private static final int POSITIONS = 7;
  private static final int[] LENGTHS = {1, 0, 40, 3};
  private static final int TOKENS = 44;
  private static final float SCALE = 0.3f;

  /** Of distances -3 .. 3; no order is asked for. */
  private static final int[] INDEX = {6, 0, 2, 3, 5, 4, 1};

  private final NativeContext context;
  private final Workspace workspace;
  private final Ops ops;

  DisentangledTest(ContextOptions options) {
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
  void bothProductsOrEitherAlone() {
    float[] q = random(1, TOKENS * FEATURES);
    float[] k = random(2, TOKENS * FEATURES);
    float[] v = random(3, TOKENS * FEATURES);
    float[] keys = random(4, POSITIONS * FEATURES);
    float[] queries = random(5, POSITIONS * FEATURES);
    for (int products = 1; products <= 3; products++) {
      boolean withKeys = (products & 1) != 0;
      boolean withQueries = (products & 2) != 0;
      Tensor out =
          ops.disentangledAttention(
              workspace,
              strided(workspace, TOKENS, FEATURES, q),
              strided(workspace, TOKENS, FEATURES, k),
              strided(workspace, TOKENS, FEATURES, v),
              options(table(withKeys, keys), table(withQueries, queries)),
              workspace.ints(INDEX),
              Sequences.of(workspace, LENGTHS));
      double[] expected =
          naive(q, k, v, withKeys ? keys : new float[0], withQueries ? queries : new float[0]);
      assertClose(expected, out.toFloatArray(), 1e-5);
    }
  }

  private Optional<Tensor> table(boolean given, float[] values) {
    return given ? Optional.of(strided(workspace, POSITIONS, FEATURES, values)) : Optional.empty();
  }

  private static DisentangledOptions options(Optional<Tensor> keys, Optional<Tensor> queries) {
    return new DisentangledOptions(HEADS, DIM, SCALE, keys, queries);
  }

  private static double[] naive(float[] q, float[] k, float[] v, float[] keys, float[] queries) {
    double[] out = new double[TOKENS * FEATURES];
    int first = 0;
    for (int length : LENGTHS) {
      for (int i = first; i < first + length; i++) {
        for (int at = 0; at < FEATURES; at += DIM) {
          double sum = 0;
          for (int j = first; j < first + length; j++) {
            int row = INDEX[Math.clamp(i - j, -3, 3) + 3];
            double score = dot(q, i, k, j, at);
            score += keys.length == 0 ? 0 : dot(q, i, keys, row, at);
            score += queries.length == 0 ? 0 : dot(k, j, queries, row, at);
            double weight = Math.exp(score * SCALE);
            sum += weight;
            for (int d = at; d < at + DIM; d++) {
              out[i * FEATURES + d] += weight * v[j * FEATURES + d];
            }
          }
          for (int d = at; d < at + DIM; d++) {
            out[i * FEATURES + d] /= sum;
          }
        }
      }
      first += length;
    }
    return out;
  }

  private static double dot(float[] a, int i, float[] b, int j, int at) {
    double sum = 0;
    for (int d = at; d < at + DIM; d++) {
      sum += (double) a[i * FEATURES + d] * b[j * FEATURES + d];
    }
    return sum;
  }

  @Test
  void refusalsAreNamed() {
    Tensor x = workspace.tensor(3, FEATURES);
    Tensor index = workspace.ints(INDEX);
    Sequences sequences = Sequences.of(workspace, 3);
    Optional<Tensor> positions = Optional.of(workspace.tensor(POSITIONS, FEATURES));
    DisentangledOptions options = options(positions, positions);
    refused(
        "disentangledAttention: k F32[2, 10] for 1 sequences of 3 tokens of 10 features",
        () ->
            ops.disentangledAttention(
                workspace, x, workspace.tensor(2, FEATURES), x, options, index, sequences));
    refused(
        "disentangledAttention: positionIndex I32[2] must hold the distances -D .. D, D >= 1",
        () ->
            ops.disentangledAttention(
                workspace, x, x, x, options, workspace.ints(1, 2), sequences));
    refused(
        "disentangledAttention: positions F32[6, 10] where [7, 10] are needed",
        () -> options(positions, Optional.of(workspace.tensor(6, FEATURES))));
    refused(
        "disentangledAttention: neither keys nor queries of positions",
        () -> options(Optional.empty(), Optional.empty()));
    KernelException noRow =
        assertThrows(
            KernelException.class,
            () ->
                ops.disentangledAttention(
                    workspace, x, x, x, options, workspace.ints(0, 7, 0), sequences));
    assertEquals(
        "disentangled_attention: position_index of distance 0 is 7; there are 7 positions.",
        noRow.getMessage().lines().findFirst().orElseThrow().replaceFirst("^[A-Z_]+: ", ""));
    refused(
        "windows: 2 tokens of x F32[3, 10] for 1 sequences of 3 tokens",
        () -> ops.windows(workspace, x, sequences, 2));
  }

  private static void refused(String message, Executable call) {
    assertEquals(message, assertThrows(IllegalArgumentException.class, call).getMessage());
  }

  @Test
  void windowsEndWithTheirSequence() {
    Tensor x = workspace.floats(4, 2, 1, 2, 3, 4, 5, 6, 7, 8);
    Tensor windows = ops.windows(workspace, x, Sequences.of(workspace, 3, 0, 1), 3);
    assertArrayEquals(
        new float[] {
          0, 0, 1, 2, 3, 4, //
          1, 2, 3, 4, 5, 6, //
          3, 4, 5, 6, 0, 0, //
          0, 0, 7, 8, 0, 0
        },
        windows.toFloatArray());
  }
}
