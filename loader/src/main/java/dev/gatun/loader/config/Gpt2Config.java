package dev.gatun.loader.config;

import java.util.List;
import java.util.OptionalInt;
import java.util.Set;

/**
 * {@code model_type: gpt2}. Components are the keys of config.json.
 *
 * @param nInner width inside the feed-forward block; empty for four times {@code nEmbd}
 * @param reorderAndUpcastAttn only an order of operations for half precision: no difference in fp32
 */
public record Gpt2Config(
    int vocabSize,
    int nPositions,
    int nEmbd,
    int nLayer,
    int nHead,
    OptionalInt nInner,
    Activation activationFunction,
    double layerNormEpsilon,
    boolean scaleAttnWeights,
    boolean scaleAttnByInverseLayerIdx,
    boolean reorderAndUpcastAttn,
    OptionalInt bosTokenId,
    List<Integer> eosTokenIds,
    OptionalInt padTokenId,
    boolean tieWordEmbeddings,
    CommonConfig common)
    implements ModelConfig {

  private static final Set<String> HARMLESS =
      Set.of(
          "attn_pdrop",
          "embd_pdrop",
          "resid_pdrop",
          "is_decoder",
          // The length of a mask buffer that old versions stored beside the n_positions embeddings.
          "n_ctx",
          "n_special",
          "predict_special_tokens",
          // Of GPT2DoubleHeadsModel's summary head alone.
          "summary_activation",
          "summary_first_dropout",
          "summary_proj_to_labels",
          "summary_type",
          "summary_use_proj");

  static Gpt2Config read(ConfigReader keys) {
    int embd = keys.integer(768, 1, CommonKeys.MAX_WIDTH, "n_embd", "hidden_size");
    int heads = keys.integer(12, 1, CommonKeys.MAX_HEADS, "n_head", "num_attention_heads");
    if (embd % heads != 0) {
      throw keys.refuse("n_head", Integer.toString(heads), "a divisor of n_embd, " + embd);
    }
    keys.onlyFalse("add_cross_attention", "GPT-2 runs as a decoder without an encoder");
    keys.onlyFalse("is_encoder_decoder", "GPT-2 runs as a decoder without an encoder");
    return new Gpt2Config(
        keys.integer(50257, 1, CommonKeys.MAX_VOCABULARY, "vocab_size"),
        keys.integer(1024, 1, CommonKeys.MAX_POSITIONS, "n_positions", "max_position_embeddings"),
        embd,
        keys.integer(12, 1, CommonKeys.MAX_LAYERS, "n_layer", "num_hidden_layers"),
        heads,
        keys.optionalInteger("n_inner", 1, CommonKeys.MAX_WIDTH),
        keys.activation("activation_function", "gelu_new"),
        keys.number("layer_norm_epsilon", 1e-5, 0, 1),
        keys.bool("scale_attn_weights", true),
        keys.bool("scale_attn_by_inverse_layer_idx", false),
        keys.bool("reorder_and_upcast_attn", false),
        keys.tokenId("bos_token_id", OptionalInt.of(50256)),
        keys.tokenIds("eos_token_id", List.of(50256)),
        keys.tokenId("pad_token_id", OptionalInt.empty()),
        keys.bool("tie_word_embeddings", true),
        CommonKeys.read(keys, HARMLESS));
  }

  @Override
  public String modelType() {
    return "gpt2";
  }

  @Override
  public int hiddenSize() {
    return nEmbd;
  }

  @Override
  public int intermediateSize() {
    return nInner.orElse(4 * nEmbd);
  }

  @Override
  public int numHiddenLayers() {
    return nLayer;
  }

  @Override
  public int numAttentionHeads() {
    return nHead;
  }

  @Override
  public int numKeyValueHeads() {
    return nHead;
  }

  @Override
  public int headDim() {
    return nEmbd / nHead;
  }

  @Override
  public OptionalInt maxPositions() {
    return OptionalInt.of(nPositions);
  }

  @Override
  public Activation activation() {
    return activationFunction;
  }
}
