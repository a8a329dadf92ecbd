"""Runs transformers on a model directory and writes what it gives: reference/reference.json and reference.safetensors.

The reference is float64, every sequence alone and unpadded. Beside each expected output stands `torch_f32_error`, the
largest difference between PyTorch's own float32 run and float64: the yardstick for anybody else's float32.
"""
import contextlib
import json
from dataclasses import dataclass, field
from pathlib import Path

import safetensors
import sentence_transformers
import tokenizers
import torch
import transformers
from safetensors.torch import save_file
from transformers.models.deberta_v2 import modeling_deberta_v2
from transformers.models.t5 import modeling_t5

# How much worse than PyTorch's default order another PyTorch float32 order may be before a case is called fragile.
# The suite allows 2.
FRAGILE_RATIO = 1.5
# So many random orders of the sums in linear layers are tried.
SHUFFLES = 3
# The smallest gap between the best and the second logit of a generated token, in standard deviations of the logits.
TIE_MARGIN = 1e-3
# So many different tokens a generation must have, or it would not notice a wrong position or cache.
DISTINCT = 6
# An output that needs more than this in a case is stored as F32.
F64_BYTES = 48 * 1024


class Fragile(Exception):
    """The case would test luck: take another seed."""


@dataclass
class Case:
    """One case of a reference. Exactly one of inputs and texts is set."""
    name: str
    inputs: dict = field(default_factory=dict)   # "input_ids": [[...], ...] and its companions, one row per sequence
    outputs: list = field(default_factory=list)  # ModelOutput field names; "hidden_states.3" is entry 3 of the tuple
    generate: dict | None = None                 # arguments of generate(): the case gives output_ids, not tensors
    texts: list = field(default_factory=list)    # with outputs ["embeddings"]: encode(); without outputs: token ids
    settings: dict = field(default_factory=dict)  # of encode(): prompt or prompt_name, dimensions; or task, alone


def float64_rms_norm(self, hidden_states):
    """T5LayerNorm without its float32 variance: a .double() model still has float32's error there."""
    variance = hidden_states.pow(2).mean(-1, keepdim=True)
    return self.weight * (hidden_states * torch.rsqrt(variance + self.variance_epsilon))


def float64_scale(query, factor):
    """DeBERTa's scaled_size_sqrt without its float32 root."""
    return torch.sqrt(torch.tensor(query.size(-1) * factor, dtype=torch.float64))


# What a .double() model would still compute in float32: where it is defined, its name, and its float64 form.
FLOAT64_FORMS = [(modeling_t5.T5LayerNorm, "forward", float64_rms_norm),
                 (modeling_deberta_v2, "scaled_size_sqrt", float64_scale)]


@contextlib.contextmanager
def float64_forms(dtype):
    originals = [(owner, name, getattr(owner, name)) for owner, name, _ in FLOAT64_FORMS]
    if dtype == torch.float64:
        for owner, name, form in FLOAT64_FORMS:
            setattr(owner, name, form)
    try:
        yield
    finally:
        for owner, name, original in originals:
            setattr(owner, name, original)


@contextlib.contextmanager
def shuffled_sums(seed):
    """Adds up the terms of every linear layer in another order, which PyTorch's own variants hardly ever change."""
    linear, addmm = torch.nn.functional.linear, torch.addmm

    def order(count):
        return torch.randperm(count, generator=torch.Generator().manual_seed(seed))

    def shuffled_linear(x, weight, bias=None):
        permutation = order(weight.shape[1])
        return linear(x[..., permutation], weight[:, permutation], bias)

    def shuffled_addmm(bias, x, weight):  # GPT-2's Conv1D
        permutation = order(weight.shape[0])
        return addmm(bias, x[:, permutation], weight[permutation])

    torch.nn.functional.linear, torch.addmm = shuffled_linear, shuffled_addmm
    try:
        yield
    finally:
        torch.nn.functional.linear, torch.addmm = linear, addmm


