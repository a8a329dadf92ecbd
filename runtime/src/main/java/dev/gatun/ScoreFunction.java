package dev.gatun;

import dev.gatun.runtime.text.Scores;

/** Turns a classifier's logits into scores. */
public enum ScoreFunction {
  /** Each label by itself, {@code 1 / (1 + e^-x)}: one label, or several that may hold at once. */
  SIGMOID,
  /** All labels together: scores above 0 that add up to 1. */
  SOFTMAX,
  /** The logits as they are. */
  IDENTITY;

  /** Scores of the logits of one text, {@code [labels]}; a new array. */
  float[] apply(float[] logits) {
    var scores = logits.clone();
    switch (this) {
      case SIGMOID -> {
        for (int i = 0; i < scores.length; i++) {
          scores[i] = (float) (1 / (1 + Math.exp(-scores[i])));
        }
      }
      case SOFTMAX -> {
        double[] exact = Scores.softmax(logits, 0, logits.length);
        for (int i = 0; i < scores.length; i++) {
          scores[i] = (float) exact[i];
        }
      }
      case IDENTITY -> {}
    }
    return scores;
  }
}
