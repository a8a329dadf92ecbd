package dev.gatun.tokenizers;

import java.nio.file.Path;
import java.util.List;

/**
 * The files a tokenizer was made from.
 *
 * @param kind which of the supported forms
 * @param files every file that was read, the vocabulary first
 */
public record TokenizerSource(Kind kind, List<Path> files) {
  /** The supported forms, in the order in which a directory is searched. */
  public enum Kind {
    /** tokenizer.json */
    TOKENIZER_JSON,
    /** vocab.json and merges.txt: GPT-2, RoBERTa, BART */
    BYTE_LEVEL_BPE,
    /** vocab.txt: BERT and its kin, MPNet */
    WORD_PIECE,
    /** spiece.model: T5, ALBERT; sentencepiece.bpe.model: XLM-RoBERTa; spm.model: DeBERTa */
    SENTENCE_PIECE
  }

  /** Copies the list. */
  public TokenizerSource {
    files = List.copyOf(files);
  }
}
