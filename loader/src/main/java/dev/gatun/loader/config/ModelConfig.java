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
public sealed interface ModelConfig permits BertConfig, Gpt2Config, T5Config, DebertaV2Config {

  /** {@code model_type}: {@code bert}, {@code gpt2}, {@code t5}, {@code deberta-v2}. */
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

  /** Most positions that the model has embeddings for; empty if positions are relative. */
  OptionalInt maxPositions();

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

  default UnreadKeys unreadKeys() {
    return common().unreadKeys();
  }
}
