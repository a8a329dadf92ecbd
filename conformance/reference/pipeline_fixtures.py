"""The list of the task-* fixtures: models, tokenizers, options and texts."""
from dataclasses import dataclass
from typing import Callable

import sentence_transformers
import torch

from albert_electra_mpnet import albert
from checkpoints import drop
from fixtures import bert
from pipeline_texts import CONTEXTS, DIFFERENT, LONG, MASKED, PAIRS, QUERY, SHORT_CONTEXTS, SPACED, TEXTS, with_mask
from pipeline_tokenizers import (BYTE_LEVEL_TOKENS, UNIGRAM_TOKENS, albert_tokenizer, distilbert_tokenizer,
                                 roberta_tokenizer, untrimmed_tokenizer, xlm_roberta_tokenizer)
from roberta import XLM, distilbert, roberta
from sentence import vocabulary, write_tokenizer


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
    tokenizer: Callable = write_tokenizer


# ---- BERT

def named(labels):
    names = {str(i): label for i, label in enumerate(labels or [])}
    return {"id2label": names, "label2id": {v: int(k) for k, v in names.items()}} if labels else {}


def config(cls, hidden, heads, inner, labels, **more):
    return bert(cls, hidden, heads, inner, vocab=len(vocabulary()), positions=40, **named(labels), **more)


def balanced(state):
    """Makes a token classifier blind to what all tokens have in common, or nearly all would get the same label."""
    weight = state["classifier.weight"]
    common = next(value for name, value in state.items() if name.endswith("encoder.layer.1.output.LayerNorm.bias"))
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

TOKEN_CASES = [*((name, options, TEXTS) for name, options in AGGREGATIONS),
               ("all", {"aggregation_strategy": "none", "ignore_labels": []}, TEXTS),
               ("no-people", {"aggregation_strategy": "simple", "ignore_labels": ["O", "PER"]}, TEXTS),
               *((f"windows-{name}", options | {"stride": 9}, [*LONG, *TEXTS[:4]]) for name, options in AGGREGATIONS[1:])]

ANSWER_CASES = [("best", {}, CONTEXTS), ("three", {"top_k": 3}, CONTEXTS),
                ("short", {"max_answer_len": 3, "top_k": 2}, CONTEXTS),
                ("impossible", {"handle_impossible_answer": True, "top_k": 4}, CONTEXTS),
                ("tokens", {"align_to_words": False, "top_k": 3}, CONTEXTS),
                ("windows", {"max_seq_len": 24, "doc_stride": 7, "top_k": 2}, SHORT_CONTEXTS)]

BERT = [
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
             TOKEN_CASES,
             "every aggregation, also over windows of long texts; a label with two dashes", stored=balanced),
    Pipeline("task-answers", "BertForQuestionAnswering", config("BertForQuestionAnswering", 30, 3, 42, None),
             "question-answering",
             ANSWER_CASES,
             "answers over windows, of words and of tokens, and none"),
    Pipeline("task-fill", "BertForMaskedLM", config("BertForMaskedLM", 34, 2, 38, None), "fill-mask",
             [("five", {}, MASKED), ("two", {"top_k": 2}, MASKED),
              ("targets", {"targets": ["boat", "canal", "reopened", "water", "zz"]}, MASKED)],
             "one mask and several, words of the vocabulary and others as targets"),
]


# ---- other families: another model, another tokenizer, other shapes of pairs

def token_cases(texts):
    return [*((name, options, [*texts, *SPACED]) for name, options in AGGREGATIONS),
            *((f"windows-{name}", options | {"stride": 9}, [*LONG, *SPACED]) for name, options in AGGREGATIONS[1:3])]


ROBERTA_TOKENS = "RobertaForTokenClassification"


def byte_level(cls, hidden, heads, inner, labels=None, **more):
    return roberta(cls, hidden, heads, inner, vocab=BYTE_LEVEL_TOKENS, positions=42, **named(labels), **more)


def unigram(cls, hidden, heads, inner, labels=None):
    return roberta(cls, hidden, heads, inner, vocab=UNIGRAM_TOKENS, positions=42, **named(labels), **XLM)


