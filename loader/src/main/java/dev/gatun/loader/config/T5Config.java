package dev.gatun.loader.config;

import dev.gatun.loader.json.Text;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/**
 * {@code model_type: t5}, which is also v1.1 and Flan. Components are the keys of config.json, and
 * two that follow from them.
 *
 * @param isGatedAct {@code feed_forward_proj} begins with {@code gated-}
 * @param denseActFn the function that {@code feed_forward_proj} names; the tanh form for {@code
 *     gated-gelu}
 * @param scaleDecoderOutputs whether logits are computed from hidden states scaled by {@code
 *     d_model^-0.5}: all that {@code tie_word_embeddings} still decides, see {@link
 *     #tieWordEmbeddings()}; transformers 5 saves that as true for every model and the decision
 *     under the key {@code scale_decoder_outputs}, which wins
 * @param decoderStartTokenId first token of every decoder sequence; empty if only the generation
 *     configuration says it
 */
public record T5Config(
    int vocabSize,
    int dModel,
    int dKv,
    int dFf,
    int numLayers,
    int numDecoderLayers,
    int numHeads,
    int relativeAttentionNumBuckets,
    int relativeAttentionMaxDistance,
    double layerNormEpsilon,
    String feedForwardProj,
    boolean isGatedAct,
    Activation denseActFn,
    boolean scaleDecoderOutputs,
    boolean isEncoderDecoder,
    OptionalInt padTokenId,
    List<Integer> eosTokenIds,
    OptionalInt decoderStartTokenId,
    CommonConfig common)
    implements ModelConfig {

  private static final Set<String> HARMLESS =
      Set.of(
          "dropout_rate",
          "initializer_factor",
          // Both stacks are told by the model class which they are.
          "is_decoder",
          // Positions are relative: only the tokenizer ever had such a limit.
          "n_positions");

  static T5Config read(ConfigReader keys) {
    int layers = keys.integer(6, 1, CommonKeys.MAX_LAYERS, "num_layers", "num_hidden_layers");
    int buckets = keys.integer(32, 4, 1 << 16, "relative_attention_num_buckets");
    // Half of the buckets count single positions, the others share the distances up to the maximum.
    int maxDistance =
        keys.integer(
            128, buckets / 2 + 1, CommonKeys.MAX_POSITIONS, "relative_attention_max_distance");

    String projection = keys.text("feed_forward_proj", "relu");
    boolean gated = projection.startsWith("gated-");
    String name = gated ? projection.substring("gated-".length()) : projection;
    if (gated && name.equals("gelu")) {
      name = "gelu_new";
    }
    Activation activation =
        Activation.fromName(name)
            .orElseThrow(
                () ->
                    keys.refuse(
                        "feed_forward_proj",
                        Text.quote(projection),
                        "NAME or gated-NAME with NAME one of "
                            + String.join(", ", Activation.names())));
    refuseContradiction(keys, projection, gated, activation);

    return new T5Config(
        keys.integer(32128, 1, CommonKeys.MAX_VOCABULARY, "vocab_size"),
        keys.integer(512, 1, CommonKeys.MAX_WIDTH, "d_model", "hidden_size"),
        keys.integer(64, 1, CommonKeys.MAX_WIDTH, "d_kv", "head_dim"),
        keys.integer(2048, 1, CommonKeys.MAX_WIDTH, "d_ff"),
        layers,
        keys.optionalInteger("num_decoder_layers", 1, CommonKeys.MAX_LAYERS).orElse(layers),
        keys.integer(8, 1, CommonKeys.MAX_HEADS, "num_heads", "num_attention_heads"),
        buckets,
        maxDistance,
        keys.number("layer_norm_epsilon", 1e-6, 0, 1),
        projection,
        gated,
        activation,
        keys.optionalBool("scale_decoder_outputs")
            .orElse(keys.optionalBool("tie_word_embeddings").orElse(true)),
        keys.bool("is_encoder_decoder", true),
        keys.tokenId("pad_token_id", OptionalInt.of(0)),
        keys.tokenIds("eos_token_id", List.of(1)),
        keys.tokenId("decoder_start_token_id", OptionalInt.empty()),
        CommonKeys.read(keys, HARMLESS));
  }

  /**
   * Newer files also hold what follows from {@code feed_forward_proj}. Versions of the reference
   * disagree about which wins where the two differ, so neither does.
   */
  private static void refuseContradiction(
      ConfigReader keys, String projection, boolean gated, Activation activation) {
    String supported = "what feed_forward_proj, " + Text.quote(projection) + ", says";
    Optional<Boolean> isGatedAct = keys.optionalBool("is_gated_act");
    if (isGatedAct.isPresent() && isGatedAct.get() != gated) {
      throw keys.refuse("is_gated_act", isGatedAct.get().toString(), supported);
    }
    Optional<String> denseActFn = keys.optionalText("dense_act_fn");
    if (denseActFn.isPresent()
        && !Activation.fromName(denseActFn.get()).equals(Optional.of(activation))) {
      throw keys.refuse("dense_act_fn", Text.quote(denseActFn.get()), supported);
    }
  }

  @Override
  public String modelType() {
    return "t5";
  }

  @Override
  public int hiddenSize() {
    return dModel;
  }

  @Override
  public int intermediateSize() {
    return dFf;
  }

  @Override
  public int numHiddenLayers() {
    return numLayers;
  }

  @Override
  public int numAttentionHeads() {
    return numHeads;
  }

  @Override
  public int numKeyValueHeads() {
    return numHeads;
  }

  @Override
  public int headDim() {
    return dKv;
  }

  @Override
  public OptionalInt maxPositions() {
    return OptionalInt.empty();
  }

  @Override
  public Activation activation() {
    return denseActFn;
  }

  /**
   * Always true: T5's embeddings are tied unless a file holds different values for them, whatever
   * the key says.
   */
  @Override
  public boolean tieWordEmbeddings() {
    return true;
  }
}
