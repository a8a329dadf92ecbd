package dev.gatun.conformance;

import dev.gatun.Inputs;
import java.util.List;
import java.util.Map;

/** One case of a reference: inputs, and what {@code transformers} made of them. */
sealed interface ReferenceCase {
  /** Unique within the reference. */
  String name();

  /**
   * A forward pass.
   *
   * @param torchError per output, the largest absolute difference of PyTorch's float32 from the
   *     expected float64 values; its keys are the outputs, in the order of the file
   */
  record Forward(String name, Inputs inputs, Map<String, Double> torchError)
      implements ReferenceCase {
    List<String> outputs() {
      return List.copyOf(torchError.keySet());
    }
  }

  /** Greedy generation, one prompt at a time. */
  record Generate(
      String name, List<int[]> inputIds, GenerateSettings settings, List<int[]> outputIds)
      implements ReferenceCase {}

  /** Texts to ids: special tokens added, nothing truncated or padded. */
  record Tokenize(String name, List<Text> texts, List<int[]> inputIds) implements ReferenceCase {}

  /**
   * Sentence embeddings. The expected tensor is {@code <name>/embeddings}, {@code [texts, dim]}.
   */
  record Embed(String name, List<String> texts, EmbedSettings settings, double torchError)
      implements ReferenceCase {}

  /**
   * A text, or a pair of texts.
   *
   * @param pair the second text, or null
   */
  record Text(String text, String pair) {}
}
