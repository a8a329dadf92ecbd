package dev.gatun.loader;

import java.util.List;

/**
 * A weight that a model needs.
 *
 * @param name full name in the model, as transformers' {@code state_dict()} has it
 * @param shape dimensions, outermost first, as stored
 */
public record WeightDeclaration(String name, List<Long> shape, Role role) {
  public WeightDeclaration {
    shape = List.copyOf(shape);
  }
}
