package dev.gatun.loader.config;

import dev.gatun.loader.json.Text;
import java.util.Arrays;
import java.util.stream.Collectors;

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

  static SimilarityFunction read(ConfigReader keys) {
    String wanted = keys.optionalText("similarity_fn_name").orElse(COSINE.name);
    // the enum's own spelling in files of release 3.0
    String plain = wanted.equals("dot_score") ? DOT.name : wanted;
    return Arrays.stream(values())
        .filter(f -> f.name.equals(plain))
        .findFirst()
        .orElseThrow(
            () ->
                keys.refuse(
                    "similarity_fn_name",
                    Text.quote(wanted),
                    Arrays.stream(values()).map(f -> f.name).collect(Collectors.joining(", "))));
  }

  /** As in {@code similarity_fn_name}: {@code cosine}. */
  @Override
  public String toString() {
    return name;
  }
}
