#!/usr/bin/env python3
"""Writes the fixtures of the task classes: tiny models, and what the pipelines of transformers and the cross-encoder of
sentence-transformers make of texts.

    python pipelines.py                 all task-* directories of ../fixtures
    python pipelines.py task-tokens     only this

reference/pipeline.json holds inputs, options and outputs, computed in float64. Everything but the scores must be met
exactly; `torch_f32_error` is the largest difference of a score of the case between PyTorch's float32 and float64.
A seed is passed over when float32 in any order, or a little noise on the logits, changes anything but the scores.
"""
import argparse
import contextlib
import functools
import itertools
import json
import shutil
import warnings
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

import sentence_transformers
import torch
import transformers

from checkpoints import random_state, write_model
from fixtures import bert
from oracle import FRAGILE_RATIO, SHUFFLES, Fragile, load, shuffled_sums, versions
from pipeline_texts import CONTEXTS, DIFFERENT, LONG, MASKED, PAIRS, QUERY, SHORT_CONTEXTS, TEXTS
from question_answering import question_answering
from sentence import vocabulary, write_tokenizer

FOLDER = Path(__file__).resolve().parent.parent / "fixtures"
ATTEMPTS = 200
# Ten times what float32 errs, and how much more than that a score may move.
NOISE, AMPLIFIED = 2e-5, 100
NOISES = 4


@dataclass
class Pipeline:
    name: str
    cls: str
    config: dict
    task: str
    cases: list                   # (name, options, inputs)
    what: str
    files: Callable | None = None   # changes the finished directory
    stored: Callable | None = None  # changes the tensors before they are stored


# ---- the tasks: each takes a directory and a way to compute, and gives a function from options and inputs to outputs

def loaded(directory, cls, dtype, attention, windows=False):
    tokenizer = transformers.AutoTokenizer.from_pretrained(directory)
    if windows:
        tokenizer._tokenizer = WholeText(tokenizer._tokenizer)
    return load(directory, cls, dtype, attention), tokenizer


class WholeText:
    """A tokenizer that truncates what it has encoded whole.

    tokenizers 0.23 stops reading a text at max_length tokens, so that overflowing windows end where the text has just
    begun (huggingface/tokenizers issue 2091). Truncating afterwards gives the windows of 0.22, which are documented.
    """

    def __init__(self, tokenizer):
        self.tokenizer = tokenizer

    def __getattr__(self, name):
        return getattr(self.tokenizer, name)

    def __setattr__(self, name, value):
        if name == "tokenizer":
            object.__setattr__(self, name, value)
        else:
            setattr(self.tokenizer, name, value)

    def encode_batch(self, inputs, add_special_tokens=True, is_pretokenized=False):
        truncation = self.tokenizer.truncation
        self.tokenizer.no_truncation()
        parts = [[self.tokenizer.encode(t, add_special_tokens=False) for t in ([x] if isinstance(x, str) else x)]
                 for x in inputs]
        if truncation:
            self.tokenizer.enable_truncation(**truncation)
        return [Window(self.tokenizer.post_process(*encodings, add_special_tokens=add_special_tokens)) for encodings in parts]


class Window:
    """An encoding whose second text has type 1 in every window: encoded by itself it was a first text, of type 0."""

    def __init__(self, encoding):
        self.encoding = encoding

    def __getattr__(self, name):
        return getattr(self.encoding, name)

    @property
    def type_ids(self):
        return [1 if s == 1 else t for s, t in zip(self.encoding.sequence_ids, self.encoding.type_ids)]

    @property
    def overflowing(self):
        return [Window(e) for e in self.encoding.overflowing]


def text_classification(directory, cls, dtype, attention):
    model, tokenizer = loaded(directory, cls, dtype, attention)
    pipe = transformers.pipeline("text-classification", model=model, tokenizer=tokenizer)
    # Inputs are texts or pairs; every label is asked for.
    return model, lambda options, inputs: [
        pipe(x if isinstance(x, str) else {"text": x[0], "text_pair": x[1]}, top_k=options.get("top_k"), truncation=True)
        for x in inputs]


