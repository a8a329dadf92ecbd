package dev.gatun;

import dev.gatun.loader.WeightPlan;
import dev.gatun.loader.config.ModelConfig;
import dev.gatun.loader.config.T5Config;
import dev.gatun.runtime.models.Architecture;
import dev.gatun.runtime.models.Architectures;
import dev.gatun.runtime.weights.Declarations;
import dev.gatun.runtime.weights.WeightScope;
import java.util.List;

/**
 * What can be said of a model from its config.json alone: no weights are read, no native library is
 * loaded.
 */
public final class ModelInspector {
  private ModelInspector() {}

  /** Names of the transformers classes this runtime builds. */
  public static List<String> supportedArchitectures() {
    return Architectures.names();
  }

  /**
   * The class that would run.
   *
   * @param architecture class name, or null for config.json's own
   * @throws dev.gatun.loader.config.ConfigException if it is unknown or of another model type
   */
  public static String architecture(ModelConfig config, String architecture) {
    return Architectures.choose(config, architecture).name();
  }

  /**
   * Every weight the class needs, under the names of transformers' {@code state_dict()}.
   *
   * @param architecture class name, or null for config.json's own
   */
  public static WeightPlan weights(ModelConfig config, String architecture) {
    return plan(Architectures.choose(config, architecture), config);
  }

  /**
   * Number of parameters, a tied tensor counted once: {@code sum(p.numel() for p in
   * model.parameters())} of the class in transformers.
   *
   * @param architecture class name, or null for config.json's own
   */
  public static long parameterCount(ModelConfig config, String architecture) {
    long count = declare(Architectures.choose(config, architecture), config).parameterCount();
    if (config instanceof T5Config t5
        && architecture(config, architecture).equals("T5ForConditionalGeneration")
        && !t5.scaleDecoderOutputs()) {
      // tie_word_embeddings false: v1.1 and Flan checkpoints bring an output matrix of their own.
      count += (long) t5.vocabSize() * t5.dModel();
    }
    return count;
  }

  static WeightPlan plan(Architecture<?> architecture, ModelConfig config) {
    return declare(architecture, config)
        .plan(architecture.baseModelPrefix(), architecture.ignored());
  }

  private static Declarations declare(Architecture<?> architecture, ModelConfig config) {
    return WeightScope.declare(scope -> architecture.build(config, scope));
  }
}
