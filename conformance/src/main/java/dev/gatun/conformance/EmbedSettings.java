package dev.gatun.conformance;

import com.fasterxml.jackson.databind.JsonNode;
import dev.gatun.EmbedOptions;
import dev.gatun.TextEmbedder;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Function;

/**
 * How the texts of a case were embedded; nothing set is a plain {@code encode()}.
 *
 * @param prompt text put before each text
 * @param promptName which of the model's prompts was put before each text
 * @param task {@code encode_query()} or {@code encode_document()}; stands alone
 * @param dimensions elements kept of each vector
 */
record EmbedSettings(
    Optional<String> prompt,
    Optional<String> promptName,
    Optional<Task> task,
    OptionalInt dimensions) {
  /** Keys of a case that are read here. */
  static final Set<String> KEYS = Set.of("prompt", "prompt_name", "task", "dimensions");

  /** What the texts are for. */
  enum Task {
    QUERY,
    DOCUMENT
  }

  /**
   * @param problem makes the exception to throw from words on what is wrong
   */
  static EmbedSettings parse(JsonNode node, Function<String, ReferenceException> problem) {
    Optional<String> prompt = text(node, "prompt", problem);
    Optional<String> promptName = text(node, "prompt_name", problem);
    Optional<Task> task = text(node, "task", problem).map(name -> task(name, problem));
    JsonNode dimensions = node.path("dimensions");
    if (!dimensions.isMissingNode() && (!dimensions.isInt() || dimensions.intValue() < 1)) {
      throw problem.apply("'dimensions' must be an integer >= 1, found " + dimensions);
    }
    if (prompt.isPresent() && promptName.isPresent()
        || task.isPresent()
            && (prompt.isPresent() || promptName.isPresent() || dimensions.isInt())) {
      throw problem.apply("'prompt' and 'prompt_name' exclude each other, 'task' stands alone");
    }
    return new EmbedSettings(
        prompt,
        promptName,
        task,
        dimensions.isInt() ? OptionalInt.of(dimensions.intValue()) : OptionalInt.empty());
  }

  private static Optional<String> text(
      JsonNode node, String key, Function<String, ReferenceException> problem) {
    JsonNode value = node.path(key);
    if (!value.isMissingNode() && !value.isTextual()) {
      throw problem.apply("'" + key + "' must be a text, found " + value);
    }
    return Optional.ofNullable(value.textValue());
  }

  private static Task task(String name, Function<String, ReferenceException> problem) {
    return Arrays.stream(Task.values())
        .filter(task -> task.name().toLowerCase(Locale.ROOT).equals(name))
        .findFirst()
        .orElseThrow(
            () -> problem.apply("'task' is '" + name + "'; known are 'query' and 'document'"));
  }

  /** The vectors, by the method a user would call. */
  float[][] embed(TextEmbedder embedder, List<String> texts) {
    if (task.isPresent()) {
      return switch (task.get()) {
        case QUERY -> embedder.embedQueries(texts);
        case DOCUMENT -> embedder.embedDocuments(texts);
      };
    }
    EmbedOptions options =
        new EmbedOptions(prompt, promptName, dimensions, EmbedOptions.defaults().progress());
    return embedder.embed(texts, options);
  }
}
