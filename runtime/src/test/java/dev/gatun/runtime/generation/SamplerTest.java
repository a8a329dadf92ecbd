package dev.gatun.runtime.generation;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class SamplerTest {
  @Test
  void greedyTakesTheFirstLargest() {
    assertEquals(1, new Sampler(0, 1).choose(new float[] {9, 0, 5, 5, -1, 9}, 1, 4));
  }

  @Test
  void drawsFollowTheSoftmaxAtATemperature() {
    float[] logits = {(float) Math.log(1), (float) Math.log(2), (float) Math.log(7)};
    var counts = new int[3];
    var sampler = new Sampler(1, 42);
    for (int i = 0; i < 20_000; i++) {
      counts[sampler.choose(logits, 0, logits.length)]++;
    }
    assertEquals(0.1, counts[0] / 20_000.0, 0.01);
    assertEquals(0.2, counts[1] / 20_000.0, 0.012);

    var cold = new Sampler(0.5, 42); // squares the odds: 1 : 4 : 49
    int last = 0;
    for (int i = 0; i < 20_000; i++) {
      last += cold.choose(logits, 0, logits.length) == 2 ? 1 : 0;
    }
    assertEquals(49 / 54.0, last / 20_000.0, 0.01);
  }

  @Test
  void aSeedRepeatsADraw() {
    float[] logits = {0.1f, 0.2f, 0.3f, 0.4f};
    for (long seed = 0; seed < 20; seed++) {
      assertEquals(
          new Sampler(2, seed).choose(logits, 0, logits.length),
          new Sampler(2, seed).choose(logits, 0, logits.length));
    }
  }

  @Test
  void aForbiddenTokenIsNeverDrawn() {
    float[] logits = {Float.NEGATIVE_INFINITY, 0, 0};
    var sampler = new Sampler(3, 7);
    for (int i = 0; i < 1000; i++) {
      assertEquals(true, sampler.choose(logits, 0, logits.length) > 0);
    }
  }
}
