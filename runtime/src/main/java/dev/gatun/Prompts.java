package dev.gatun;

import dev.gatun.loader.config.SentenceTransformerConfig;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Texts to put before a text.
 *
 * @param byName the model's with those of the builder
 * @param defaultName which of them is taken when a call names none
 */
record Prompts(Map<String, String> byName, Optional<String> defaultName) {

  /**
   * @throws IllegalArgumentException if the default is none of them
   */
  static Prompts of(SentenceTransformerConfig config, TextEmbedderBuilder builder) {
    var all = new LinkedHashMap<>(config.prompts());
    all.putAll(builder.prompts());
    var prompts =
        new Prompts(
            Collections.unmodifiableMap(all),
            Optional.ofNullable(builder.defaultPromptName()).or(config::defaultPromptName));
    prompts.defaultName.ifPresent(prompts::require);
    return prompts;
  }

  /** The prompt of a call; empty for none. An explicit one goes before a named one. */
  String choose(EmbedOptions options) {
    return options
        .prompt()
        .or(() -> options.promptName().or(() -> defaultName).map(this::require))
        .orElse("");
  }

  private String require(String name) {
    String prompt = byName.get(name);
    if (prompt == null) {
      throw new IllegalArgumentException(
          "the model has no prompt '" + name + "'; it has " + byName.keySet());
    }
    return prompt;
  }
}
