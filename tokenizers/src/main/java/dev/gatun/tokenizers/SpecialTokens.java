package dev.gatun.tokenizers;

import java.util.List;
import java.util.Optional;

/**
 * The special tokens a model names in {@code tokenizer_config.json} or {@code
 * special_tokens_map.json}, or that its tokenizer class has by default.
 *
 * @param bos beginning of sequence
 * @param eos end of sequence
 * @param unk stands for text outside the vocabulary
 * @param sep separates two sequences
 * @param pad fills a batch; Gatun itself never pads
 * @param cls opens a sequence to be classified
 * @param mask stands for a masked token
 * @param additional every further special token, such as T5's {@code <extra_id_0>}, those the
 *     configuration lists first
 */
public record SpecialTokens(
    Optional<SpecialToken> bos,
    Optional<SpecialToken> eos,
    Optional<SpecialToken> unk,
    Optional<SpecialToken> sep,
    Optional<SpecialToken> pad,
    Optional<SpecialToken> cls,
    Optional<SpecialToken> mask,
    List<SpecialToken> additional) {
  /** Copies the list. */
  public SpecialTokens {
    additional = List.copyOf(additional);
  }
}
