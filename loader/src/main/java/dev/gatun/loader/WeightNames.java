package dev.gatun.loader;

import java.util.Set;
import java.util.regex.Pattern;

/**
 * Stored names to the model's names, by the rules of transformers' {@code
 * core_model_loading.rename_source_key}.
 */
final class WeightNames {
  // Names from before 2019, still in many of the most used files. The dots match any character in
  // the reference too.
  private static final Pattern GAMMA = Pattern.compile("LayerNorm.gamma");
  private static final Pattern BETA = Pattern.compile("LayerNorm.beta");

  private final String prefix;
  private final Set<String> known;

  /**
   * @param baseModelPrefix may be empty
   * @param known every name that the model has
   */
  WeightNames(String baseModelPrefix, Set<String> known) {
    this.prefix = baseModelPrefix.isEmpty() ? "" : baseModelPrefix + ".";
    this.known = known;
  }

  /** The model's name for a stored one; a name that the model does not know if there is none. */
  String declared(String stored) {
    String weight = GAMMA.matcher(stored).replaceFirst("LayerNorm.weight");
    String modern = BETA.matcher(weight).replaceFirst("LayerNorm.bias");
    String renamed = fitPrefix(modern);
    if (!known.contains(renamed) && known.contains(stored)) {
      return fitPrefix(stored);
    }
    return renamed;
  }

  private String fitPrefix(String name) {
    if (prefix.isEmpty()) {
      return name;
    }
    if (name.startsWith(prefix) && known.contains(name.substring(prefix.length()))) {
      return name.substring(prefix.length());
    }
    return known.contains(prefix + name) ? prefix + name : name;
  }
}
