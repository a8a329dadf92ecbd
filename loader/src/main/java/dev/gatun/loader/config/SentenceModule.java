package dev.gatun.loader.config;

import java.util.List;

/**
 * One entry of sentence-transformers' {@code modules.json} with its own config.json. Upstream:
 * {@code sentence_transformers/base/modules}, {@code sentence_transformers/sentence_transformer/
 * modules}.
 */
public sealed interface SentenceModule {

  /** Class name upstream. */
  default String type() {
    return getClass().getSimpleName();
  }

  /**
   * Text to one vector per token, by a transformer.
   *
   * @param path folder of its config.json and weights below the model's; empty for the model's own
   */
  record Transformer(String path) implements SentenceModule {}

  /**
   * Text to one vector: the mean of rows of a table, one per token, without special tokens.
   *
   * @param path folder of tokenizer.json and model.safetensors
   */
  record StaticEmbedding(String path) implements SentenceModule {}

  /**
   * Token vectors to one vector.
   *
   * @param modes several give their vectors one behind the other
   * @param includePrompt whether tokens of the prompt are pooled too
   */
  record Pooling(List<PoolingMode> modes, boolean includePrompt) implements SentenceModule {
    public Pooling {
      modes = List.copyOf(modes);
    }
  }

  /**
   * {@code activation(W x + b)}, plus {@code x} or a projection of it where {@code residual}.
   *
   * @param path folder of model.safetensors
   */
  record Dense(
      String path,
      int inFeatures,
      int outFeatures,
      boolean bias,
      Activation activation,
      boolean residual)
      implements SentenceModule {}

  /**
   * Layer normalisation with epsilon 1e-5.
   *
   * @param path folder of model.safetensors
   */
  record LayerNorm(String path, int dimension) implements SentenceModule {}

  /** Scales to length 1: {@code x / max(|x|, 1e-12)}. */
  record Normalize() implements SentenceModule {}
}
