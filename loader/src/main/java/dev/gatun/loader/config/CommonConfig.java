package dev.gatun.loader.config;

import dev.gatun.loader.safetensors.DType;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What every configuration says, whatever its model type.
 *
 * @param architectures class names that the checkpoint was saved from, such as {@code
 *     BertForMaskedLM}; may be empty
 * @param torchDtype {@code dtype}, else {@code torch_dtype}: the floating point type the weights
 *     were saved in
 * @param idToLabel {@code id2label}; empty if absent
 * @param numLabels size of {@code id2label}, else {@code num_labels}, else 2
 * @param problemType {@code problem_type}, if given
 */
public record CommonConfig(
    List<String> architectures,
    Optional<DType> torchDtype,
    SortedMap<Integer, String> idToLabel,
    int numLabels,
    Optional<String> problemType,
    UnreadKeys unreadKeys) {
  public CommonConfig {
    architectures = List.copyOf(architectures);
    idToLabel = Collections.unmodifiableSortedMap(new TreeMap<>(idToLabel));
  }
}
