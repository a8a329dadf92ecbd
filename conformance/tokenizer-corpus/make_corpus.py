#!/usr/bin/env python3
"""Writes corpus.jsonl and, for each tokenizer, expected-<name>.jsonl with the ids that the Python libraries give.

    python make_corpus.py --gpt2 DIR --t5 DIR --bert DIR

Each DIR holds the published files of that tokenizer: gpt2 tokenizer.json, vocab.json, merges.txt; t5 tokenizer.json,
spiece.model; bert (uncased; also in sentence-transformers/all-MiniLM-L6-v2) tokenizer.json, vocab.txt.
"""
import argparse
import json
import shutil
import tempfile
from pathlib import Path

import transformers
from tokenizers import Tokenizer

from lines import all_lines

HERE = Path(__file__).resolve().parent
BERT_FLAGS = {"do_lower_case": True, "strip_accents": None, "tokenize_chinese_chars": True}


def from_json(directory):
    """tokenizer.json word for word, without the truncation and padding stored in it."""
    tokenizer = Tokenizer.from_file(str(directory / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def from_vocabulary(directory, cls, files, **flags):
    """What transformers builds where there is no tokenizer.json, only the older vocabulary files."""
    with tempfile.TemporaryDirectory() as folder:
        for file in files:
            shutil.copy(directory / file, folder)
        config = {"tokenizer_class": cls} | flags
        (Path(folder) / "tokenizer_config.json").write_text(json.dumps(config))
        return getattr(transformers, cls).from_pretrained(folder).backend_tokenizer


def tokenizers(gpt2, t5, bert):
    yield "gpt2", from_json(gpt2)
    yield "t5", from_json(t5)
    yield "bert", from_json(bert)
    yield "gpt2-from-vocab", from_vocabulary(gpt2, "GPT2Tokenizer", ["vocab.json", "merges.txt"])
    yield "t5-from-spiece", from_vocabulary(t5, "T5Tokenizer", ["spiece.model"])
    for name, flags in {
        "bert-from-vocab": {},
        "bert-from-vocab-cased": {"do_lower_case": False},
        "bert-from-vocab-keep-accents": {"strip_accents": False},
        "bert-from-vocab-cased-strip-accents": {"do_lower_case": False, "strip_accents": True},
        "bert-from-vocab-no-chinese-chars": {"tokenize_chinese_chars": False},
    }.items():
        yield name, from_vocabulary(bert, "BertTokenizer", ["vocab.txt"], **(BERT_FLAGS | flags))


def expectation(tokenizer, index, line):
    pair = not isinstance(line, str)
    encoding = tokenizer.encode(*line) if pair else tokenizer.encode(line)
    entry = {"ids": encoding.ids}
    if pair:
        entry["types"] = encoding.type_ids
    if pair or index % 5 == 0:
        entry["offsets"] = [x for start_end in encoding.offsets for x in start_end]
    return entry


def dump(path, entries):
    """One JSON object a line, ASCII only: no editor or version control can change what the escapes say."""
    path.write_text("".join(json.dumps(e, separators=(",", ":")) + "\n" for e in entries))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("gpt2", "t5", "bert"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    args = parser.parse_args()
    transformers.logging.set_verbosity_error()

    lines = all_lines()
    dump(HERE / "corpus.jsonl", [{"kind": kind, "text": line} if isinstance(line, str)
                                 else {"kind": kind, "text": line[0], "pair": line[1]} for kind, line in lines])
    print(len(lines), "lines")
    for name, tokenizer in tokenizers(args.gpt2, args.t5, args.bert):
        assert tokenizer.truncation is None and tokenizer.padding is None
        entries = [expectation(tokenizer, i, line) for i, (_, line) in enumerate(lines)]
        dump(HERE / f"expected-{name}.jsonl", entries)
        print(f"{name:38} {sum(len(e['ids']) for e in entries):7} ids")


if __name__ == "__main__":
    main()