def token_classification(directory, cls, dtype, attention):
    model, tokenizer = loaded(directory, cls, dtype, attention, windows=True)
    pipe = transformers.pipeline("token-classification", model=model, tokenizer=tokenizer)
    return model, lambda options, inputs: [pipe(x, **options) for x in inputs]


def fill_mask(directory, cls, dtype, attention):
    model, tokenizer = loaded(directory, cls, dtype, attention)
    pipe = transformers.pipeline("fill-mask", model=model, tokenizer=tokenizer)

    def run(options, inputs):
        found = [pipe(x, tokenizer_kwargs={"truncation": True}, **options) for x in inputs]
        return [f if isinstance(f[0], list) else [f] for f in found]  # a list per mask, also for one
    return model, run


def answers(directory, cls, dtype, attention):
    model, tokenizer = loaded(directory, cls, dtype, attention, windows=True)
    pipe = question_answering(model, tokenizer)

    def run(options, inputs):
        found = [pipe(question=q, context=c, **options) for q, c in inputs]
        # Where there are fewer spans than it asks for, the pipeline adds arbitrary ones of probability 0.
        return [[a for a in (f if isinstance(f, list) else [f]) if a["score"] > 0] for f in found]
    return model, run


def cross_encoder(directory, cls, dtype, attention):
    encoder = sentence_transformers.CrossEncoder(
        str(directory), device="cpu", model_kwargs={"dtype": dtype, "attn_implementation": attention})

    def run(options, inputs):
        if "rank" in options:
            return [encoder.rank(options["rank"], inputs, top_k=options.get("top_k"))]
        return [encoder.predict([tuple(pair)], convert_to_tensor=True).tolist() for pair in inputs]
    return encoder.model, run


TASKS = {"text-classification": text_classification, "token-classification": token_classification,
         "fill-mask": fill_mask, "question-answering": answers, "cross-encoder": cross_encoder}


# ---- running them

@contextlib.contextmanager
def float_is_double(dtype):
    """The pipelines call .float() on logits: in a float64 run that must not round."""
    original = torch.Tensor.float
    if dtype == torch.float64:
        torch.Tensor.float = torch.Tensor.double
    try:
        yield
    finally:
        torch.Tensor.float = original


@contextlib.contextmanager
def noisy_logits(model, seed):
    generator = torch.Generator().manual_seed(seed)
    original = model.forward

    @functools.wraps(original)
    def noisy(*args, **kwargs):
        result = original(*args, **kwargs)
        for key in ("logits", "start_logits", "end_logits"):
            if key in result:
                noise = torch.randn(result[key].shape, generator=generator, dtype=torch.float64)
                result[key] = result[key] + NOISE * noise
        return result

    model.forward = noisy
    try:
        yield
    finally:
        model.forward = original


def plain(value):
    """As JSON: dicts, lists, strings, ints and floats."""
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    return value.item() if hasattr(value, "item") else value


def scores(value):
    if isinstance(value, dict):
        return scores(list(value.values()))
    if isinstance(value, list):
        return [s for v in value for s in scores(v)]
    return [value] if isinstance(value, float) else []


def shape(value):
    """The value with every score as None."""
    if isinstance(value, dict):
        return {k: shape(v) for k, v in value.items()}
    if isinstance(value, list):
        return [shape(v) for v in value]
    return None if isinstance(value, float) else value


def compute(fixture, directory, dtype, attention="eager", around=lambda model: contextlib.nullcontext()):
    with float_is_double(dtype), torch.no_grad():
        model, run = TASKS[fixture.task](directory, fixture.cls, dtype, attention)
        with around(model):
            return [plain(run(options, inputs)) for _, options, inputs in fixture.cases]


def distance(fixture, name, want, got):
    if shape(want) != shape(got):
        raise Fragile(f"{fixture.name}/{name}: not the same answers in another order of sums")
    return max((abs(a - b) for a, b in zip(scores(want), scores(got))), default=0)


