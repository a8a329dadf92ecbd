"""Writes the small tokenizers of ALBERT, ELECTRA and MPNet: see make_small_tokenizers.py."""

import os
import random
import shutil

from make_small_tokenizers import HERE, charsmap, expect, proto, write
from transformers import AutoTokenizer

WORDS = ["the", "cat", "sat", "on", "mat", "un", "##aff", "##able", "able", "cafe", "café", "##s", "and", "日", "本", "語", ".", ",",
         "!", "-", "_", "'", "a", "b", "##a", "##b", "The", "Cat", "1", "##2", "2", "3", "##3", "##4", "##5", "6", "don", "t", "we",
         "re", "tab", "new", "##line", "naive", "<", ">", "[", "]", "/", "s", "mask", "sep", "cls"]


def auto(folder):
    return AutoTokenizer.from_pretrained(os.path.join(HERE, folder))


def word_pieces(folder, specials, model_type, config=None):
    write(folder, "vocab.txt", "\n".join([*specials, *WORDS, *(["<mask>"] if "<s>" in specials else [])]) + "\n")
    write(folder, "config.json", {"model_type": model_type})
    if config:
        write(folder, "tokenizer_config.json", config)
    expect(folder, auto(folder))


def stored(folder, source, **changes):
    """The tokenizer.json that transformers saves, without the vocabulary it was made from."""
    auto(source).save_pretrained(os.path.join(HERE, folder))
    write(folder, "tokenizer_config.json", {"model_max_length": 512, **changes})
    expect(folder, auto(folder))


def albert(folder, config=None):
    model = proto.ModelProto()
    kinds = {"<pad>": 3, "<unk>": 2, "[CLS]": 3, "[SEP]": 3, "[MASK]": 4, "user_symbol": 4, "(": 4}
    random.seed(5)
    pieces = [*kinds, "▁", "▁the", "▁cat", "▁sat", "the", "cat", "sat", "▁un", "aff", "able", "▁on", "▁mat", ".", ",", "é", "日",
              "本", "aa", "aaaa", "😀", "fi", "▁The", "▁Cat", "\"", "A", "É", "1", "2"] + list("abcdefghijklmnopqrstuvwxyz'-_")
    for piece in pieces:
        score = 0.0 if piece in kinds else -random.random() * 9 - len(piece) ** -1
        model.pieces.add(piece=piece, score=score, type=kinds.get(piece, 1))
    model.trainer_spec.model_type = 1
    model.trainer_spec.unk_id = 1
    model.normalizer_spec.name = "small"
    model.normalizer_spec.precompiled_charsmap = charsmap()
    os.makedirs(os.path.join(HERE, folder), exist_ok=True)
    with open(os.path.join(HERE, folder, "spiece.model"), "wb") as file:
        file.write(model.SerializeToString())
    write(folder, "config.json", {"model_type": "albert"})
    if config:
        write(folder, "tokenizer_config.json", config)
    expect(folder, auto(folder))


if __name__ == "__main__":
    for name in ["electra", "electra-cased", "mpnet", "mpnet-cased", "mpnet-stored", "albert", "albert-cased", "albert-stored",
                 "albert-stored-cased"]:
        shutil.rmtree(os.path.join(HERE, name), ignore_errors=True)
    BERT = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    MPNET = ["<s>", "<pad>", "</s>", "[UNK]"]
    word_pieces("electra", BERT, "electra")
    word_pieces("electra-cased", BERT, "electra", {"tokenizer_class": "ElectraTokenizer", "do_lower_case": False})
    word_pieces("mpnet", MPNET, "mpnet")
    word_pieces("mpnet-cased", MPNET, "mpnet", {
        "tokenizer_class": "MPNetTokenizer", "do_lower_case": False, "tokenize_chinese_chars": False, "strip_accents": True,
        "model_max_length": 512, "mask_token": {"__type": "AddedToken", "content": "<mask>", "lstrip": False, "normalized": False,
                                                "rstrip": True, "single_word": False}})
    stored("mpnet-stored", "mpnet", tokenizer_class="MPNetTokenizer", do_lower_case=False)
    albert("albert")
    albert("albert-cased", {"tokenizer_class": "AlbertTokenizer", "do_lower_case": False, "keep_accents": True})
    stored("albert-stored", "albert", tokenizer_class="AlbertTokenizer")
    stored("albert-stored-cased", "albert", tokenizer_class="AlbertTokenizer", do_lower_case=False, keep_accents=True)
