package dev.gatun.runtime.models;

import dev.gatun.runtime.ops.Ops;
import dev.gatun.runtime.tensor.Workspace;

/**
 * A built model: weights and the forward pass, nothing that changes between calls, so any number of
 * threads may run it at once.
 */
public interface Network {
  /**
   * Runs one packed batch.
   *
   * @param ops device to run on
   * @param workspace where activations live; the caller resets it
   * @param batch token ids
   * @param taps what the caller wants to see; a network computes its heads only when asked for
   */
  void forward(Ops ops, Workspace workspace, Batch batch, Taps taps);
}
