package dev.gatun.tokenizers;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * What tokenizer_config.json, special_tokens_map.json and added_tokens.json say, after the merge
 * that transformers does.
 *
 * @param tokenizerClass the class without its "Fast" suffix
 * @param family the class that rules defaults and flags, by tokenizer_class, else by the model_type
 *     of config.json
 * @param modelMaxLength in tokens; empty when absent or the "no limit" sentinel
 * @param named the special tokens that have a role, class defaults included
 * @param additional further special tokens in file order
 * @param addedTokens {@code added_tokens_decoder} or added_tokens.json, by ascending id
 * @param doLowerCase empty when absent
 * @param stripAccents empty when absent; a present null is {@link StripAccents#FOLLOW_LOWERCASE}
 * @param keepAccents ALBERT's flag; empty when absent
 * @param tokenizeChineseChars empty when absent
 * @param addPrefixSpace empty when absent
 * @param splitByPunct DeBERTa's flag; false when absent
 * @param trimOffsets RoBERTa's flag; empty when absent
 * @param addBosToken read only when there is no tokenizer.json, as in transformers
 * @param addEosToken read only when there is no tokenizer.json
 * @param extraIds T5's number of sentinel tokens
 * @param cleanUpTokenizationSpaces false when absent (transformers 5)
 * @param truncationSide right when absent
 * @param paddingSide right when absent
 * @param modelInputNames empty when absent
 */
record TokenizerSettings(
    Optional<String> tokenizerClass,
    Optional<TokenizerFamily> family,
    OptionalInt modelMaxLength,
    Map<SpecialRole, AddedToken> named,
    List<AddedToken> additional,
    List<AddedToken> addedTokens,
    Optional<Boolean> doLowerCase,
    Optional<StripAccents> stripAccents,
    Optional<Boolean> keepAccents,
    Optional<Boolean> tokenizeChineseChars,
    Optional<Boolean> addPrefixSpace,
    boolean splitByPunct,
    Optional<Boolean> trimOffsets,
    Optional<Boolean> addBosToken,
    Optional<Boolean> addEosToken,
    int extraIds,
    boolean cleanUpTokenizationSpaces,
    Truncation.Side truncationSide,
    Truncation.Side paddingSide,
    Optional<List<String>> modelInputNames) {

  /** Of a tokenizer.json that stands alone: nothing but where it cuts a text. */
  static TokenizerSettings ofFileAlone(Optional<Truncation> truncation) {
    return new TokenizerSettings(
        Optional.empty(),
        Optional.empty(),
        truncation.map(to -> OptionalInt.of(to.maxLength())).orElse(OptionalInt.empty()),
        Map.of(),
        List.of(),
        List.of(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        false,
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        0,
        false,
        truncation.map(Truncation::side).orElse(Truncation.Side.RIGHT),
        Truncation.Side.RIGHT,
        Optional.empty());
  }

  /** These settings, as the given family's when no file says which; null leaves them alone. */
  TokenizerSettings withDefaultFamily(TokenizerFamily assumed) {
    if (family.isPresent() || assumed == null) {
      return this;
    }
    Map<SpecialRole, AddedToken> withDefaults = assumed.defaultSpecialTokens();
    withDefaults.putAll(named);
    return new TokenizerSettings(
        tokenizerClass,
        Optional.of(assumed),
        modelMaxLength,
        withDefaults,
        additional,
        addedTokens,
        doLowerCase,
        stripAccents,
        keepAccents,
        tokenizeChineseChars,
        addPrefixSpace,
        splitByPunct,
        trimOffsets,
        addBosToken,
        addEosToken,
        extraIds,
        cleanUpTokenizationSpaces,
        truncationSide,
        paddingSide,
        modelInputNames);
  }

  /**
   * Whether {@code token_type_ids} are among the model's inputs: as stated, else as the class has
   * it. In transformers 4 a class that doesn't say otherwise has them, ALBERT's among these.
   */
  boolean givesTypeIds(boolean release4) {
    if (modelInputNames.isPresent()) {
      return modelInputNames.get().contains("token_type_ids");
    }
    return switch (family.orElse(null)) {
      case null -> release4;
      case ALBERT -> release4;
      case DEBERTA_V2 -> true;
      case BERT -> !tokenizerClass.equals(Optional.of("DistilBertTokenizer"));
      case GPT2, ROBERTA, T5, XLM_ROBERTA, MPNET -> false;
    };
  }

  /** BERT's three-valued flag. */
  enum StripAccents {
    /** JSON null: strip exactly when lower-casing, as the original BERT did. */
    FOLLOW_LOWERCASE,
    YES,
    NO
  }
}
