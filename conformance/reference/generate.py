#!/usr/bin/env python3
"""Writes the conformance fixtures: tiny random models and what transformers computes with them.

    python generate.py                      all of ../fixtures
    python generate.py bert-model t5-flan   only these
    python generate.py --list               (the task-* directories are written by pipelines.py)
    python generate.py --full-size DIR      bert-base-uncased, gpt2 and t5-small in their real shapes, random weights
    python generate.py --tiny-shakespeare ../../tools/models/tiny-shakespeare
                                            adds the reference folder to that trained model
"""
import argparse
import itertools
import json
import shutil
import warnings
import zlib
from pathlib import Path

import torch
import transformers

from albert_electra_mpnet import ALBERT_ELECTRA_MPNET
from checkpoints import random_state, write_json, write_model
from deberta import DEBERTA
from fixtures import FIXTURES, Tokens
from full_size import FULL_SIZE
from modernbert import MODERNBERT
from oracle import TIE_MARGIN, Case, Fragile, greedy, load, write_reference
from roberta import DISTILBERT, ROBERTA
from roberta import SENTENCE as SENTENCE_ROBERTA
from pipelines import PIPELINES
from sentence import SENTENCE

ALL = [*FIXTURES, *SENTENCE, *ROBERTA, *DISTILBERT, *SENTENCE_ROBERTA, *ALBERT_ELECTRA_MPNET, *MODERNBERT,
       *DEBERTA]
FOLDER = Path(__file__).resolve().parent.parent / "fixtures"
ATTEMPTS = 40
# The reference of the trained model uses the first three of these that it continues without a near tie.
PROMPTS = ["ROMEO:\n", "To be, or not to be", "KING HENRY VI:\nWhat", "First Citizen:\nBefore we", "O ", "\n\nJULIET:\n",
           "My lord,", "And ", "The queen", "Go, "]


def build(fixture, folder):
    """Writes one model directory with its reference, from the first seed that gives a sturdy one."""
    directory = folder / fixture.name
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    first = zlib.crc32(fixture.name.encode()) % 1_000_000
    for seed in itertools.count(first):
        try:
            build_with_seed(fixture, directory, seed)
            return directory, seed - first
        except Fragile as reason:
            if seed - first == ATTEMPTS:
                raise
            print(f"    {reason}: next seed", flush=True)


def build_with_seed(fixture, directory, seed):
    if fixture.write:
        fixture.write(directory, seed)
        write_reference(directory, fixture.cls, fixture.cases(Tokens(seed), fixture.config))
        return
    maker = getattr(transformers, fixture.made_as or fixture.cls)
    config = dict(fixture.config)
    model = maker(maker.config_class.from_dict(config))
    state = random_state(model, seed, fixture.init_std)
    for change in fixture.stored:
        state = change(state)
    write_model(directory, config, state, fixture.shards)
    if fixture.files:
        fixture.files(directory)
    cases = fixture.cases(Tokens(seed), config)
    if fixture.choose_eos:
        config["eos_token_id"] = token_to_stop_at(fixture, directory, cases)
        write_json(directory / "config.json", config)
    write_reference(directory, fixture.cls, cases, fixture.unused, fixture.distinct_tokens)


def token_to_stop_at(fixture, directory, cases):
    """A token that greedy generation meets first after a few others, for at least one prompt, but not for all."""
    model = load(directory, fixture.cls, torch.float64, "eager", fixture.unused)
    model.generation_config.eos_token_id = None
    case = next(c for c in cases if c.generate)
    rows = []
    for i in range(len(case.inputs["input_ids"])):
        ids, _, steps = greedy(model, case, i)
        rows.append(ids[-steps:])
    for token in sorted(set(itertools.chain(*rows))):
        met = [row.index(token) for row in rows if token in row]
        if min(met) >= 3 and max(met) <= 15 and len(met) < len(rows):
            return token
    raise Fragile(f"{fixture.name}: no token to stop at")


def tiny_shakespeare_cases(directory):
    tokenizer = transformers.AutoTokenizer.from_pretrained(directory)
    texts = ["ROMEO:\n", "To be, or not to be", "\n\nKING HENRY VI:\nWhat,  my lord?\n", " ", "Friends & foes -- 3; 'tis!"]
    passage = ("First Citizen:\nBefore we proceed any further, hear me speak.\n\nAll:\nSpeak, speak.\n\nFirst Citizen:\n"
               "You are all resolved rather to die than to famish?\n\nAll:\nResolved. resolved.\n")
    ids = [tokenizer(t)["input_ids"] for t in [*texts, passage]]
    model = load(directory, "GPT2LMHeadModel", torch.float64, "eager")
    generate = {"max_new_tokens": 60}
    prompts = [tokenizer(t)["input_ids"] for t in PROMPTS]
    prompts = [p for p in prompts if greedy(model, Case("", {"input_ids": [p]}, generate=generate), 0)[1] >= TIE_MARGIN]
    return [Case("tok", texts=[*texts, passage]),
            Case("mixed", {"input_ids": ids}, ["logits"]),
            Case("layers", {"input_ids": ids[1:5]}, [f"hidden_states.{i}" for i in range(5)]),
            Case("greedy", {"input_ids": prompts[:3]}, generate=generate)]


def write_index(folder):
    """The table in ../fixtures/README.md."""
    rows = [f"| `{f.name}` | {f.cls} | {f.what} |" for f in [*ALL, *PIPELINES]]
    (folder / "README.md").write_text("\n".join([
        "# Fixtures", "", "Tiny random models with the numbers that transformers computes, written by "
        "[`../reference/generate.py`](../reference/README.md). Do not edit: change the generator.", "",
        "| directory | class | what it is for |", "|---|---|---|", *rows]) + "\n", encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="fixtures to write (default: all)")
    parser.add_argument("--list", action="store_true", help="print the fixtures and what each is for")
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder of the fixtures")
    parser.add_argument("--full-size", type=Path, metavar="DIR", help="write the full-size models there")
    parser.add_argument("--tiny-shakespeare", type=Path, metavar="DIR", help="add a reference to this trained model")
    args = parser.parse_args()
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    warnings.filterwarnings("ignore")

    fixtures, out = ALL, args.out
    if args.list:
        print("\n".join(f"{f.name:36} {f.cls:34} {f.what}" for f in fixtures))
        return
    if args.tiny_shakespeare:
        write_reference(args.tiny_shakespeare, "GPT2LMHeadModel", tiny_shakespeare_cases(args.tiny_shakespeare))
        return
    if args.full_size:
        fixtures, out = FULL_SIZE, args.full_size
    unknown = set(args.names) - {f.name for f in fixtures}
    if unknown:
        parser.error(f"no fixture named {', '.join(sorted(unknown))}; --list shows them")
    out.mkdir(parents=True, exist_ok=True)
    if not args.full_size:
        write_index(out)
    total = 0
    for fixture in fixtures:
        if args.names and fixture.name not in args.names:
            continue
        directory, skipped = build(fixture, out)
        size = sum(f.stat().st_size for f in directory.rglob("*") if f.is_file())
        total += size
        entries = json.loads((directory / "reference" / "reference.json").read_text())["cases"]
        worst = max((e for case in entries for e in case.get("torch_f32_error", {}).values()), default=0)
        print(f"{fixture.name:36} {size / 1024:7.0f} KB  largest float32 error {worst:.1e}  seeds skipped {skipped}",
              flush=True)
    print(f"total {total / 1024 / 1024:.1f} MB")


if __name__ == "__main__":
    main()