def write_reference(fixture, directory):
    wants = compute(fixture, directory, torch.float64)
    for seed in range(NOISES):
        for (name, _, _), want, got in zip(fixture.cases, wants, compute(
                fixture, directory, torch.float64, around=lambda model: noisy_logits(model, seed))):
            if distance(fixture, name, want, got) > AMPLIFIED * NOISE:
                raise Fragile(f"{fixture.name}/{name}: a score jumps")
    runs = [compute(fixture, directory, torch.float32, "sdpa"), compute(fixture, directory, torch.float32)]
    for seed in range(SHUFFLES):
        with shuffled_sums(seed):
            runs.append(compute(fixture, directory, torch.float32, "sdpa"))
    entries = []
    for i, (name, options, inputs) in enumerate(fixture.cases):
        errors = [distance(fixture, name, wants[i], run[i]) for run in runs]
        if max(errors[1:]) > FRAGILE_RATIO * errors[0]:
            raise Fragile(f"{fixture.name}/{name}: PyTorch errs by {errors[0]:.2e}, in another order by {max(errors[1:]):.2e}")
        entries.append({"name": name, "options": options, "inputs": inputs, "torch_f32_error": errors[0],
                        "outputs": wants[i]})
    head = {"format": 1, "task": fixture.task, "class": fixture.cls, "versions": versions()}
    body = ",\n ".join(json.dumps(e, ensure_ascii=False) for e in entries)
    (directory / "reference").mkdir(exist_ok=True)
    (directory / "reference" / "pipeline.json").write_text(
        json.dumps(head)[:-1] + ', "cases": [\n ' + body + "\n]}\n", encoding="utf-8")
    return max(e["torch_f32_error"] for e in entries)


# ---- the fixtures

def config(cls, hidden, heads, inner, labels, **more):
    names = {str(i): label for i, label in enumerate(labels or [])}
    more |= {"id2label": names, "label2id": {v: int(k) for k, v in names.items()}} if labels else {}
    return bert(cls, hidden, heads, inner, vocab=len(vocabulary()), positions=40, **more)


def balanced(state):
    """Makes a token classifier blind to what all tokens have in common, or nearly all would get the same label."""
    weight, common = state["classifier.weight"], state["bert.encoder.layer.1.output.LayerNorm.bias"]
    change = 2 * (weight - torch.outer(weight @ common, common) / common.dot(common))
    return state | {"classifier.weight": change, "classifier.bias": 0.3 * state["classifier.bias"]}


def saved_by_sentence_transformers(directory):
    """As CrossEncoder.save_pretrained of version 6 leaves a directory: the activation is in a file of its own."""
    encoder = sentence_transformers.CrossEncoder(str(directory), device="cpu", activation_fn=torch.nn.Identity(),
                                                 max_length=24)
    encoder.save_pretrained(str(directory))
    for unneeded in [*directory.glob("*.md"), *directory.glob("*.jinja")]:
        unneeded.unlink()


def stored_length(directory):
    write_tokenizer(directory, 16)


AGGREGATIONS = [(name, {"aggregation_strategy": name}) for name in ("none", "simple", "first", "average", "max")]
SEQUENCE, TOKENS = "BertForSequenceClassification", "BertForTokenClassification"
TAGS = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC", "B-X-Y"]

