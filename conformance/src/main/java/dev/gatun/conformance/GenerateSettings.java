package dev.gatun.conformance;

import com.fasterxml.jackson.databind.JsonNode;
import dev.gatun.GenerationOptions;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * The {@code generate} object of a case. Only options that are honoured, or that cannot change the
 * ids, are accepted: anything else would be compared under settings it was not made with. {@code
 * use_cache} and {@code pad_token_id} belong to the latter: every prompt runs alone, so that
 * nothing is padded.
 *
 * @param eosTokenIds ids that end the text, or null where the model's own are meant
 */
record GenerateSettings(int maxNewTokens, int minNewTokens, int[] eosTokenIds) {

  private static final List<String> KNOWN =
      List.of(
          "max_new_tokens",
          "min_new_tokens",
          "do_sample",
          "num_beams",
          "use_cache",
          "eos_token_id",
          "pad_token_id");

  /**
   * @param problem makes the exception to throw from words on what is wrong
   */
  static GenerateSettings parse(JsonNode node, Function<String, ReferenceException> problem) {
    if (!node.isObject()) {
      throw problem.apply("'generate' must be an object, found " + node);
    }
    for (Map.Entry<String, JsonNode> option : node.properties()) {
      if (!KNOWN.contains(option.getKey())) {
        throw problem.apply(
            "generate option '" + option.getKey() + "' is not supported; known: " + KNOWN);
      }
    }
    refuseUnless(node, "do_sample", n -> n.isBoolean() && !n.booleanValue(), "false", problem);
    refuseUnless(node, "num_beams", n -> n.isInt() && n.intValue() == 1, "1", problem);
    refuseUnless(node, "use_cache", JsonNode::isBoolean, "true or false", problem);
    refuseUnless(node, "pad_token_id", JsonNode::isInt, "an id", problem);
    if (!node.has("max_new_tokens")) {
      throw problem.apply("generate lacks 'max_new_tokens'");
    }
    return new GenerateSettings(
        count(node, "max_new_tokens", 1, problem),
        node.has("min_new_tokens") ? count(node, "min_new_tokens", 0, problem) : 0,
        eos(node.path("eos_token_id"), problem));
  }

  private static void refuseUnless(
      JsonNode node,
      String key,
      Predicate<JsonNode> accepted,
      String only,
      Function<String, ReferenceException> problem) {
    JsonNode value = node.path(key);
    if (!value.isMissingNode() && !accepted.test(value)) {
      throw problem.apply(
          "generate option '" + key + "' is " + value + "; only " + only + " can be verified");
    }
  }

  private static int count(
      JsonNode node, String key, int least, Function<String, ReferenceException> problem) {
    JsonNode value = node.get(key);
    if (!value.isInt() || value.intValue() < least) {
      throw problem.apply(
          "generate option '" + key + "' must be an integer >= " + least + ", found " + value);
    }
    return value.intValue();
  }

  private static int[] eos(JsonNode value, Function<String, ReferenceException> problem) {
    if (value.isMissingNode() || value.isNull()) {
      return null;
    }
    if (value.isInt()) {
      return new int[] {value.intValue()};
    }
    int[] ids = new int[value.size()];
    for (int i = 0; i < ids.length; i++) {
      if (!value.get(i).isInt()) {
        throw problem.apply("generate option 'eos_token_id' holds no token id: " + value.get(i));
      }
      ids[i] = value.get(i).intValue();
    }
    if (!value.isArray()) {
      throw problem.apply("generate option 'eos_token_id' must be an id or a list, found " + value);
    }
    return ids;
  }

  GenerationOptions toOptions() {
    GenerationOptions options =
        GenerationOptions.greedy(maxNewTokens).withMinNewTokens(minNewTokens);
    return eosTokenIds == null ? options : options.withEosTokenIds(eosTokenIds);
  }
}
