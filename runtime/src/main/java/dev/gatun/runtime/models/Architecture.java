package dev.gatun.runtime.models;

import dev.gatun.loader.config.ModelConfig;
import dev.gatun.runtime.weights.WeightScope;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.regex.Pattern;

/**
 * One transformers class this runtime can build: facts and functions, no state.
 *
 * @param name class name as config.json's {@code architectures} spells it
 * @param configType record its config.json becomes
 * @param baseModelPrefix submodule of the backbone; checkpoints may carry or lack it
 * @param constructor builds the network over a scope; runs once to declare, once to load
 * @param outputs names a forward pass can give
 * @param ignored checkpoint names that are no weights (masks, position buffers)
 */
public record Architecture<C extends ModelConfig>(
    String name,
    Class<C> configType,
    String baseModelPrefix,
    BiFunction<C, WeightScope, Network> constructor,
    Function<C, List<String>> outputs,
    List<Pattern> ignored) {

  /** Builds the network; the config must be of {@link #configType()}. */
  public Network build(ModelConfig config, WeightScope scope) {
    return constructor.apply(configType.cast(config), scope);
  }

  /** Names a forward pass can give for this config. */
  public List<String> outputNames(ModelConfig config) {
    return outputs.apply(configType.cast(config));
  }
}