def load(directory, class_name, dtype, attention, may_ignore=()):
    """Loads as any user would, and insists that nothing was missing and only the named tensors were unused."""
    cls = getattr(transformers, class_name)
    if not cls._supports_sdpa:
        attention = "eager"
    model, info = cls.from_pretrained(directory, dtype=dtype, attn_implementation=attention, output_loading_info=True)
    assert not info["missing_keys"] and not info["mismatched_keys"], (directory, info)
    unexpected = [k for k in info["unexpected_keys"] if not any(part in k for part in may_ignore)]
    assert not unexpected, (directory, unexpected)
    return model.eval()


@torch.no_grad()
def forward(model, case, index, copies=1):
    """The asked outputs of one sequence; with copies > 1 from a batch of equal rows (another order of the same sums)."""
    inputs = {k: torch.tensor([rows[index]] * copies) for k, rows in case.inputs.items()}
    with float64_forms(model.dtype):
        result = model(**inputs, output_hidden_states=any("hidden_states." in o for o in case.outputs), return_dict=True)
    found = {}
    for output in case.outputs:
        name, _, entry = output.partition(".")
        value = result[name][int(entry)] if entry else result[name]
        found[output] = value[-1].double()
    return found


@torch.no_grad()
def greedy(model, case, index):
    """The ids that generate() returns, the smallest gap between best and second logit, and the number of new tokens."""
    inputs = {k: torch.tensor([rows[index]]) for k, rows in case.inputs.items()}
    with float64_forms(model.dtype):
        result = model.generate(**inputs, attention_mask=torch.ones_like(inputs["input_ids"]), do_sample=False,
                                num_beams=1, return_dict_in_generate=True, output_logits=True,
                                use_cache=can_use_cache(model.config), **case.generate)
    gap = 1e9
    for logits in result.logits:
        top = logits[0].double().topk(2).values
        gap = min(gap, ((top[0] - top[1]) / logits[0].double().std()).item())
    return result.sequences[0].tolist(), gap, len(result.logits)


def can_use_cache(config):
    """generate() of transformers 5.18 raises IndexError with a cache when T5's decoder is deeper than its encoder."""
    return not config.is_encoder_decoder or config.num_decoder_layers <= config.num_layers


@torch.no_grad()
def embed(directory, case, dtype, copies=1):
    model = sentence_transformers.SentenceTransformer(str(directory), device="cpu", model_kwargs={"dtype": dtype})
    model.to(dtype)  # the argument above reaches the transformer alone, not the modules behind it
    settings = dict(case.settings)
    encode = getattr(model, {None: "encode", "query": "encode_query", "document": "encode_document"}[
        settings.pop("task", None)])
    with float64_forms(dtype):
        rows = [encode([t] * copies, batch_size=copies, convert_to_tensor=True, show_progress_bar=False,
                       truncate_dim=settings.get("dimensions"), prompt=settings.get("prompt"),
                       prompt_name=settings.get("prompt_name"))[-1] for t in case.texts]
    assert all(row.dtype == dtype for row in rows), rows[0].dtype
    assert not settings.keys() - {"dimensions", "prompt", "prompt_name"}, settings
    return torch.stack(rows).double()


