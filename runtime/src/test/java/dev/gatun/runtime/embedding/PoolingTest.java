package dev.gatun.runtime.embedding;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.gatun.loader.config.PoolingMode;
import dev.gatun.runtime.nativelib.ContextOptions;
import dev.gatun.runtime.nativelib.NativeContext;
import dev.gatun.runtime.ops.Ops;
import dev.gatun.runtime.tensor.Sequences;
import dev.gatun.runtime.tensor.Tensor;
import dev.gatun.runtime.tensor.Workspace;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

@ParameterizedClass
@MethodSource("dev.gatun.runtime.testing.Backends#devices")
class PoolingTest {
  private static final float NOTHING = Float.NEGATIVE_INFINITY;

  private final NativeContext context;
  private final Workspace ws;
  private final Ops ops;

  PoolingTest(ContextOptions options) {
    context = NativeContext.open(options);
    ws = Workspace.open(context);
    ops = new Ops(context);
  }

  @AfterEach
  void close() {
    ws.close();
    context.close();
  }

  /** Sequences of 4, 0 and 1 tokens. */
  private float[][] pool(int[] masked, PoolingMode... modes) {
    Tensor x = ws.floats(5, 2, 1, -8, 2, -6, 6, -4, 3, -2, 7, 9);
    return Pooling.pool(ops, ws, x, Sequences.of(ws, 4, 0, 1), List.of(modes), masked);
  }

  private void assertPooled(PoolingMode mode, float x, float y) {
    float[][] pooled = pool(new int[3], mode);
    assertArrayEquals(new float[] {x, y}, pooled[0], 1e-6f);
    float none = mode == PoolingMode.MAX ? NOTHING : 0;
    assertArrayEquals(new float[] {none, none}, pooled[1]);
    assertArrayEquals(new float[] {7, 9}, pooled[2]);
  }

  @Test
  void eachModeOverFourTokens() {
    assertPooled(PoolingMode.CLS, 1, -8);
    assertPooled(PoolingMode.LASTTOKEN, 3, -2);
    assertPooled(PoolingMode.MAX, 6, -2);
    assertPooled(PoolingMode.MEAN, 3, -5);
    assertPooled(PoolingMode.MEAN_SQRT_LEN_TOKENS, 6, -10);
    assertPooled(PoolingMode.WEIGHTEDMEAN, 3.5f, -4); // (1*1 + 2*2 + 3*6 + 4*3) / 10
  }

  @Test
  void severalModesStandOneBehindTheOther() {
    float[][] pooled = pool(new int[3], PoolingMode.MAX, PoolingMode.CLS);
    assertArrayEquals(new float[] {6, -2, 1, -8}, pooled[0]);
    assertArrayEquals(new float[] {NOTHING, NOTHING, 0, 0}, pooled[1]);
  }

  @Test
  void maskedTokensAreLeftOut() {
    int[] masked = {2, 1, 3};
    assertArrayEquals(new float[] {4.5f, -3}, pool(masked, PoolingMode.MEAN)[0]);
    assertArrayEquals(new float[] {6, -4}, pool(masked, PoolingMode.CLS)[0]);
    assertArrayEquals(new float[] {0, 0}, pool(masked, PoolingMode.MEAN)[2]);
    assertArrayEquals(new float[] {7, 9}, pool(masked, PoolingMode.CLS)[2]);
    assertThrows(IllegalArgumentException.class, () -> pool(new int[2], PoolingMode.MEAN));
  }

  @Test
  void normalizingGivesLengthOneAndLeavesZeroAlone() {
    float[] vector = {3, -4};
    Pooling.normalize(vector);
    assertArrayEquals(new float[] {0.6f, -0.8f}, vector, 1e-7f);
    float[] zero = {0, 0};
    Pooling.normalize(zero);
    assertArrayEquals(new float[] {0, 0}, zero);
  }
}
