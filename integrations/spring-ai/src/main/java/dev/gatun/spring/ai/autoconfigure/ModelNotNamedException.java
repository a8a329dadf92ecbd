package dev.gatun.spring.ai.autoconfigure;

/** No property names the model to load. */
final class ModelNotNamedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String property;

  private ModelNotNamedException(String property) {
    super("No model is named: the property " + property + " is not set.");
    this.property = property;
  }

  static String require(String model, String property) {
    if (model == null || model.isBlank()) {
      throw new ModelNotNamedException(property);
    }
    return model;
  }

  String property() {
    return property;
  }
}
