package dev.gatun.loader.config;

import java.util.OptionalInt;
import java.util.Set;

/**
 * {@code model_type: roberta}, {@code xlm-roberta} and {@code camembert}, which are one network
 * with different vocabularies. Components are the keys of config.json; encoder with absolute
 * positions only.
 *
 * @param maxPositionEmbeddings rows of the position table; the first {@code padTokenId + 1} are not
 *     for text, see {@link #maxPositions}
 * @param padTokenId the id whose tokens take no position; the text begins at the position after it
 */
public record RobertaConfig(
    String modelType,
    int vocabSize,
    int hiddenSize,
    int numHiddenLayers,
    int numAttentionHeads,
    int intermediateSize,
    Activation hiddenAct,
    int maxPositionEmbeddings,
    int typeVocabSize,
    double layerNormEps,
    int padTokenId,
    boolean tieWordEmbeddings,
    CommonConfig common)
    implements ModelConfig {

  private static final Set<String> HARMLESS =
      Set.of("attention_probs_dropout_prob", "hidden_dropout_prob");

  static RobertaConfig roberta(ConfigReader keys) {
    return read("roberta", 50265, keys);
  }

  static RobertaConfig xlmRoberta(ConfigReader keys) {
    return read("xlm-roberta", 30522, keys);
  }

  static RobertaConfig camembert(ConfigReader keys) {
    return read("camembert", 30522, keys);
  }

  private static RobertaConfig read(String modelType, int defaultVocabulary, ConfigReader keys) {
    int hiddenSize = keys.integer(768, 1, CommonKeys.MAX_WIDTH, "hidden_size");
    int heads = keys.integer(12, 1, CommonKeys.MAX_HEADS, "num_attention_heads");
    if (hiddenSize % heads != 0) {
      throw keys.refuse(
          "num_attention_heads",
          Integer.toString(heads),
          "a divisor of hidden_size, " + hiddenSize);
    }
    String positions = keys.text("position_embedding_type", "absolute");
    if (!positions.equals("absolute")) {
      throw keys.refuse("position_embedding_type", '"' + positions + '"', "absolute");
    }
    keys.onlyFalse("is_decoder", "RoBERTa runs as an encoder");
    keys.onlyFalse("add_cross_attention", "RoBERTa runs as an encoder");
    keys.onlyFalse("is_encoder_decoder", "RoBERTa runs as an encoder");
    int vocabSize = keys.integer(defaultVocabulary, 1, CommonKeys.MAX_VOCABULARY, "vocab_size");
    int maxPositions = keys.integer(512, 1, CommonKeys.MAX_POSITIONS, "max_position_embeddings");
    // Positions are counted from the pad id: without one, or with all rows before it, none is left.
    int pad = keys.integer(1, 0, CommonKeys.MAX_TOKEN, "pad_token_id");
    if (pad >= vocabSize || pad >= maxPositions - 1) {
      throw keys.refuse(
          "pad_token_id",
          Integer.toString(pad),
          "below vocab_size, %d, and max_position_embeddings - 1, %d"
              .formatted(vocabSize, maxPositions - 1));
    }
    return new RobertaConfig(
        modelType,
        vocabSize,
        hiddenSize,
        keys.integer(12, 1, CommonKeys.MAX_LAYERS, "num_hidden_layers"),
        heads,
        keys.integer(3072, 1, CommonKeys.MAX_WIDTH, "intermediate_size"),
        keys.activation("hidden_act", "gelu"),
        maxPositions,
        keys.integer(2, 1, CommonKeys.MAX_VOCABULARY, "type_vocab_size"),
        keys.number("layer_norm_eps", 1e-12, 0, 1),
        pad,
        keys.bool("tie_word_embeddings", true),
        CommonKeys.read(keys, HARMLESS));
  }

  @Override
  public int numKeyValueHeads() {
    return numAttentionHeads;
  }

  @Override
  public int headDim() {
    return hiddenSize / numAttentionHeads;
  }

  /** Longest text: {@code max_position_embeddings - pad_token_id - 1}. */
  @Override
  public OptionalInt maxPositions() {
    return OptionalInt.of(maxPositionEmbeddings - padTokenId - 1);
  }

  @Override
  public Activation activation() {
    return hiddenAct;
  }
}
