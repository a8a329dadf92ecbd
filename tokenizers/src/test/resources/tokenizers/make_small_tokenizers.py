"""Writes the small tokenizers of this folder and what the Python libraries make of `lines.json` with them.

    python make_small_tokenizers.py        (transformers 5.18, tokenizers 0.23, sentencepiece)
"""

import base64
import json
import os
import random

os.environ["HF_HUB_OFFLINE"] = "1"

from sentencepiece import sentencepiece_model_pb2 as proto
from tokenizers import Tokenizer
from transformers import (BertTokenizer, DebertaV2Tokenizer, DistilBertTokenizer, GPT2Tokenizer, RobertaTokenizer, T5Tokenizer,
                          TokenizersBackend, XLMRobertaTokenizer)

HERE = os.path.dirname(os.path.abspath(__file__))

LINES = [
    "", " ", "the cat sat", "The Cat SAT on the mat.", "  two  spaces ", "tab\tand\nnewline\r\n", "unaffable, unable!",
    "Café ÀÉ naïve", "cafe\u0301", "日本語 and 漢字", "a😀b 👩‍🚀 𝔘", "\u0000nul\u0007bell\u200b", "\ufffd \u2028 \u00a0x",
    "[CLS] the [SEP][MASK] cat", "<|end|>the<|end|> cat", "<s> the</s><mask>", "<extra_id_0> the <extra_id_1>cat</s>",
    "don't we're 'tis", "aaaa" * 30, "the-cat_sat 12,345.6", "ﬁ ½ Ａ", "\ufeffbom", "user_symbol the user_symbolcat", "xyz qqq",
]


def write(folder, name, text):
    os.makedirs(os.path.join(HERE, folder), exist_ok=True)
    with open(os.path.join(HERE, folder, name), "w", encoding="utf-8", newline="") as file:
        file.write(text if isinstance(text, str) else json.dumps(text, indent=1) + "\n")


def expect(folder, tokenizer):
    backend = tokenizer if isinstance(tokenizer, Tokenizer) else tokenizer._tokenizer
    backend.no_truncation()
    backend.no_padding()

    def row(encoding):
        return {
            "ids": encoding.ids,
            "types": encoding.type_ids,
            "mask": encoding.special_tokens_mask,
            "tokens": encoding.tokens,
            "offsets": [x for pair in encoding.offsets for x in pair],
        }

    rows = []
    for i, line in enumerate(LINES):
        single, pair = backend.encode(line), backend.encode(line, LINES[(i * 5 + 2) % len(LINES)])
        bare = backend.encode(line, add_special_tokens=False)
        rows.append({
            "single": row(single), "pair": row(pair), "bare": bare.ids,
            "decoded": tokenizer.decode(single.ids, skip_special_tokens=False),
            "decodedPlain": tokenizer.decode(single.ids, skip_special_tokens=True),
        })
    size = len(tokenizer) if not isinstance(tokenizer, Tokenizer) else tokenizer.get_vocab_size()
    write(folder, "expected.json", json.dumps({"size": size, "rows": rows}, ensure_ascii=True) + "\n")


def word_piece():
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "cat", "sat", "on", "mat", "un", "##aff", "##able", "able",
              "cafe", "café", "##s", "and", "日", "本", "語", ".", ",", "!", "-", "_", "'", "a", "b", "##a", "##b", "The", "Cat",
              "1", "##2", "2", "3", "##3", "##4", "##5", "6", "don", "t", "we", "re", "tab", "new", "##line", "naive", "\u00a0", "cat"]
    folder = "word-piece"
    write(folder, "vocab.txt", "\n".join(pieces) + "\n")
    write(folder, "tokenizer_config.json", {"tokenizer_class": "BertTokenizer", "model_max_length": 10**30})
    expect(folder, BertTokenizer.from_pretrained(os.path.join(HERE, folder)))
    write("word-piece-cased", "vocab.txt", "\r\n".join(pieces))
    write("word-piece-cased", "tokenizer_config.json", {
        "tokenizer_class": "BertTokenizerFast", "do_lower_case": False, "tokenize_chinese_chars": False,
        "strip_accents": True, "clean_up_tokenization_spaces": True, "cls_token": {
            "__type": "AddedToken", "content": "[CLS]", "lstrip": False, "normalized": True, "rstrip": False, "single_word": False}})
    expect("word-piece-cased", BertTokenizer.from_pretrained(os.path.join(HERE, "word-piece-cased")))


