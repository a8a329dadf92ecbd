package dev.gatun.loader.config;

import java.util.OptionalInt;
import java.util.Set;

/**
 * {@code model_type: electra}. Components are the keys of config.json; encoder with absolute
 * positions only.
 *
 * @param embeddingSize width of the embeddings; projected to {@code hidden_size} where they differ
 */
public record ElectraConfig(
    int vocabSize,
    int embeddingSize,
    int hiddenSize,
    int numHiddenLayers,
    int numAttentionHeads,
    int intermediateSize,
    Activation hiddenAct,
    int maxPositionEmbeddings,
    int typeVocabSize,
    double layerNormEps,
    boolean tieWordEmbeddings,
    CommonConfig common)
    implements ModelConfig {

  private static final Set<String> HARMLESS =
      Set.of(
          "attention_probs_dropout_prob",
          "hidden_dropout_prob",
          // Of a summary that only the multiple-choice class computes.
          "summary_activation",
          "summary_last_dropout",
          "summary_type",
          "summary_use_proj");

  static ElectraConfig read(ConfigReader keys) {
    int hiddenSize = keys.integer(256, 1, CommonKeys.MAX_WIDTH, "hidden_size");
    int heads = keys.integer(4, 1, CommonKeys.MAX_HEADS, "num_attention_heads");
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
    keys.onlyFalse("is_decoder", "ELECTRA runs as an encoder");
    keys.onlyFalse("add_cross_attention", "ELECTRA runs as an encoder");
    keys.onlyFalse("is_encoder_decoder", "ELECTRA runs as an encoder");
    return new ElectraConfig(
        keys.integer(30522, 1, CommonKeys.MAX_VOCABULARY, "vocab_size"),
        keys.integer(128, 1, CommonKeys.MAX_WIDTH, "embedding_size"),
        hiddenSize,
        keys.integer(12, 1, CommonKeys.MAX_LAYERS, "num_hidden_layers"),
        heads,
        keys.integer(1024, 1, CommonKeys.MAX_WIDTH, "intermediate_size"),
        keys.activation("hidden_act", "gelu"),
        keys.integer(512, 1, CommonKeys.MAX_POSITIONS, "max_position_embeddings"),
        keys.integer(2, 1, CommonKeys.MAX_VOCABULARY, "type_vocab_size"),
        keys.number("layer_norm_eps", 1e-12, 0, 1),
        keys.bool("tie_word_embeddings", true),
        CommonKeys.read(keys, HARMLESS));
  }

  @Override
  public String modelType() {
    return "electra";
  }

  @Override
  public int numKeyValueHeads() {
    return numAttentionHeads;
  }

  @Override
  public int headDim() {
    return hiddenSize / numAttentionHeads;
  }

  @Override
  public OptionalInt maxPositions() {
    return OptionalInt.of(maxPositionEmbeddings);
  }

  @Override
  public Activation activation() {
    return hiddenAct;
  }
}
