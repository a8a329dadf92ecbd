package dev.gatun.tokenizers;

/** The named special tokens, in the order in which transformers adds missing ones. */
enum SpecialRole {
  BOS("bos_token"),
  EOS("eos_token"),
  UNK("unk_token"),
  SEP("sep_token"),
  PAD("pad_token"),
  CLS("cls_token"),
  MASK("mask_token");

  private final String key;

  SpecialRole(String key) {
    this.key = key;
  }

  /** The key in tokenizer_config.json and special_tokens_map.json. */
  String key() {
    return key;
  }
}