PIPELINES = [
    Pipeline("task-rerank", SEQUENCE, config(SEQUENCE, 28, 4, 44, ["LABEL_0"]), "cross-encoder",
             [("scores", {}, PAIRS), ("rank", {"rank": QUERY}, DIFFERENT), ("top", {"rank": QUERY, "top_k": 3}, DIFFERENT)],
             "cross-encoder with one label: a sigmoid, since no file names a function"),
    Pipeline("task-rerank-saved", SEQUENCE, config(SEQUENCE, 30, 5, 40, ["LABEL_0"]), "cross-encoder",
             [("scores", {}, PAIRS), ("rank", {"rank": QUERY}, DIFFERENT)],
             "a cross-encoder as sentence-transformers 6 saves it: Identity in config_sentence_transformers.json, pairs cut to 24",
             files=saved_by_sentence_transformers),
    Pipeline("task-rerank-labels", SEQUENCE,
             config(SEQUENCE, 24, 3, 50, ["contradiction", "entailment", "neutral"],
                    sentence_transformers={"activation_fn": "torch.nn.modules.activation.Softmax", "version": "4.1.0"}),
             "cross-encoder", [("scores", {}, PAIRS)], "a cross-encoder with three labels, Softmax in config.json"),
    Pipeline("task-classify", SEQUENCE, config(SEQUENCE, 26, 2, 36, ["bad", "good", "so-so", "none at all"]),
             "text-classification",
             [("all", {}, TEXTS), ("pairs", {}, PAIRS), ("best", {"top_k": 1}, TEXTS), ("two", {"top_k": 2}, TEXTS)],
             "softmax over four labels; tokenizer.json stores a truncation that must not be used", files=stored_length),
    Pipeline("task-classify-multi", SEQUENCE,
             config(SEQUENCE, 24, 4, 32, ["wet", "dry", "old"], problem_type="multi_label_classification"),
             "text-classification", [("all", {}, TEXTS)], "problem_type multi_label_classification: sigmoids"),
    Pipeline("task-classify-regression", SEQUENCE,
             config(SEQUENCE, 24, 4, 32, ["LABEL_0"], problem_type="regression"),
             "text-classification", [("all", {}, TEXTS)], "problem_type regression: the logit itself"),
    Pipeline("task-tokens", TOKENS, config(TOKENS, 32, 4, 40, TAGS), "token-classification",
             [*((name, options, TEXTS) for name, options in AGGREGATIONS),
              ("all", {"aggregation_strategy": "none", "ignore_labels": []}, TEXTS),
              ("no-people", {"aggregation_strategy": "simple", "ignore_labels": ["O", "PER"]}, TEXTS),
              *((f"windows-{name}", options | {"stride": 9}, [*LONG, *TEXTS[:4]]) for name, options in AGGREGATIONS[1:])],
             "every aggregation, also over windows of long texts; a label with two dashes", stored=balanced),
    Pipeline("task-answers", "BertForQuestionAnswering", config("BertForQuestionAnswering", 30, 3, 42, None),
             "question-answering",
             [("best", {}, CONTEXTS), ("three", {"top_k": 3}, CONTEXTS),
              ("short", {"max_answer_len": 3, "top_k": 2}, CONTEXTS),
              ("impossible", {"handle_impossible_answer": True, "top_k": 4}, CONTEXTS),
              ("tokens", {"align_to_words": False, "top_k": 3}, CONTEXTS),
              ("windows", {"max_seq_len": 24, "doc_stride": 7, "top_k": 2}, SHORT_CONTEXTS)],
             "answers over windows, of words and of tokens, and none"),
    Pipeline("task-fill", "BertForMaskedLM", config("BertForMaskedLM", 34, 2, 38, None), "fill-mask",
             [("five", {}, MASKED), ("two", {"top_k": 2}, MASKED),
              ("targets", {"targets": ["boat", "canal", "reopened", "water", "zz"]}, MASKED)],
             "one mask and several, words of the vocabulary and others as targets"),
]


def build(fixture, folder):
    directory = folder / fixture.name
    first = zlib.crc32(fixture.name.encode()) % 1_000_000
    for seed in itertools.count(first):
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
        cls = getattr(transformers, fixture.cls)
        model = cls(cls.config_class.from_dict(dict(fixture.config)))
        state = random_state(model, seed)
        write_model(directory, fixture.config, fixture.stored(state) if fixture.stored else state)
        write_tokenizer(directory, None)
        if fixture.files:
            fixture.files(directory)
        try:
            return directory, write_reference(fixture, directory), seed - first
        except Fragile as reason:
            print(f"    {reason}: next seed", flush=True)
            if seed - first == ATTEMPTS:
                raise


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="fixtures to write (default: all)")
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder of the fixtures")
    args = parser.parse_args()
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    warnings.filterwarnings("ignore")
    for fixture in PIPELINES:
        if args.names and fixture.name not in args.names:
            continue
        directory, worst, skipped = build(fixture, args.out)
        size = sum(f.stat().st_size for f in directory.rglob("*") if f.is_file())
        print(f"{fixture.name:28} {size / 1024:5.0f} KB  largest float32 error {worst:.1e}  seeds skipped {skipped}",
              flush=True)


if __name__ == "__main__":
    main()