def byte_level():
    from tokenizers.pre_tokenizers import ByteLevel
    vocab = {c: i for i, c in enumerate(sorted(ByteLevel.alphabet()))}
    merges = []
    for word in ["the", "cat", "sat", "Ġthe", "Ġcat", "aa", "aaaa", "Ã©", "ðŁ", "ðŁĺ"]:
        pieces = list(word)
        while len(pieces) > 1:
            a, b = pieces[0], pieces[1]
            if (a, b) not in merges:
                merges.append((a, b))
                vocab.setdefault(a + b, len(vocab))
            pieces[:2] = [a + b]
    for folder, cls, config in [
        ("byte-level", GPT2Tokenizer, {"tokenizer_class": "GPT2Tokenizer", "bos_token": "<|end|>", "eos_token": "<|end|>",
                                       "unk_token": "<|end|>", "pad_token": "<|pad|>", "model_max_length": 1e30}),
        ("byte-level-bos", GPT2Tokenizer, {"tokenizer_class": "GPT2Tokenizer", "bos_token": "<|end|>", "eos_token": "<|end|>",
                                           "unk_token": "<|end|>", "add_bos_token": True, "add_prefix_space": True}),
        ("roberta", RobertaTokenizer, {"tokenizer_class": "RobertaTokenizer", "mask_token": {
            "__type": "AddedToken", "content": "<mask>", "lstrip": True, "normalized": False, "rstrip": False,
            "single_word": False, "special": True}}),
    ]:
        own = dict(vocab)
        if folder != "roberta":
            own["<|end|>"] = len(own)
        else:
            for token in ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]:
                own[token] = len(own)
        write(folder, "vocab.json", json.dumps(own) + "\n")
        write(folder, "merges.txt", "#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in merges))
        write(folder, "tokenizer_config.json", config)
        expect(folder, cls.from_pretrained(os.path.join(HERE, folder)))


def sentence_piece():
    model = proto.ModelProto()
    kinds = {"<pad>": 3, "</s>": 3, "<unk>": 2, "user_symbol": 4}
    random.seed(3)
    pieces = ["<pad>", "</s>", "<unk>", "user_symbol", "▁", "▁the", "▁cat", "▁sat", "the", "cat", "sat", "▁un", "aff", "able", "▁on",
              "▁mat", ".", ",", "é", "日", "本", "aa", "aaaa", "😀", "fi"] + list("abcdefghijklmnopqrstuvwxyz'-_")
    for piece in pieces:
        model.pieces.add(piece=piece, score=0.0 if piece in kinds else -random.random() * 9 - len(piece) ** -1, type=kinds.get(piece, 1))
    model.trainer_spec.model_type = 1
    model.trainer_spec.unk_id = 2
    model.normalizer_spec.name = "small"
    model.normalizer_spec.precompiled_charsmap = charsmap()
    folder = "sentence-piece"
    os.makedirs(os.path.join(HERE, folder), exist_ok=True)
    with open(os.path.join(HERE, folder, "spiece.model"), "wb") as file:
        file.write(model.SerializeToString())
    write(folder, "tokenizer_config.json", {"tokenizer_class": "T5Tokenizer", "extra_ids": 3})
    expect(folder, T5Tokenizer.from_pretrained(os.path.join(HERE, folder)))


def xlm_roberta():
    """The file begins with the three pieces that fairseq replaces; its mask is of the published tokenizer.json kind."""
    model = proto.ModelProto()
    kinds = {"<unk>": 2, "<s>": 3, "</s>": 3, "user_symbol": 4}
    random.seed(5)
    pieces = ["<unk>", "<s>", "</s>", ",", "▁", "▁the", "▁cat", "▁sat", "the", "user_symbol", "cat", "▁un", "aff", "able", "▁on",
              "▁mat", ".", "é", "日", "aa", "aaaa", "😀", "fi"] + list("abcdefghijklmnopqrstuvwxyz'-_")
    for piece in pieces:
        model.pieces.add(piece=piece, score=0.0 if piece in kinds else -random.random() * 9 - len(piece) ** -1, type=kinds.get(piece, 1))
    model.trainer_spec.model_type = 1
    model.trainer_spec.unk_id = 0
    model.normalizer_spec.name = "small"
    model.normalizer_spec.precompiled_charsmap = charsmap()
    mask = {"__type": "AddedToken", "content": "<mask>", "lstrip": True, "normalized": False, "rstrip": False,
            "single_word": False, "special": True}
    for folder, config in [("xlm-roberta", {}), ("xlm-roberta-no-prefix", {"add_prefix_space": False, "mask_token": mask})]:
        os.makedirs(os.path.join(HERE, folder), exist_ok=True)
        with open(os.path.join(HERE, folder, "sentencepiece.bpe.model"), "wb") as file:
            file.write(model.SerializeToString())
        write(folder, "tokenizer_config.json", {"tokenizer_class": "XLMRobertaTokenizer", "model_max_length": 512} | config)
        expect(folder, XLMRobertaTokenizer.from_pretrained(os.path.join(HERE, folder)))


def from_json():
    """The published form of these three: a tokenizer.json, and a config that names little but the class."""
    for name, cls in [("roberta", RobertaTokenizer), ("xlm-roberta", XLMRobertaTokenizer), ("word-piece", DistilBertTokenizer)]:
        stored = json.loads(cls.from_pretrained(os.path.join(HERE, name)).backend_tokenizer.to_str())
        for token in stored["added_tokens"]:
            token["lstrip"] = token["content"] == "<mask>"
        folder = {"word-piece": "distilbert"}.get(name, name) + "-json"
        write(folder, "tokenizer.json", stored)
        write(folder, "tokenizer_config.json", {"tokenizer_class": cls.__name__, "model_max_length": 512})
        expect(folder, cls.from_pretrained(os.path.join(HERE, folder)))


def deberta():
    """spm.model alone, as microsoft/deberta-v3-base has it, and a tokenizer.json as transformers 4 converted it."""
    model = proto.ModelProto()
    kinds = {"[PAD]": 3, "[CLS]": 3, "[SEP]": 3, "[UNK]": 2, "user_symbol": 4}
    random.seed(5)
    pieces = [*kinds, "▁", "▁the", "▁cat", "▁sat", "the", "cat", "sat", "▁un", "aff", "able", "▁on", "▁mat", ".", ",", "é", "日",
              "本", "aa", "aaaa", "😀", "fi", "The"] + list("abcdefghijklmnopqrstuvwxyz'-_")
    for piece in pieces:
        model.pieces.add(piece=piece, score=0.0 if piece in kinds else -random.random() * 9 - len(piece) ** -1,
                         type=kinds.get(piece, 1))
    model.trainer_spec.model_type = 1
    model.trainer_spec.unk_id = 3
    model.normalizer_spec.name = "small"
    model.normalizer_spec.precompiled_charsmap = charsmap()
    for folder, config in [
        ("deberta", {"do_lower_case": False, "vocab_type": "spm", "tokenizer_class": "DebertaV2Tokenizer"}),
        ("deberta-lower-case", {"do_lower_case": True, "split_by_punct": True, "add_prefix_space": False,
                                "tokenizer_class": "DebertaV2TokenizerFast"}),
    ]:
        os.makedirs(os.path.join(HERE, folder), exist_ok=True)
        with open(os.path.join(HERE, folder, "spm.model"), "wb") as file:
            file.write(model.SerializeToString())
        write(folder, "tokenizer_config.json", config)
        expect(folder, DebertaV2Tokenizer.from_pretrained(os.path.join(HERE, folder)))

    special = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    folder, mask = "deberta-stored", len(pieces)
    sequences = {t: [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                     {"SpecialToken": {"id": "[SEP]", "type_id": 0}}] for t in ("single", "pair")}
    sequences["pair"] += [{"Sequence": {"id": "B", "type_id": 1}}, {"SpecialToken": {"id": "[SEP]", "type_id": 1}}]
    metaspace = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}
    write(folder, "tokenizer.json", {
        "version": "1.0", "truncation": None, "padding": None,
        "added_tokens": [{"id": i, "content": t, **special}
                         for t, i in [("[PAD]", 0), ("[CLS]", 1), ("[SEP]", 2), ("[UNK]", 3), ("[MASK]", mask)]],
        "normalizer": {"type": "Sequence", "normalizers": [
            {"type": "Strip", "strip_left": True, "strip_right": True},
            {"type": "Precompiled", "precompiled_charsmap": base64.b64encode(charsmap()).decode()},
            {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "}]},
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [metaspace]},
        "post_processor": {"type": "TemplateProcessing", **sequences,
                           "special_tokens": {t: {"id": t, "ids": [i], "tokens": [t]} for t, i in [("[CLS]", 1), ("[SEP]", 2)]}},
        "decoder": metaspace,
        "model": {"type": "Unigram", "unk_id": 3, "byte_fallback": False, "vocab": [[p.piece, p.score] for p in model.pieces]}})
    write(folder, "tokenizer_config.json", {"tokenizer_class": "DebertaV2Tokenizer", "do_lower_case": False, "sp_model_kwargs": {}})
    expect(folder, TokenizersBackend(tokenizer_file=os.path.join(HERE, folder, "tokenizer.json")))


def charsmap():
    """A table with one rule, "Ａ" to "A", in a double array laid out by hand."""
    key, value = "Ａ".encode(), b"A\0"
    blocks = len(key) + 2
    units = [0] * (256 * blocks)
    state = 256
    units[0] = (state >> 0) << 10
    for i, byte in enumerate(key):
        position = state ^ byte
        following = 256 * (i + 2)
        last = i == len(key) - 1
        units[position] = byte | (0x100 if last else 0) | ((position ^ following) << 10)
        state = following
    units[state] = 0x80000000
    return (4 * len(units)).to_bytes(4, "little") + b"".join(u.to_bytes(4, "little") for u in units) + value


def stored():
    """A tokenizer.json that stores truncation and padding, and whose config adds to it."""
    pieces = {"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "the": 4, "cat": 5, "sat": 6, "un": 7, "##able": 8, "a": 9, "##a": 10}
    special = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    config = {
        "version": "1.0",
        "truncation": {"direction": "Right", "max_length": 4, "strategy": "LongestFirst", "stride": 0},
        "padding": {"strategy": {"Fixed": 16}, "direction": "Right", "pad_to_multiple_of": None, "pad_id": 0, "pad_type_id": 0,
                    "pad_token": "[PAD]"},
        "added_tokens": [{"id": i, "content": t, **special} for i, t in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]"])],
        "normalizer": {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True, "strip_accents": None,
                       "lowercase": True},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                       {"SpecialToken": {"id": "[SEP]", "type_id": 0}}],
            "pair": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                     {"SpecialToken": {"id": "[SEP]", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}},
                     {"SpecialToken": {"id": "[SEP]", "type_id": 1}}],
            "special_tokens": {t: {"id": t, "ids": [i], "tokens": [t]} for t, i in [("[CLS]", 2), ("[SEP]", 3)]}},
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100,
                  "vocab": pieces},
    }
    folder = "stored"
    write(folder, "tokenizer.json", config)
    write(folder, "tokenizer_config.json", {
        "tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": 12, "pad_token": "[PAD]", "unk_token": "[UNK]",
        "mask_token": "[MASK]", "truncation_side": "left", "added_tokens_decoder": {
            "11": {"content": "user_symbol", "lstrip": False, "normalized": True, "rstrip": False, "single_word": False,
                   "special": False}}})
    expect(folder, TokenizersBackend.from_pretrained(os.path.join(HERE, folder)))


