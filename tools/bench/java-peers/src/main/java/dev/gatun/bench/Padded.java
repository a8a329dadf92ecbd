package dev.gatun.bench;

import java.util.Arrays;
import java.util.List;

/**
 * Sequences of one length, with zeros behind those that were shorter, and the mask that says so.
 */
record Padded(int[] lengths, int tokens, long[] ids, long[] mask) {
  static Padded of(List<long[]> sequences) {
    int[] lengths = sequences.stream().mapToInt(sequence -> sequence.length).toArray();
    int tokens = Arrays.stream(lengths).max().orElseThrow();
    long[] ids = new long[lengths.length * tokens];
    long[] mask = new long[ids.length];
    for (int i = 0; i < lengths.length; i++) {
      System.arraycopy(sequences.get(i), 0, ids, i * tokens, lengths[i]);
      Arrays.fill(mask, i * tokens, i * tokens + lengths[i], 1);
    }
    return new Padded(lengths, tokens, ids, mask);
  }

  boolean hasPadding() {
    return Arrays.stream(lengths).anyMatch(length -> length < tokens);
  }

  long[] shape() {
    return new long[] {lengths.length, tokens};
  }

  /** Of each sequence the values of its last token. */
  float[][] lastTokens(float[] hidden) {
    int size = hidden.length / ids.length;
    float[][] last = new float[lengths.length][];
    for (int i = 0; i < lengths.length; i++) {
      int at = (i * tokens + lengths[i] - 1) * size;
      last[i] = Arrays.copyOfRange(hidden, at, at + size);
    }
    return last;
  }

  /** Of each sequence the mean of its tokens' values, scaled to length 1. */
  float[][] means(float[] hidden) {
    int size = hidden.length / ids.length;
    float[][] means = new float[lengths.length][size];
    for (int i = 0; i < lengths.length; i++) {
      float[] mean = means[i];
      for (int t = 0; t < lengths[i]; t++) {
        int at = (i * tokens + t) * size;
        for (int j = 0; j < size; j++) {
          mean[j] += hidden[at + j];
        }
      }
      double squares = 0;
      for (float value : mean) {
        squares += (double) value * value;
      }
      float scale = (float) (1 / Math.sqrt(squares));
      for (int j = 0; j < size; j++) {
        mean[j] *= scale;
      }
    }
    return means;
  }
}
