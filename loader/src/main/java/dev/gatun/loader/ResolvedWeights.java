package dev.gatun.loader;

import java.util.Map;
import java.util.Optional;

/** The stored tensor for each declared weight. Valid as long as the checkpoint is open. */
public final class ResolvedWeights {
  private final Map<String, TensorSource> sources;
  private final LoadReport report;

  ResolvedWeights(Map<String, TensorSource> sources, LoadReport report) {
    this.sources = Map.copyOf(sources);
    this.report = report;
  }

  /**
   * The source of a declared weight.
   *
   * @throws WeightsException if the weight was not declared, or belongs to a head that the
   *     checkpoint lacks
   */
  public TensorSource tensor(String declaredName) {
    return find(declaredName)
        .orElseThrow(
            () ->
                new WeightsException(
                    report.missing().contains(declaredName)
                        ? "the checkpoint has no " + declaredName
                        : declaredName + " was never declared",
                    report));
  }

  /** The source of a declared weight; empty if it belongs to a head that the checkpoint lacks. */
  public Optional<TensorSource> find(String declaredName) {
    return Optional.ofNullable(sources.get(declaredName));
  }

  public LoadReport report() {
    return report;
  }
}
