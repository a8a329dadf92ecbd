package dev.gatun.loader.config;

import java.util.Arrays;

/**
 * {@code similarity_fn_name} of sentence-transformers: how two vectors of a model are meant to be
 * compared. Larger is nearer for each of them.
 */
public enum SimilarityFunction {
  /** {@code a.b / (|a| |b|)}. */
  COSINE("cosine"),
  /** {@code a.b}. */
  DOT("dot"),
  /** {@code -|a - b|}. */
  EUCLIDEAN("euclidean"),
  /** Minus the sum of the absolute differences. */
  MANHATTAN("manhattan");

  private final String name;

  SimilarityFunction(String name) {
    this.name = name;
  }

  /** The one that a model names; cosine, as in sentence-transformers, for any other name. */
  static SimilarityFunction read(ConfigReader keys) {
    String wanted = keys.optionalText("similarity_fn_name").orElse(COSINE.name);
    return Arrays.stream(values()).filter(f -> f.name.equals(wanted)).findFirst().orElse(COSINE);
  }

  /** As in {@code similarity_fn_name}: {@code cosine}. */
  @Override
  public String toString() {
    return name;
  }
}
