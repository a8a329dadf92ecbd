package dev.gatun;

import java.util.List;
import java.util.Objects;

/**
 * Token ids of a batch of sequences, each with its own length. Nothing is padded: the runtime packs
 * the sequences one behind the other.
 *
 * @param inputIds token ids of each sequence, at least one sequence, none empty
 * @param tokenTypeIds segment ids of each sequence, as long as {@code inputIds}; null for all zero
 * @param decoderInputIds decoder token ids of each sequence of an encoder-decoder model; null for
 *     other models
 */
public record Inputs(List<int[]> inputIds, List<int[]> tokenTypeIds, List<int[]> decoderInputIds) {

  /**
   * @throws IllegalArgumentException if a list is empty, lengths disagree or a sequence is empty
   */
  public Inputs {
    inputIds = List.copyOf(Objects.requireNonNull(inputIds, "inputIds"));
    tokenTypeIds = tokenTypeIds == null ? null : List.copyOf(tokenTypeIds);
    decoderInputIds = decoderInputIds == null ? null : List.copyOf(decoderInputIds);
    if (inputIds.isEmpty()) {
      throw new IllegalArgumentException("inputIds holds no sequence; at least one is needed");
    }
    requireNonEmpty("inputIds", inputIds);
    if (tokenTypeIds != null) {
      requireSameCount("tokenTypeIds", tokenTypeIds, inputIds);
      for (int i = 0; i < inputIds.size(); i++) {
        if (tokenTypeIds.get(i).length != inputIds.get(i).length) {
          throw new IllegalArgumentException(
              "tokenTypeIds["
                  + i
                  + "] has "
                  + tokenTypeIds.get(i).length
                  + " ids, inputIds["
                  + i
                  + "] has "
                  + inputIds.get(i).length);
        }
      }
    }
    if (decoderInputIds != null) {
      requireSameCount("decoderInputIds", decoderInputIds, inputIds);
      requireNonEmpty("decoderInputIds", decoderInputIds);
    }
  }

  /** A batch of sequences without segment or decoder ids. */
  public static Inputs of(int[]... inputIds) {
    return new Inputs(List.of(inputIds), null, null);
  }

  /** A batch of sequences without segment or decoder ids. */
  public static Inputs of(List<int[]> inputIds) {
    return new Inputs(inputIds, null, null);
  }

  /** The same batch with segment ids. */
  public Inputs withTokenTypeIds(List<int[]> tokenTypeIds) {
    return new Inputs(inputIds, tokenTypeIds, decoderInputIds);
  }

  /** The same batch with decoder ids. */
  public Inputs withDecoderInputIds(List<int[]> decoderInputIds) {
    return new Inputs(inputIds, tokenTypeIds, decoderInputIds);
  }

  /** Number of sequences. */
  public int batch() {
    return inputIds.size();
  }

  private static void requireNonEmpty(String name, List<int[]> sequences) {
    for (int i = 0; i < sequences.size(); i++) {
      if (sequences.get(i).length == 0) {
        throw new IllegalArgumentException(
            name + "[" + i + "] is empty; one id at least is needed");
      }
    }
  }

  private static void requireSameCount(String name, List<int[]> ids, List<int[]> inputIds) {
    if (ids.size() != inputIds.size()) {
      throw new IllegalArgumentException(
          name + " has " + ids.size() + " sequences, inputIds has " + inputIds.size());
    }
  }
}
