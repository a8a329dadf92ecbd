package dev.gatun.loader.config;

import java.util.OptionalInt;
import java.util.Set;

/**
 * {@code model_type: albert}. Components are the keys of config.json. The defaults are the
 * reference's, which are those of the xxlarge model.
 *
 * @param embeddingSize width of the embeddings, which are projected to {@code hidden_size}
 * @param numHiddenLayers how often a group is run
 * @param numHiddenGroups groups of weights that the layers divide among themselves
 * @param innerGroupNum layers, each with weights of its own, in a group
 */
public record AlbertConfig(
    int vocabSize,
    int embeddingSize,
    int hiddenSize,
    int numHiddenLayers,
    int numHiddenGroups,
    int innerGroupNum,
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
          "classifier_dropout_prob",
          "hidden_dropout_prob",
          // Of the original code's experiments; the reference reads none of them.
          "down_scale_factor",
          "gap_size",
          "layers_to_keep",
          "net_structure_type",
          "num_memory_blocks");

  static AlbertConfig read(ConfigReader keys) {
    int hiddenSize = keys.integer(4096, 1, CommonKeys.MAX_WIDTH, "hidden_size");
    int heads = keys.integer(64, 1, CommonKeys.MAX_HEADS, "num_attention_heads");
    if (hiddenSize % heads != 0) {
      throw keys.refuse(
          "num_attention_heads",
          Integer.toString(heads),
          "a divisor of hidden_size, " + hiddenSize);
    }
    int layers = keys.integer(12, 1, CommonKeys.MAX_LAYERS, "num_hidden_layers");
    // More groups than layers would be weights that nothing reads.
    int groups = keys.integer(1, 1, layers, "num_hidden_groups");
    int inner = keys.integer(1, 1, CommonKeys.MAX_LAYERS / layers, "inner_group_num");
    String positions = keys.text("position_embedding_type", "absolute");
    if (!positions.equals("absolute")) {
      throw keys.refuse("position_embedding_type", '"' + positions + '"', "absolute");
    }
    keys.onlyFalse("is_decoder", "ALBERT runs as an encoder");
    keys.onlyFalse("add_cross_attention", "ALBERT runs as an encoder");
    keys.onlyFalse("is_encoder_decoder", "ALBERT runs as an encoder");
    return new AlbertConfig(
        keys.integer(30000, 1, CommonKeys.MAX_VOCABULARY, "vocab_size"),
        keys.integer(128, 1, CommonKeys.MAX_WIDTH, "embedding_size"),
        hiddenSize,
        layers,
        groups,
        inner,
        heads,
        keys.integer(16384, 1, CommonKeys.MAX_WIDTH, "intermediate_size"),
        keys.activation("hidden_act", "gelu_new"),
        keys.integer(512, 1, CommonKeys.MAX_POSITIONS, "max_position_embeddings"),
        keys.integer(2, 1, CommonKeys.MAX_VOCABULARY, "type_vocab_size"),
        keys.number("layer_norm_eps", 1e-12, 0, 1),
        keys.bool("tie_word_embeddings", true),
        CommonKeys.read(keys, HARMLESS));
  }

  @Override
  public String modelType() {
    return "albert";
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
