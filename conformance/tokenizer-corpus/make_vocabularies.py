#!/usr/bin/env python3
"""Trains small vocabularies on the corpus itself, for the tokenizers whose published files are not beside the project,
and writes what transformers makes of the corpus with them.

    python make_vocabularies.py

vocabularies/<name> holds the older vocabulary files of that tokenizer and a tokenizer.json, which give the same ids:
expected-<name>.jsonl is for either.
"""
import io
import json
import shutil
import tempfile
import unicodedata
from pathlib import Path

import sentencepiece
import transformers
from sentencepiece import sentencepiece_model_pb2 as proto
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

from lines import all_lines
from make_corpus import HERE, dump, expectation

ROBERTA_SPECIALS = ["<s>", "<pad>", "</s>", "<unk>"]


def texts():
    return [text for _, line in all_lines() for text in ([line] if isinstance(line, str) else line)]


def byte_level(folder):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.train_from_iterator(texts(), trainers.BpeTrainer(
        vocab_size=900, special_tokens=ROBERTA_SPECIALS, initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    trained = json.loads(tokenizer.to_str())["model"]
    vocab = trained["vocab"] | {"<mask>": len(trained["vocab"])}
    (folder / "vocab.json").write_text(json.dumps(vocab) + "\n")
    merges = "".join(f"{a} {b}\n" for a, b in trained["merges"])
    (folder / "merges.txt").write_text("#version: 0.2\n" + merges, encoding="utf-8")


def sentence_piece(folder):
    """A Unigram model. Its normalization table has NFKC for the characters of the corpus alone, to stay small."""
    rules = {c: unicodedata.normalize("NFKC", c) for t in texts() for c in t}
    rules |= {a + b: unicodedata.normalize("NFKC", a + b) for t in texts() for a, b in zip(t, t[1:])
              if unicodedata.combining(b)}
    rules |= {"\u200b": " ", "\ufeff": " ", "\u00ad": ""}
    with tempfile.TemporaryDirectory() as scratch:
        table = Path(scratch) / "nfkc.tsv"
        table.write_text("".join(f"{hexes(a)}\t{hexes(b)}\n" for a, b in sorted(rules.items()) if a != b and "\0" not in a))
        model = io.BytesIO()
        clean = [t for kind, line in all_lines() if kind not in ("random", "pair", "odd") for t in [line]
                 if t.strip() and not any(unicodedata.category(c) == "Cc" for c in t)]
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(clean), model_writer=model, model_type="unigram", vocab_size=1300,
            character_coverage=0.98, normalization_rule_tsv=str(table), num_threads=1, user_defined_symbols=["<user>"],
            minloglevel=2)
    kept = proto.ModelProto.FromString(model.getvalue())
    kept.trainer_spec.Clear()
    kept.trainer_spec.model_type, kept.trainer_spec.unk_id = 1, 0
    kept.normalizer_spec.ClearField("normalization_rule_tsv")
    kept.ClearField("denormalizer_spec")
    (folder / "sentencepiece.bpe.model").write_bytes(kept.SerializeToString())


def hexes(text):
    return " ".join(f"{ord(c):X}" for c in text)


def word_piece(folder):
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.train_from_iterator(texts(), trainers.WordPieceTrainer(
        vocab_size=1400, limit_alphabet=300, special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]))
    pieces = sorted(tokenizer.get_vocab().items(), key=lambda entry: entry[1])
    (folder / "vocab.txt").write_text("".join(piece + "\n" for piece, _ in pieces), encoding="utf-8")


def load(cls, files):
    """What transformers makes of these files and the name of the class."""
    with tempfile.TemporaryDirectory() as folder:
        for file in files:
            shutil.copy(file, folder)
        (Path(folder) / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": cls}))
        return transformers.AutoTokenizer.from_pretrained(folder)


def expectations(tokenizer):
    backend = tokenizer.backend_tokenizer
    assert backend.truncation is None and backend.padding is None
    return [expectation(backend, i, line) for i, (_, line) in enumerate(all_lines())]


def main():
    transformers.logging.set_verbosity_error()
    for name, make, cls, files in [
        ("roberta", byte_level, "RobertaTokenizer", ["vocab.json", "merges.txt"]),
        ("xlm-roberta", sentence_piece, "XLMRobertaTokenizer", ["sentencepiece.bpe.model"]),
        ("distilbert", word_piece, "DistilBertTokenizer", ["vocab.txt"]),
    ]:
        folder = HERE / "vocabularies" / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        make(folder)
        tokenizer = load(cls, [folder / file for file in files])
        tokenizer.backend_tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
        entries = expectations(tokenizer)
        assert entries == expectations(load(cls, [folder / "tokenizer.json"])), name
        dump(HERE / f"expected-{name}.jsonl", entries)
        print(f"{name:12} {len(tokenizer):5} tokens {sum(len(e['ids']) for e in entries):7} ids")


if __name__ == "__main__":
    main()
