package dev.gatun.loader.config;

import java.util.OptionalInt;
import java.util.Set;

/**
 * {@code model_type: mpnet}. Components are the keys of config.json. Its {@code pad_token_id} is
 * none of them: the reference counts positions around {@link #PADDING_INDEX} whatever the key says.
 *
 * @param maxPositionEmbeddings rows of the position table; of these {@link #maxPositions()} serve
 *     tokens
 * @param relativeAttentionNumBuckets rows of the table of relative biases; {@link #BUCKETS} are
 *     used
 */
public record MpnetConfig(
    int vocabSize,
    int hiddenSize,
    int numHiddenLayers,
    int numAttentionHeads,
    int intermediateSize,
    Activation hiddenAct,
    int maxPositionEmbeddings,
    int relativeAttentionNumBuckets,
    double layerNormEps,
    boolean tieWordEmbeddings,
    CommonConfig common)
    implements ModelConfig {

  /** The token id, and the position, of padding; the first other token has the position behind. */
  public static final int PADDING_INDEX = 1;

  /** Relative positions fall into so many buckets, however long the table is. */
  public static final int BUCKETS = 32;

  /** Distance from which on all keys share a bucket. */
  public static final int MAX_DISTANCE = 128;

  private static final Set<String> HARMLESS =
      Set.of("attention_probs_dropout_prob", "hidden_dropout_prob");

  static MpnetConfig read(ConfigReader keys) {
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
    keys.onlyFalse("is_decoder", "MPNet runs as an encoder");
    keys.onlyFalse("add_cross_attention", "MPNet runs as an encoder");
    keys.onlyFalse("is_encoder_decoder", "MPNet runs as an encoder");
    return new MpnetConfig(
        keys.integer(30527, 1, CommonKeys.MAX_VOCABULARY, "vocab_size"),
        hiddenSize,
        keys.integer(12, 1, CommonKeys.MAX_LAYERS, "num_hidden_layers"),
        heads,
        keys.integer(3072, 1, CommonKeys.MAX_WIDTH, "intermediate_size"),
        keys.activation("hidden_act", "gelu"),
        keys.integer(512, PADDING_INDEX + 2, CommonKeys.MAX_POSITIONS, "max_position_embeddings"),
        keys.integer(BUCKETS, BUCKETS, 1 << 16, "relative_attention_num_buckets"),
        keys.number("layer_norm_eps", 1e-12, 0, 1),
        keys.bool("tie_word_embeddings", true),
        CommonKeys.read(keys, HARMLESS));
  }

  @Override
  public String modelType() {
    return "mpnet";
  }

  @Override
  public int numKeyValueHeads() {
    return numAttentionHeads;
  }

  @Override
  public int headDim() {
    return hiddenSize / numAttentionHeads;
  }

  /** Rows of the table behind that of padding, from which the first token's position counts. */
  @Override
  public OptionalInt maxPositions() {
    return OptionalInt.of(maxPositionEmbeddings - PADDING_INDEX - 1);
  }

  @Override
  public Activation activation() {
    return hiddenAct;
  }
}
