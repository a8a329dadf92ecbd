package dev.gatun.loader.config;

import com.fasterxml.jackson.databind.JsonNode;
import dev.gatun.loader.json.Text;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/**
 * {@code model_type: deberta-v2}, which is also DeBERTa v3. Components are the keys of config.json,
 * and what follows from them.
 *
 * @param embeddingSize width of the embedding tables, {@code hidden_size} unless stated
 * @param positionBiasedInput whether words also have absolute positions
 * @param typeVocabSize 0 for a model without segments
 * @param relativeAttention whether scores have the products with relative positions
 * @param maxRelativePositions {@code max_position_embeddings} where the key is below 1
 * @param positionBuckets distances up to half of them have their own, the others share
 *     logarithmically; 0 for a position per distance
 * @param contentToPosition {@code c2p} is in {@code pos_att_type}
 * @param positionToContent {@code p2c} is in {@code pos_att_type}
 * @param shareAttKey whether positions are projected by the queries' and keys' own layers
 * @param normRelEbd whether relative positions are normalised before they are projected
 * @param convolution what follows the first layer
 * @param legacy whether the masked language model has BERT's head; otherwise that of the paper,
 *     which multiplies with the word embeddings themselves
 */
public record DebertaV2Config(
    int vocabSize,
    int hiddenSize,
    int embeddingSize,
    int numHiddenLayers,
    int numAttentionHeads,
    int intermediateSize,
    Activation hiddenAct,
    int maxPositionEmbeddings,
    boolean positionBiasedInput,
    int typeVocabSize,
    double layerNormEps,
    boolean relativeAttention,
    int maxRelativePositions,
    int positionBuckets,
    boolean contentToPosition,
    boolean positionToContent,
    boolean shareAttKey,
    boolean normRelEbd,
    Optional<Convolution> convolution,
    Activation poolerHiddenAct,
    boolean legacy,
    OptionalInt padTokenId,
    boolean tieWordEmbeddings,
    CommonConfig common)
    implements ModelConfig {

  /**
   * {@code conv_kernel_size}, {@code conv_groups} and {@code conv_act}.
   *
   * @param kernelSize odd
   */
  public record Convolution(int kernelSize, int groups, Activation activation) {}

  /** The index of every distance up to this is written out. */
  private static final int MAX_RELATIVE_POSITIONS = 1 << 20;

  private static final int MAX_KERNEL = 1 << 10;

  private static final Set<String> HARMLESS =
      Set.of(
          "attention_probs_dropout_prob",
          "hidden_dropout_prob",
          "cls_dropout",
          "conv_dropout",
          "padding_idx",
          "pooler_dropout");

  static DebertaV2Config read(ConfigReader keys) {
    int hiddenSize = keys.integer(1536, 1, CommonKeys.MAX_WIDTH, "hidden_size");
    int heads = keys.integer(24, 1, CommonKeys.MAX_HEADS, "num_attention_heads");
    if (hiddenSize % heads != 0) {
      throw keys.refuse(
          "num_attention_heads",
          Integer.toString(heads),
          "a divisor of hidden_size, " + hiddenSize);
    }
    onlySize(keys, "attention_head_size", hiddenSize / heads, "hidden_size / num_attention_heads");
    onlySize(keys, "pooler_hidden_size", hiddenSize, "hidden_size");
    keys.onlyFalse("is_decoder", "DeBERTa runs as an encoder");
    keys.onlyFalse("add_cross_attention", "DeBERTa runs as an encoder");
    keys.onlyFalse("is_encoder_decoder", "DeBERTa runs as an encoder");

    int embeddingSize =
        keys.optionalInteger("embedding_size", 1, CommonKeys.MAX_WIDTH).orElse(hiddenSize);
    boolean legacy = keys.bool("legacy", true);
    if (!legacy && embeddingSize != hiddenSize) {
      throw keys.refuse(
          "embedding_size",
          Integer.toString(embeddingSize),
          "hidden_size, " + hiddenSize + ", where legacy is false");
    }
    int positions = keys.integer(512, 1, MAX_RELATIVE_POSITIONS, "max_position_embeddings");
    int stated = keys.integer(-1, -1, MAX_RELATIVE_POSITIONS, "max_relative_positions");
    int maxRelativePositions = stated < 1 ? positions : stated;
    List<String> types = positionTypes(keys);
    return new DebertaV2Config(
        keys.integer(128100, 1, CommonKeys.MAX_VOCABULARY, "vocab_size"),
        hiddenSize,
        embeddingSize,
        keys.integer(24, 1, CommonKeys.MAX_LAYERS, "num_hidden_layers"),
        heads,
        keys.integer(6144, 1, CommonKeys.MAX_WIDTH, "intermediate_size"),
        keys.activation("hidden_act", "gelu"),
        positions,
        keys.bool("position_biased_input", true),
        keys.integer(0, 0, CommonKeys.MAX_VOCABULARY, "type_vocab_size"),
        keys.number("layer_norm_eps", 1e-7, 0, 1),
        keys.bool("relative_attention", false),
        maxRelativePositions,
        positionBuckets(keys, maxRelativePositions),
        types.contains("c2p"),
        types.contains("p2c"),
        keys.bool("share_att_key", false),
        normRelEbd(keys),
        convolution(keys, hiddenSize),
        keys.activation("pooler_hidden_act", "gelu"),
        legacy,
        keys.tokenId("pad_token_id", OptionalInt.of(0)),
        keys.bool("tie_word_embeddings", true),
        CommonKeys.read(keys, HARMLESS));
  }

  private static void onlySize(ConfigReader keys, String key, int size, String name) {
    OptionalInt stated = keys.optionalInteger(key, 1, CommonKeys.MAX_WIDTH);
    if (stated.isPresent() && stated.getAsInt() != size) {
      throw keys.refuse(key, Integer.toString(stated.getAsInt()), name + ", " + size);
    }
  }

  /** A list, or one text with {@code |} between the types. */
  private static List<String> positionTypes(ConfigReader keys) {
    JsonNode node = keys.nullable("pos_att_type");
    List<String> types =
        node != null && node.isTextual() ? split(node.textValue()) : keys.texts("pos_att_type");
    for (String type : types) {
      // Position to position came and went between releases of the reference.
      if (!type.isEmpty() && !type.equals("c2p") && !type.equals("p2c")) {
        throw keys.refuse("pos_att_type", Text.quote(type), "c2p, p2c");
      }
    }
    return types;
  }

  private static boolean normRelEbd(ConfigReader keys) {
    List<String> norms = split(keys.text("norm_rel_ebd", "none"));
    for (String norm : norms) {
      if (!norm.equals("layer_norm") && !norm.equals("none") && !norm.isEmpty()) {
        throw keys.refuse("norm_rel_ebd", Text.quote(norm), "layer_norm, none");
      }
    }
    return norms.contains("layer_norm");
  }

  private static List<String> split(String text) {
    return Arrays.stream(text.toLowerCase(Locale.ROOT).split("\\|")).map(String::strip).toList();
  }

  /** Logarithmic buckets begin behind half of them and end at the maximum: there must be room. */
  private static int positionBuckets(ConfigReader keys, int maxRelativePositions) {
    int buckets = keys.integer(-1, -1, 1 << 16, "position_buckets");
    if (buckets < 1) {
      return 0;
    }
    if (buckets < 4 || buckets % 2 != 0 || buckets / 2 >= maxRelativePositions - 1) {
      throw keys.refuse(
          "position_buckets",
          Integer.toString(buckets),
          "-1, or an even number from 4 whose half is below max_relative_positions - 1, "
              + (maxRelativePositions - 1));
    }
    return buckets;
  }

  private static Optional<Convolution> convolution(ConfigReader keys, int hiddenSize) {
    int kernelSize = keys.optionalInteger("conv_kernel_size", -1, MAX_KERNEL).orElse(0);
    int groups = keys.optionalInteger("conv_groups", 1, CommonKeys.MAX_WIDTH).orElse(1);
    Activation activation = keys.activation("conv_act", "tanh");
    if (kernelSize < 1) {
      return Optional.empty();
    }
    if (kernelSize % 2 == 0) {
      throw keys.refuse("conv_kernel_size", Integer.toString(kernelSize), "an odd number");
    }
    if (hiddenSize % groups != 0) {
      throw keys.refuse(
          "conv_groups", Integer.toString(groups), "a divisor of hidden_size, " + hiddenSize);
    }
    return Optional.of(new Convolution(kernelSize, groups, activation));
  }

  /** Relative positions that have an embedding on either side of 0. */
  public int positionSpan() {
    return positionBuckets > 0 ? positionBuckets : maxRelativePositions;
  }

  @Override
  public String modelType() {
    return "deberta-v2";
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
    return positionBiasedInput ? OptionalInt.of(maxPositionEmbeddings) : OptionalInt.empty();
  }

  @Override
  public OptionalInt usualTokens() {
    return OptionalInt.of(maxPositionEmbeddings);
  }

  @Override
  public Activation activation() {
    return hiddenAct;
  }
}
