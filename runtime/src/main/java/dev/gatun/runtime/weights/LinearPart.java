package dev.gatun.runtime.weights;

import dev.gatun.runtime.nativelib.NativeContext.WeightLayout;
import java.util.Optional;

/**
 * One stored linear layer, alone or one of several that are packed side by side.
 *
 * @param weight name of its matrix, relative to the scope
 * @param bias name of its bias, relative to the scope; empty for none
 * @param outFeatures its columns of y
 * @param layout how its matrix is stored
 */
public record LinearPart(
    String weight, Optional<String> bias, long outFeatures, WeightLayout layout) {

  /** The layer {@code name}: {@code name.weight [out, in]} and {@code name.bias [out]}. */
  public static LinearPart part(String name, long outFeatures) {
    return new LinearPart(
        name + ".weight", Optional.of(name + ".bias"), outFeatures, WeightLayout.OUT_IN);
  }

  public LinearPart withoutBias() {
    return new LinearPart(weight, Optional.empty(), outFeatures, layout);
  }

  /** With a bias that is stored elsewhere, named in full below the scope, as in {@code bias}. */
  public LinearPart withBias(String name) {
    return new LinearPart(weight, Optional.of(name), outFeatures, layout);
  }

  /** Stored {@code [in, out]}, as GPT-2's Conv1D is. */
  public LinearPart transposed() {
    return new LinearPart(weight, bias, outFeatures, WeightLayout.IN_OUT);
  }
}
