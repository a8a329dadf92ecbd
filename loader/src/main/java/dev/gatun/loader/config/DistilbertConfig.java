package dev.gatun.loader.config;

import java.util.OptionalInt;
import java.util.Set;

/** {@code model_type: distilbert}. Components are the keys of config.json. */
public record DistilbertConfig(
    int vocabSize,
    int maxPositionEmbeddings,
    int nLayers,
    int nHeads,
    int dim,
    int hiddenDim,
    Activation activation,
    OptionalInt padTokenId,
    boolean tieWordEmbeddings,
    CommonConfig common)
    implements ModelConfig {

  private static final Set<String> HARMLESS =
      Set.of(
          "attention_dropout",
          "dropout",
          "qa_dropout",
          "seq_classif_dropout",
          // How the position table was initialised; the file holds it either way.
          "sinusoidal_pos_embds",
          "tie_weights_");

  static DistilbertConfig read(ConfigReader keys) {
    int dim = keys.integer(768, 1, CommonKeys.MAX_WIDTH, "dim", "hidden_size");
    int heads = keys.integer(12, 1, CommonKeys.MAX_HEADS, "n_heads", "num_attention_heads");
    if (dim % heads != 0) {
      throw keys.refuse("n_heads", Integer.toString(heads), "a divisor of dim, " + dim);
    }
    keys.onlyFalse("is_decoder", "DistilBERT is an encoder");
    keys.onlyFalse("is_encoder_decoder", "DistilBERT is an encoder");
    return new DistilbertConfig(
        keys.integer(30522, 1, CommonKeys.MAX_VOCABULARY, "vocab_size"),
        keys.integer(512, 1, CommonKeys.MAX_POSITIONS, "max_position_embeddings"),
        keys.integer(6, 1, CommonKeys.MAX_LAYERS, "n_layers", "num_hidden_layers"),
        heads,
        dim,
        keys.integer(3072, 1, CommonKeys.MAX_WIDTH, "hidden_dim"),
        keys.activation("activation", "gelu"),
        keys.tokenId("pad_token_id", OptionalInt.of(0)),
        keys.bool("tie_word_embeddings", true),
        CommonKeys.read(keys, HARMLESS));
  }

  @Override
  public String modelType() {
    return "distilbert";
  }

  @Override
  public int hiddenSize() {
    return dim;
  }

  @Override
  public int intermediateSize() {
    return hiddenDim;
  }

  @Override
  public int numHiddenLayers() {
    return nLayers;
  }

  @Override
  public int numAttentionHeads() {
    return nHeads;
  }

  @Override
  public int numKeyValueHeads() {
    return nHeads;
  }

  @Override
  public int headDim() {
    return dim / nHeads;
  }

  @Override
  public OptionalInt maxPositions() {
    return OptionalInt.of(maxPositionEmbeddings);
  }
}
