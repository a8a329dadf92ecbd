package dev.gatun.loader.config;

import dev.gatun.loader.safetensors.DType;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SortedMap;

/**
 * A model's {@code config.json}, typed and checked. Each architecture's record has its own keys
 * under their own names; the methods here are the facts that all architectures share, whatever
 * their keys are called.
 */
public sealed interface ModelConfig
    permits AlbertConfig,
        BertConfig,
        DebertaV2Config,
        DistilbertConfig,
        ElectraConfig,
        Gpt2Config,
        ModernBertConfig,
        MpnetConfig,
        RobertaConfig,
        T5Config {

  /** {@code model_type}, such as {@code bert} or {@code xlm-roberta}. */
  String modelType();

  CommonConfig common();

  int vocabSize();

  /** Width of the residual stream. */
  int hiddenSize();

  /** Width inside the feed-forward block. */
  int intermediateSize();

  /** Layers of the encoder or decoder; of the encoder where there are both. */
  int numHiddenLayers();

  int numAttentionHeads();

  int numKeyValueHeads();

  int headDim();

  /** Most tokens that the model has positions for; empty if positions are relative alone. */
  OptionalInt maxPositions();

  /**
   * To how many tokens sentence-transformers cuts a text for a tokenizer without a limit: {@code
   * max_position_embeddings}, also of a model with relative positions alone.
   */
  default OptionalInt usualTokens() {
    return maxPositions();
  }

  /** Segments that tokens may be told apart by, 0 for a model that knows none. */
  default int typeVocabSize() {
    return 0;
  }

  /** Of the feed-forward block. */
  Activation activation();

  /** Whether the output projection may share the input embedding's weight. */
  boolean tieWordEmbeddings();

  default List<String> architectures() {
    return common().architectures();
  }

  default Optional<DType> torchDtype() {
    return common().torchDtype();
  }

  default SortedMap<Integer, String> idToLabel() {
    return common().idToLabel();
  }

  default int numLabels() {
    return common().numLabels();
  }

  /** {@code id2label}'s text for a label, {@code LABEL_n} where it has none. */
  default String label(int id) {
    return idToLabel().getOrDefault(id, "LABEL_" + id);
  }

  /**
   * {@code problem_type}: what a classifier was trained for, {@code regression}, {@code
   * single_label_classification} or {@code multi_label_classification}.
   */
  default Optional<String> problemType() {
    return common().problemType();
  }

  default UnreadKeys unreadKeys() {
    return common().unreadKeys();
  }
}