FAMILIES = [
    Pipeline("task-tokens-roberta", ROBERTA_TOKENS, byte_level(ROBERTA_TOKENS, 20, 4, 30, TAGS), "token-classification",
             token_cases(TEXTS),
             "byte-level BPE, no space in front of a text; trim_offsets in tokenizer_config.json overrules tokenizer.json",
             stored=balanced, tokenizer=roberta_tokenizer(stored_trim=False, trim_offsets=True)),
    Pipeline("task-tokens-roberta-prefix", ROBERTA_TOKENS, byte_level(ROBERTA_TOKENS, 22, 2, 26, TAGS),
             "token-classification", token_cases(TEXTS[::2]),
             "as most NER checkpoints: add_prefix_space in tokenizer_config.json overrules tokenizer.json, offsets and all",
             stored=balanced, tokenizer=roberta_tokenizer(add_prefix_space=True)),
    Pipeline("task-tokens-untrimmed", ROBERTA_TOKENS, byte_level(ROBERTA_TOKENS, 18, 3, 28, TAGS), "token-classification",
             token_cases(TEXTS[::2]), "byte-level BPE whose offsets take in the space before a token",
             stored=balanced, tokenizer=untrimmed_tokenizer),
    Pipeline("task-tokens-xlm-roberta", "XLMRobertaForTokenClassification",
             unigram("XLMRobertaForTokenClassification", 24, 3, 34, TAGS), "token-classification", token_cases(TEXTS[::2]),
             "Unigram pieces with Metaspace", stored=balanced, tokenizer=xlm_roberta_tokenizer),
    Pipeline("task-answers-roberta", "RobertaForQuestionAnswering", byte_level("RobertaForQuestionAnswering", 21, 3, 32),
             "question-answering", ANSWER_CASES, "two separators between question and context, no types, words with their spaces",
             tokenizer=roberta_tokenizer()),
    Pipeline("task-fill-roberta", "RobertaForMaskedLM", byte_level("RobertaForMaskedLM", 20, 2, 28), "fill-mask",
             [("five", {}, with_mask("<mask>")), ("two", {"top_k": 2}, with_mask("<mask>")),
              ("targets", {"targets": ["Ġboat", "canal", " reopened", "water", "zz", "🚢"]}, with_mask("<mask>"))],
             "a mask that takes the space before it; fills that are half a character", tokenizer=roberta_tokenizer(),
             stored=drop("lm_head.decoder.")),
    Pipeline("task-fill-albert", "AlbertForMaskedLM",
             albert("AlbertForMaskedLM", 12, 22, 2, 36, vocab=UNIGRAM_TOKENS, positions=40), "fill-mask",
             [("five", {}, MASKED), ("two", {"top_k": 2}, MASKED),
              ("targets", {"targets": ["▁boat", "canal", "reopened", "water", "zz"]}, MASKED)],
             "Unigram pieces with Metaspace, lower case, a mask that takes the space before it", tokenizer=albert_tokenizer,
             stored=drop("predictions.decoder.")),
    Pipeline("task-classify-albert", "AlbertForSequenceClassification",
             albert("AlbertForSequenceClassification", 10, 20, 2, 30, vocab=UNIGRAM_TOKENS, positions=40,
                    **named(["bad", "good", "so-so"])),
             "text-classification", [("pairs", {}, PAIRS)],
             "a model with token types whose tokenizer class gives none, so that both texts of a pair have type 0",
             tokenizer=albert_tokenizer),
    Pipeline("task-rerank-xlm-roberta", "XLMRobertaForSequenceClassification",
             unigram("XLMRobertaForSequenceClassification", 24, 4, 36, ["LABEL_0"]), "cross-encoder",
             [("scores", {}, PAIRS), ("rank", {"rank": QUERY}, DIFFERENT)], "pairs without types, cut to the longest",
             tokenizer=xlm_roberta_tokenizer),
    Pipeline("task-classify-distilbert", "DistilBertForSequenceClassification",
             distilbert("DistilBertForSequenceClassification", 24, 3, 36, vocab=len(vocabulary()), positions=40,
                        **named(["bad", "good", "so-so"])),
             "text-classification", [("all", {}, TEXTS), ("pairs", {}, PAIRS)], "a model without token types, also for pairs",
             tokenizer=distilbert_tokenizer),
]

PIPELINES = [*BERT, *FAMILIES]