def modernbert():
    """Byte-level BPE between [CLS] and [SEP], as ModernBERT's tokenizer.json: no token types are asked for, and some added
    tokens are runs of spaces."""
    with open(os.path.join(HERE, "roberta", "vocab.json"), encoding="utf-8") as file:
        vocab = {t: i for t, i in json.load(file).items() if t not in ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]}
    with open(os.path.join(HERE, "roberta", "merges.txt"), encoding="utf-8") as file:
        merges = [line.split() for line in file.read().splitlines()[1:]]
    added = ["|||IP_ADDRESS|||", "<|padding|>", "   ", "  "] + ["[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]", "[unused0]"]
    ids = {token: len(vocab) + i for i, token in enumerate(added)}
    special = ["<|padding|>", "[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]"]
    config = {
        "version": "1.0", "truncation": None, "padding": None,
        "added_tokens": [{"id": ids[t], "content": t, "single_word": False, "lstrip": t == "[MASK]", "rstrip": False,
                          "normalized": t not in special, "special": t in special} for t in added],
        "normalizer": {"type": "NFC"},
        "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                       {"SpecialToken": {"id": "[SEP]", "type_id": 0}}],
            "pair": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                     {"SpecialToken": {"id": "[SEP]", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}},
                     {"SpecialToken": {"id": "[SEP]", "type_id": 1}}],
            "special_tokens": {t: {"id": t, "ids": [ids[t]], "tokens": [t]} for t in ["[CLS]", "[SEP]"]}},
        "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
        "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
                  "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False, "ignore_merges": False,
                  "vocab": vocab, "merges": [" ".join(pair) for pair in merges]},
    }
    folder = "modernbert"
    write(folder, "tokenizer.json", json.dumps(config) + "\n")
    write(folder, "tokenizer_config.json", {
        "tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": 8192, "clean_up_tokenization_spaces": True,
        "model_input_names": ["input_ids", "attention_mask"], "cls_token": "[CLS]", "sep_token": "[SEP]",
        "pad_token": "[PAD]", "unk_token": "[UNK]", "mask_token": "[MASK]"})
    tokenizer = TokenizersBackend.from_pretrained(os.path.join(HERE, folder))
    assert "token_type_ids" not in tokenizer("the", "cat")
    expect(folder, tokenizer)


def truncations():
    """What the library keeps of two texts: [max_length, first, second, kept first, kept second]."""
    tokenizer = Tokenizer.from_file(os.path.join(HERE, "stored", "tokenizer.json"))
    tokenizer.no_padding()
    rows = []
    for strategy in ["longest_first", "only_first", "only_second"]:
        for max_length in range(3, 12):
            for first in [0, 1, 2, 3, 4, 7, 12]:
                for second in [0, 1, 2, 3, 5, 6, 12]:
                    tokenizer.enable_truncation(max_length, strategy=strategy)
                    try:
                        kept = tokenizer.encode("the " * first, "cat " * second).ids
                        rows.append([strategy, max_length, first, second, kept.count(4), kept.count(5)])
                    except BaseException:
                        rows.append([strategy, max_length, first, second, -1, -1])
    write("stored", "truncations.json", "[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n")


if __name__ == "__main__":
    write(".", "lines.json", LINES)
    word_piece()
    byte_level()
    sentence_piece()
    xlm_roberta()
    from_json()
    deberta()
    stored()
    modernbert()
    truncations()
