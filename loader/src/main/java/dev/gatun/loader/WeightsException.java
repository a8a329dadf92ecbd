package dev.gatun.loader;

/**
 * A checkpoint that does not have what the model needs: weights are missing or have another shape.
 */
public final class WeightsException extends GatunException {
  private static final long serialVersionUID = 1L;

  private final transient LoadReport report;

  public WeightsException(String message, LoadReport report) {
    super(message);
    this.report = report;
  }

  /** What was found and what was not. */
  public LoadReport report() {
    return report;
  }
}
