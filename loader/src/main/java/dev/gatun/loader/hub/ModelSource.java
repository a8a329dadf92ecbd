package dev.gatun.loader.hub;

/**
 * A place where models may be. {@link ModelLocator} asks its sources in order; the first that has
 * the model wins.
 */
public interface ModelSource {

  /**
   * Looks for a model.
   *
   * @throws ModelNotFoundException if this source knows that no other can have the model either
   */
  Answer find(ModelRequest request);

  /** What a source says. */
  sealed interface Answer {
    record Found(ModelLocation location) implements Answer {}

    /**
     * @param searched where it looked and why that was not the model, for the error message
     */
    record Absent(String searched) implements Answer {}

    /**
     * It may have the model, but could not give it. Later sources are still asked.
     *
     * @param failure thrown if none of them has it either
     */
    record Failed(HubException failure) implements Answer {}
  }
}
