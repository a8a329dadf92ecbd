package dev.gatun.runtime.embedding;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.gatun.loader.config.PoolingMode;
import java.util.List;
import org.junit.jupiter.api.Test;

class PoolingTest {
  private static final float[] TOKENS = {1, -8, 2, -6, 6, -4, 3, -2}; // [4, 2]

  private static void assertPooled(PoolingMode mode, float... expected) {
    assertArrayEquals(expected, Pooling.pool(TOKENS, 2, List.of(mode)), 1e-6f);
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
    assertArrayEquals(
        new float[] {6, -2, 1, -8},
        Pooling.pool(TOKENS, 2, List.of(PoolingMode.MAX, PoolingMode.CLS)));
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
