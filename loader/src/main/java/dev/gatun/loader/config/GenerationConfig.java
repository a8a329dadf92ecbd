package dev.gatun.loader.config;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.gatun.loader.json.Text;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.Set;

/**
 * How a model's author wants it to generate: {@code generation_config.json}, or the older way, the
 * same keys in {@code config.json}. A value that is absent or null is the library's default; where
 * a default acts differently from the same value written out (lengths) the component is optional.
 *
 * @param maxLength prompt and new tokens together; empty for the default of 20 new tokens
 * @param maxNewTokens new tokens alone; wins over {@code maxLength}
 * @param topK candidates to sample from; 0 for all
 * @param minP least probability relative to the best candidate
 * @param eosTokenIds any of these ends a sequence
 * @param decoderStartTokenId first decoder token of an encoder-decoder model
 * @param forcedEosTokenIds tokens forced at the maximum length
 * @param unreadKeys keys without a component here; the unknown ones may ask for a method that is
 *     not implemented
 */
public record GenerationConfig(
    OptionalInt maxLength,
    OptionalInt maxNewTokens,
    int minLength,
    OptionalInt minNewTokens,
    boolean doSample,
    int numBeams,
    int numReturnSequences,
    EarlyStopping earlyStopping,
    double temperature,
    int topK,
    double topP,
    OptionalDouble minP,
    double typicalP,
    double epsilonCutoff,
    double etaCutoff,
    double repetitionPenalty,
    double encoderRepetitionPenalty,
    double lengthPenalty,
    int noRepeatNgramSize,
    int encoderNoRepeatNgramSize,
    List<List<Integer>> badWordsIds,
    List<Integer> suppressTokens,
    List<Integer> beginSuppressTokens,
    boolean renormalizeLogits,
    OptionalInt bosTokenId,
    List<Integer> eosTokenIds,
    OptionalInt padTokenId,
    OptionalInt decoderStartTokenId,
    OptionalInt forcedBosTokenId,
    List<Integer> forcedEosTokenIds,
    UnreadKeys unreadKeys) {

  /** When beam search ends. */
  public enum EarlyStopping {
    /** {@code true}: as soon as there are {@code num_beams} finished candidates. */
    WHEN_ENOUGH,
    /** {@code false}: when the best running candidate is unlikely to beat the finished ones. */
    HEURISTIC,
    /** {@code "never"}: when no running candidate can beat the finished ones. */
    NEVER
  }

  /** Every key of this configuration that a config.json may hold too. */
  static final Set<String> KEYS =
      Set.of(
          "max_length",
          "max_new_tokens",
          "min_length",
          "min_new_tokens",
          "do_sample",
          "num_beams",
          "num_return_sequences",
          "early_stopping",
          "temperature",
          "top_k",
          "top_p",
          "min_p",
          "typical_p",
          "epsilon_cutoff",
          "eta_cutoff",
          "repetition_penalty",
          "encoder_repetition_penalty",
          "length_penalty",
          "no_repeat_ngram_size",
          "encoder_no_repeat_ngram_size",
          "bad_words_ids",
          "suppress_tokens",
          "begin_suppress_tokens",
          "renormalize_logits",
          "bos_token_id",
          "eos_token_id",
          "pad_token_id",
          "decoder_start_token_id",
          "forced_bos_token_id",
          "forced_eos_token_id",
          // Without a component: methods that only ever act when asked for, and switches of the
          // output.
          "diversity_penalty",
          "exponential_decay_length_penalty",
          "num_beam_groups",
          "output_scores",
          "remove_invalid_values",
          "return_dict_in_generate",
          "sep_token_id");

  private static final Set<String> HARMLESS =
      Set.of(
          "_from_model_config",
          "transformers_version",
          "use_cache",
          "cache_implementation",
          "output_attentions",
          "output_hidden_states",
          "output_logits",
          "output_scores",
          "return_dict_in_generate");

  private static final int ANY_LENGTH = Integer.MAX_VALUE;

  public GenerationConfig {
    badWordsIds = badWordsIds.stream().map(List::copyOf).toList();
    suppressTokens = List.copyOf(suppressTokens);
    beginSuppressTokens = List.copyOf(beginSuppressTokens);
    eosTokenIds = List.copyOf(eosTokenIds);
    forcedEosTokenIds = List.copyOf(forcedEosTokenIds);
  }

  /**
   * Reads the generation configuration of a model's directory.
   *
   * @throws ConfigException if neither file can be read, or a value is malformed
   */
  public static GenerationConfig load(Path modelDirectory) {
    Path own = modelDirectory.resolve("generation_config.json");
    if (Files.exists(own)) {
      return read(new ConfigReader(own.toString(), ConfigParser.readObject(own)));
    }
    Path config = modelDirectory.resolve("config.json");
    ObjectNode keys = ConfigParser.readObject(config).retain(KEYS);
    return read(new ConfigReader(config.toString(), keys));
  }

  /**
   * Reads the content of a {@code generation_config.json}.
   *
   * @throws ConfigException if it is not an object, or a value is malformed
   */
  public static GenerationConfig parse(JsonNode config) {
    if (!(config instanceof ObjectNode object)) {
      throw new ConfigException(
          "generation config", "expected a JSON object, found " + config.getNodeType(), null);
    }
    return read(new ConfigReader("generation config", object));
  }

  private static GenerationConfig read(ConfigReader keys) {
    return new GenerationConfig(
        keys.optionalInteger("max_length", 0, ANY_LENGTH),
        keys.optionalInteger("max_new_tokens", 0, ANY_LENGTH),
        keys.optionalInteger("min_length", 0, ANY_LENGTH).orElse(0),
        keys.optionalInteger("min_new_tokens", 0, ANY_LENGTH),
        keys.optionalBool("do_sample").orElse(false),
        keys.optionalInteger("num_beams", 1, 1 << 16).orElse(1),
        keys.optionalInteger("num_return_sequences", 1, 1 << 16).orElse(1),
        earlyStopping(keys),
        keys.optionalNumber("temperature", 0, 1e9).orElse(1),
        keys.optionalInteger("top_k", 0, ANY_LENGTH).orElse(50),
        keys.optionalNumber("top_p", 0, 1).orElse(1),
        keys.optionalNumber("min_p", 0, 1),
        keys.optionalNumber("typical_p", 0, 1).orElse(1),
        keys.optionalNumber("epsilon_cutoff", 0, 1).orElse(0),
        keys.optionalNumber("eta_cutoff", 0, 1).orElse(0),
        keys.optionalNumber("repetition_penalty", Double.MIN_VALUE, 1e9).orElse(1),
        keys.optionalNumber("encoder_repetition_penalty", Double.MIN_VALUE, 1e9).orElse(1),
        keys.optionalNumber("length_penalty", -1e9, 1e9).orElse(1),
        keys.optionalInteger("no_repeat_ngram_size", 0, ANY_LENGTH).orElse(0),
        keys.optionalInteger("encoder_no_repeat_ngram_size", 0, ANY_LENGTH).orElse(0),
        badWords(keys),
        keys.tokenIds("suppress_tokens", List.of()),
        keys.tokenIds("begin_suppress_tokens", List.of()),
        keys.optionalBool("renormalize_logits").orElse(false),
        keys.tokenId("bos_token_id", OptionalInt.empty()),
        keys.tokenIds("eos_token_id", List.of()),
        keys.tokenId("pad_token_id", OptionalInt.empty()),
        keys.tokenId("decoder_start_token_id", OptionalInt.empty()),
        keys.tokenId("forced_bos_token_id", OptionalInt.empty()),
        keys.tokenIds("forced_eos_token_id", List.of()),
        keys.unread(HARMLESS));
  }

  private static EarlyStopping earlyStopping(ConfigReader keys) {
    JsonNode node = keys.nullable("early_stopping");
    if (node == null) {
      return EarlyStopping.HEURISTIC;
    }
    if (node.isBoolean()) {
      return node.booleanValue() ? EarlyStopping.WHEN_ENOUGH : EarlyStopping.HEURISTIC;
    }
    if (node.isTextual() && node.textValue().equals("never")) {
      return EarlyStopping.NEVER;
    }
    throw keys.refuse(
        "early_stopping", Text.shorten(node.toString(), 80), "true, false, \"never\"");
  }

  private static List<List<Integer>> badWords(ConfigReader keys) {
    List<List<Integer>> words = new ArrayList<>();
    JsonNode node = keys.nullable("bad_words_ids");
    if (node == null) {
      return words;
    }
    if (!node.isArray()) {
      throw keys.refuse("bad_words_ids", node, "a list of lists of token ids");
    }
    for (JsonNode word : node) {
      List<Integer> ids = new ArrayList<>();
      for (JsonNode id : word) {
        ids.add(id.canConvertToInt() ? id.intValue() : -1);
      }
      if (ids.isEmpty() || Collections.min(ids) < 0) {
        throw keys.refuse("bad_words_ids", word, "a list of lists of token ids");
      }
      words.add(ids);
    }
    return words;
  }
}
