package dev.gatun.loader.config;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.gatun.loader.json.Text;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;

/**
 * {@code model_type: modernbert}. Components are the keys of config.json as transformers 5 writes
 * them; the older {@code global_attn_every_n_layers}, {@code global_rope_theta} and {@code
 * local_rope_theta} are read into them.
 *
 * @param layerTypes of each layer, which keys it sees
 * @param localAttention width of the window of sliding layers, both sides together
 * @param globalRopeTheta {@code rope_parameters.full_attention.rope_theta}
 * @param localRopeTheta {@code rope_parameters.sliding_attention.rope_theta}
 */
public record ModernBertConfig(
    int vocabSize,
    int hiddenSize,
    int intermediateSize,
    int numHiddenLayers,
    int numAttentionHeads,
    Activation hiddenActivation,
    int maxPositionEmbeddings,
    double normEps,
    boolean normBias,
    boolean attentionBias,
    boolean mlpBias,
    List<LayerType> layerTypes,
    int localAttention,
    double globalRopeTheta,
    double localRopeTheta,
    boolean decoderBias,
    ClassifierPooling classifierPooling,
    boolean classifierBias,
    Activation classifierActivation,
    OptionalInt padTokenId,
    boolean tieWordEmbeddings,
    CommonConfig common)
    implements ModelConfig {

  /** Which keys a layer's queries see: {@code full_attention} or {@code sliding_attention}. */
  public enum LayerType {
    FULL,
    SLIDING;

    private String key() {
      return this == FULL ? "full_attention" : "sliding_attention";
    }
  }

  /** What of a sequence is classified: its first token, or the mean of all. */
  public enum ClassifierPooling {
    CLS,
    MEAN
  }

  /** Cosines and sines are kept for every position: so many numbers at most. */
  private static final long MAX_TABLE = 1L << 26;

  private static final double MAX_THETA = 1e30;

  private static final Set<String> HARMLESS =
      Set.of(
          "attention_dropout",
          "cls_token_id",
          "deterministic_flash_attn",
          "embedding_dropout",
          "initializer_cutoff_factor",
          // The epsilon is norm_eps; published files state this one beside it.
          "layer_norm_eps",
          "mlp_dropout",
          // Positions are rotary, whatever it says: published files have "absolute".
          "position_embedding_type",
          "reference_compile",
          "repad_logits_with_grad",
          // Leaves out tokens without a label, which only training has.
          "sparse_prediction",
          "sparse_pred_ignore_index");

  public ModernBertConfig {
    layerTypes = List.copyOf(layerTypes);
  }

  static ModernBertConfig read(ConfigReader keys) {
    int hiddenSize = keys.integer(768, 1, CommonKeys.MAX_WIDTH, "hidden_size");
    int heads = keys.integer(12, 1, CommonKeys.MAX_HEADS, "num_attention_heads");
    if (hiddenSize % heads != 0 || hiddenSize / heads % 2 != 0) {
      throw keys.refuse(
          "num_attention_heads",
          Integer.toString(heads),
          "a number that divides hidden_size, " + hiddenSize + ", into even head sizes");
    }
    int headDim = hiddenSize / heads;
    int stated = keys.optionalInteger("head_dim", 1, CommonKeys.MAX_WIDTH).orElse(headDim);
    if (stated != headDim) {
      throw keys.refuse(
          "head_dim", Integer.toString(stated), "hidden_size / num_attention_heads, " + headDim);
    }
    int positions = keys.integer(8192, 1, CommonKeys.MAX_POSITIONS, "max_position_embeddings");
    if ((long) positions * headDim / 2 > MAX_TABLE) {
      throw keys.refuse(
          "max_position_embeddings",
          Integer.toString(positions),
          "at most " + MAX_TABLE / (headDim / 2) + " with heads of " + headDim);
    }
    keys.onlyFalse("is_decoder", "ModernBERT runs as an encoder");
    keys.onlyFalse("add_cross_attention", "ModernBERT runs as an encoder");
    keys.onlyFalse("is_encoder_decoder", "ModernBERT runs as an encoder");
    keys.onlyAbsent("sliding_window", "the window is local_attention");
    keys.onlyAbsent("rope_scaling", "rotary positions are not scaled");
    int layers = keys.integer(22, 1, CommonKeys.MAX_LAYERS, "num_hidden_layers");
    double globalTheta = keys.number("global_rope_theta", 160_000, 1e-6, MAX_THETA);
    double localTheta = keys.number("local_rope_theta", 10_000, 1e-6, MAX_THETA);
    JsonNode rope = ropeParameters(keys);
    return new ModernBertConfig(
        keys.integer(50368, 1, CommonKeys.MAX_VOCABULARY, "vocab_size"),
        hiddenSize,
        keys.integer(1152, 1, CommonKeys.MAX_WIDTH, "intermediate_size"),
        layers,
        heads,
        keys.activation("hidden_activation", "gelu"),
        positions,
        keys.number("norm_eps", 1e-5, 0, 1),
        keys.bool("norm_bias", false),
        keys.bool("attention_bias", false),
        keys.bool("mlp_bias", false),
        layerTypes(keys, layers),
        keys.integer(128, 2, CommonKeys.MAX_POSITIONS, "local_attention"),
        theta(keys, rope, LayerType.FULL, globalTheta),
        theta(keys, rope, LayerType.SLIDING, localTheta),
        keys.bool("decoder_bias", true),
        pooling(keys),
        keys.bool("classifier_bias", false),
        keys.activation("classifier_activation", "gelu"),
        keys.tokenId("pad_token_id", OptionalInt.of(50283)),
        keys.bool("tie_word_embeddings", true),
        CommonKeys.read(keys, HARMLESS));
  }

  private static List<LayerType> layerTypes(ConfigReader keys, int layers) {
    int every = keys.integer(3, 1, CommonKeys.MAX_LAYERS, "global_attn_every_n_layers");
    JsonNode stated = keys.nullable("layer_types");
    List<LayerType> types = new ArrayList<>(layers);
    if (stated == null) {
      for (int n = 0; n < layers; n++) {
        types.add(n % every == 0 ? LayerType.FULL : LayerType.SLIDING);
      }
      return types;
    }
    for (String name : keys.texts("layer_types")) {
      switch (name) {
        case "full_attention" -> types.add(LayerType.FULL);
        case "sliding_attention" -> types.add(LayerType.SLIDING);
        default ->
            throw keys.refuse(
                "layer_types", Text.quote(name), "full_attention and sliding_attention");
      }
    }
    if (types.size() != layers) {
      throw keys.refuse("layer_types", stated, "a type for each of " + layers + " layers");
    }
    return types;
  }

  private static JsonNode ropeParameters(ConfigReader keys) {
    JsonNode rope = keys.nullable("rope_parameters");
    if (rope == null) {
      return null;
    }
    String supported = "an object of full_attention and sliding_attention";
    if (!(rope instanceof ObjectNode object)) {
      throw keys.refuse("rope_parameters", rope, supported);
    }
    for (Map.Entry<String, JsonNode> entry : object.properties()) {
      boolean known =
          entry.getKey().equals(LayerType.FULL.key())
              || entry.getKey().equals(LayerType.SLIDING.key());
      if (!known || !(entry.getValue().isObject() || entry.getValue().isNull())) {
        throw keys.refuse("rope_parameters", rope, supported);
      }
    }
    return rope;
  }

  /** What {@code rope_parameters} says for layers of a type, else the older key's value. */
  private static double theta(ConfigReader keys, JsonNode rope, LayerType type, double older) {
    double theta = older;
    if (rope == null || !(rope.get(type.key()) instanceof ObjectNode parameters)) {
      return theta;
    }
    for (Map.Entry<String, JsonNode> entry : parameters.properties()) {
      String key = "rope_parameters." + type.key() + "." + entry.getKey();
      JsonNode value = entry.getValue();
      switch (entry.getKey()) {
        case "rope_theta" -> {
          double number = value.isNumber() ? value.doubleValue() : Double.NaN;
          if (!(number >= 1e-6 && number <= MAX_THETA)) {
            throw keys.refuse(key, value, "a number between 1.0E-6 and " + MAX_THETA);
          }
          theta = number;
        }
        case "rope_type", "type" -> {
          if (!value.isTextual() || !value.textValue().equals("default")) {
            throw keys.refuse(key, value, "\"default\" (rotary positions are not scaled)");
          }
        }
        default -> throw keys.refuse(key, value, "rope_theta and rope_type alone");
      }
    }
    return theta;
  }

  private static ClassifierPooling pooling(ConfigReader keys) {
    String name = keys.text("classifier_pooling", "cls");
    return switch (name) {
      case "cls" -> ClassifierPooling.CLS;
      case "mean" -> ClassifierPooling.MEAN;
      default -> throw keys.refuse("classifier_pooling", Text.quote(name), "cls, mean");
    };
  }

  /** Of a sliding layer: a query sees the keys at most this far from it. */
  public int slidingWindow() {
    return localAttention / 2;
  }

  @Override
  public String modelType() {
    return "modernbert";
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
    return hiddenActivation;
  }
}
