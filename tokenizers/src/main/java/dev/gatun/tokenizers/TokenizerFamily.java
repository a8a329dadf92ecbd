package dev.gatun.tokenizers;

import static dev.gatun.tokenizers.SpecialRole.BOS;
import static dev.gatun.tokenizers.SpecialRole.CLS;
import static dev.gatun.tokenizers.SpecialRole.EOS;
import static dev.gatun.tokenizers.SpecialRole.MASK;
import static dev.gatun.tokenizers.SpecialRole.PAD;
import static dev.gatun.tokenizers.SpecialRole.SEP;
import static dev.gatun.tokenizers.SpecialRole.UNK;

import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The tokenizer classes of transformers that Gatun can build without a tokenizer.json, and the
 * special tokens these classes have when no file names any.
 */
enum TokenizerFamily {
  /** models/bert/tokenization_bert.py */
  BERT(
      Set.of("BertTokenizer", "DistilBertTokenizer", "ElectraTokenizer", "MobileBertTokenizer"),
      Set.of("bert", "distilbert", "electra", "mobilebert"),
      Map.of(UNK, "[UNK]", SEP, "[SEP]", PAD, "[PAD]", CLS, "[CLS]", MASK, "[MASK]")),
  /** models/gpt2/tokenization_gpt2.py */
  GPT2(
      Set.of("GPT2Tokenizer"),
      Set.of("gpt2"),
      Map.of(BOS, "<|endoftext|>", EOS, "<|endoftext|>", UNK, "<|endoftext|>")),
  /** models/roberta/tokenization_roberta.py */
  ROBERTA(
      Set.of("RobertaTokenizer", "BartTokenizer", "LongformerTokenizer"),
      Set.of("roberta", "bart", "longformer"),
      Map.of(
          BOS, "<s>", EOS, "</s>", UNK, "<unk>", SEP, "</s>", PAD, "<pad>", CLS, "<s>", MASK,
          "<mask>")),
  /** models/t5/tokenization_t5.py */
  T5(
      Set.of("T5Tokenizer", "MT5Tokenizer"),
      Set.of("t5", "mt5"),
      Map.of(EOS, "</s>", UNK, "<unk>", PAD, "<pad>")),
  /** models/xlm_roberta/tokenization_xlm_roberta.py */
  XLM_ROBERTA(
      Set.of("XLMRobertaTokenizer"),
      Set.of("xlm-roberta"),
      Map.of(
          BOS, "<s>", EOS, "</s>", UNK, "<unk>", SEP, "</s>", PAD, "<pad>", CLS, "<s>", MASK,
          "<mask>")),
  /** models/mpnet/tokenization_mpnet.py */
  MPNET(
      Set.of("MPNetTokenizer"),
      Set.of("mpnet"),
      Map.of(
          BOS, "<s>", EOS, "</s>", UNK, "[UNK]", SEP, "</s>", PAD, "<pad>", CLS, "<s>", MASK,
          "<mask>")),
  /** models/albert/tokenization_albert.py */
  ALBERT(
      Set.of("AlbertTokenizer"),
      Set.of("albert"),
      Map.of(
          BOS, "[CLS]", EOS, "[SEP]", UNK, "<unk>", SEP, "[SEP]", PAD, "<pad>", CLS, "[CLS]", MASK,
          "[MASK]")),
  /** models/deberta_v2/tokenization_deberta_v2.py */
  DEBERTA_V2(
      Set.of("DebertaV2Tokenizer"),
      Set.of("deberta-v2"),
      Map.of(
          BOS, "[CLS]", EOS, "[SEP]", UNK, "[UNK]", SEP, "[SEP]", PAD, "[PAD]", CLS, "[CLS]", MASK,
          "[MASK]"));

  private final Set<String> classNames;
  private final Set<String> modelTypes;
  private final Map<SpecialRole, String> defaults;

  TokenizerFamily(
      Set<String> classNames, Set<String> modelTypes, Map<SpecialRole, String> defaults) {
    this.classNames = classNames;
    this.modelTypes = modelTypes;
    this.defaults = defaults;
  }

  /** The family of a {@code tokenizer_class}, given without its "Fast" suffix. */
  static Optional<TokenizerFamily> ofClass(String className) {
    for (TokenizerFamily family : values()) {
      if (family.classNames.contains(className)) {
        return Optional.of(family);
      }
    }
    return Optional.empty();
  }

  /** The family of a {@code model_type} of config.json. */
  static Optional<TokenizerFamily> ofModelType(String modelType) {
    for (TokenizerFamily family : values()) {
      if (family.modelTypes.contains(modelType)) {
        return Optional.of(family);
      }
    }
    return Optional.empty();
  }

  /** The class's own special tokens; a file's choice comes first. */
  Map<SpecialRole, AddedToken> defaultSpecialTokens() {
    var tokens = new EnumMap<SpecialRole, AddedToken>(SpecialRole.class);
    defaults.forEach((role, content) -> tokens.put(role, specialToken(role, content)));
    return tokens;
  }

  /** What the class makes of a special token that is given as a bare text. */
  AddedToken specialToken(SpecialRole role, String content) {
    boolean swallowsSpaceBefore = this == MPNET && role == MASK;
    return new AddedToken(content, false, swallowsSpaceBefore, false, false, true);
  }
}