def write_reference(directory, class_name, cases, may_ignore=(), distinct_tokens=DISTINCT):
    """Computes all cases and writes the reference folder. Raises Fragile before anything is written."""
    directory = Path(directory)
    if any(case.inputs for case in cases):
        model64 = load(directory, class_name, torch.float64, "eager", may_ignore)
        default = "sdpa" if getattr(transformers, class_name)._supports_sdpa else "eager"
        model32 = load(directory, class_name, torch.float32, default, may_ignore)
        eager32 = load(directory, class_name, torch.float32, "eager", may_ignore)

    entries, tensors = [], {}
    for case in cases:
        entry = {"name": case.name}
        if case.texts and not case.outputs:
            tokenizer = transformers.AutoTokenizer.from_pretrained(directory)
            entry["texts"] = case.texts
            entry["input_ids"] = [tokenizer(*([t] if isinstance(t, str) else t))["input_ids"] for t in case.texts]
        elif case.texts:
            entry |= {"texts": case.texts, **case.settings, "outputs": case.outputs}
            want = embed(directory, case, torch.float64)
            errors = [(embed(directory, case, torch.float32, n) - want).abs().max().item() for n in (1, 2, 3)]
            check_orders(directory, case, "embeddings", errors)
            entry["torch_f32_error"] = {"embeddings": errors[0]}
            tensors[f"{case.name}/embeddings"] = want
        elif case.generate:
            entry |= {"inputs": case.inputs, "generate": case.generate, "output_ids": []}
            distinct = 0
            for i in range(len(case.inputs["input_ids"])):
                ids, gap, steps = greedy(model64, case, i)
                if gap < TIE_MARGIN:
                    raise Fragile(f"{directory.name}/{case.name}: sequence {i} is nearly tied ({gap:.1e})")
                if any(greedy(m, case, i)[0] != ids for m in (model32, eager32)):
                    raise Fragile(f"{directory.name}/{case.name}: float32 generates something else for sequence {i}")
                entry["output_ids"].append(ids)
                distinct = max(distinct, len(set(ids[-steps:])))
            if distinct < distinct_tokens:
                raise Fragile(f"{directory.name}/{case.name}: generates the same few tokens over and over")
        else:
            entry |= {"inputs": case.inputs, "outputs": case.outputs}
            entry["torch_f32_error"], found = forward_case(directory, case, model64, model32, eager32)
            tensors |= found
        entries.append(entry)

    folder = directory / "reference"
    folder.mkdir(exist_ok=True)
    save_file(tensors, folder / "reference.safetensors")
    head = {"format": 1, "class": class_name, "versions": versions()}
    body = ",\n ".join(json.dumps(e, ensure_ascii=False) for e in entries)
    text = json.dumps(head)[:-1] + ', "cases": [\n ' + body + "\n]}\n"
    (folder / "reference.json").write_text(text, encoding="utf-8")


def forward_case(directory, case, model64, model32, eager32):
    count = len(case.inputs["input_ids"])
    want = [forward(model64, case, i) for i in range(count)]
    batches = model32.config.pad_token_id is not None or "SequenceClassification" not in type(model32).__name__
    orders = [[forward(model32, case, i) for i in range(count)],
              [forward(eager32, case, i) for i in range(count)],
              [forward(model32, case, i, copies=2 if batches else 1) for i in range(count)]]
    with torch.backends.mkldnn.flags(enabled=False):
        orders.append([forward(eager32, case, i, copies=3 if batches else 1) for i in range(count)])
    for seed in range(SHUFFLES):
        with shuffled_sums(seed):
            orders.append([forward(model32, case, i) for i in range(count)])

    measured, tensors = {}, {}
    for output in case.outputs:
        errors = [max((got[i][output] - want[i][output]).abs().max().item() for i in range(count)) for got in orders]
        check_orders(directory, case, output, errors)
        measured[output] = errors[0]
        values = [w[output] for w in want]
        dtype = torch.float64 if 8 * sum(v.numel() for v in values) <= F64_BYTES else torch.float32
        for i, value in enumerate(values):
            tensors[f"{case.name}/{i}/{output}"] = value.to(dtype).contiguous()
    return measured, tensors


def check_orders(directory, case, output, errors):
    if max(errors[1:]) > FRAGILE_RATIO * errors[0]:
        raise Fragile(f"{directory.name}/{case.name}/{output}: PyTorch errs by {errors[0]:.2e}, in another order by "
                      f"{max(errors[1:]):.2e}")


def versions():
    return {"torch": torch.__version__.split("+")[0], "transformers": transformers.__version__,
            "safetensors": safetensors.__version__, "tokenizers": tokenizers.__version__,
            "sentence_transformers": sentence_transformers.__version__}
