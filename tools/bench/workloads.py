"""What is measured: models of published shapes with random weights, and the batches they run."""
import dataclasses
import os

import numpy as np

FIRST_ID = 1000  # ids below are special tokens of one tokenizer or another


@dataclasses.dataclass(frozen=True)
class Load:
    """One row: token ids of each sequence, and how many tokens to write behind each (0: a forward pass)."""

    name: str
    ids: tuple
    generate: int = 0
    sorts: bool = False  # lengths differ: peers may sort

    @property
    def lengths(self):
        return [len(sequence) for sequence in self.ids]


def load(name, lengths, vocabulary, generate=0):
    generator = np.random.default_rng(1)
    ids = tuple(tuple(generator.integers(min(FIRST_ID, vocabulary // 2), vocabulary, n).tolist()) for n in lengths)
    return Load(name, ids, generate, len(set(lengths)) > 1)


def mixed_lengths(count, low, high, typical):
    """Lengths of texts as they come: log-normal."""
    draws = np.exp(np.random.default_rng(1).normal(np.log(typical), 0.9, count))
    return np.clip(draws.astype(int), low, high).tolist()


def loads(model, quick, only):
    vocabulary = shape(model, quick)["vocab_size"]
    if model in ("bert-base", "minilm"):
        batches = {"1x16": [16], "1x128": [128], "8x16": [16] * 8, "8x128": [128] * 8, "32x16": [16] * 32,
                   "8x512": [512] * 8, "mixed": mixed_lengths(32, 8, 512, 64)}
        if quick:
            batches = {"1x16": [16], "8x128": [32] * 3, "mixed": mixed_lengths(6, 3, 60, 12)}
        found = [load(name, lengths, vocabulary) for name, lengths in batches.items()]
    elif model == "gpt2":
        found = [load("prefill-512", [40 if quick else 512], vocabulary, 1),
                 load("decode-128", [16], vocabulary, 8 if quick else 128),
                 load("decode-64x16", [16] * 16, vocabulary, 8 if quick else 64)]
    else:
        found = [load("encode-128-decode-64", [20 if quick else 128], vocabulary, 8 if quick else 64)]
    return [one for one in found if only is None or one.name in only]


def shape(model, quick):
    """Keyword arguments of the transformers config."""
    small = quick
    return {
        "bert-base": dict(vocab_size=500 if small else 30522, hidden_size=64 if small else 768,
                          num_hidden_layers=2 if small else 12, num_attention_heads=4 if small else 12,
                          intermediate_size=256 if small else 3072),
        "minilm": dict(vocab_size=500 if small else 30522, hidden_size=48 if small else 384,
                       num_hidden_layers=2 if small else 6, num_attention_heads=4 if small else 12,
                       intermediate_size=192 if small else 1536),
        "gpt2": dict(vocab_size=500 if small else 50257, n_embd=64 if small else 768, n_layer=2 if small else 12,
                     n_head=4 if small else 12, bos_token_id=0, eos_token_id=0),
        "t5-small": dict(vocab_size=500 if small else 32128, d_model=64 if small else 512, d_kv=16 if small else 64,
                         d_ff=256 if small else 2048, num_layers=2 if small else 6, num_heads=4 if small else 8,
                         decoder_start_token_id=0),
    }[model]


def model_directory(keep, model, quick, threads):
    """Writes the model unless it is there; gives its directory."""
    directory = os.path.join(keep, model + ("-quick" if quick else ""))
    if not os.path.exists(os.path.join(directory, "model.safetensors")):
        import torch
        import transformers

        torch.set_num_threads(threads)
        torch.manual_seed(0)
        arguments = shape(model, quick)
        if model == "gpt2":
            made = transformers.GPT2LMHeadModel(transformers.GPT2Config(**arguments))
        elif model == "t5-small":
            made = transformers.T5ForConditionalGeneration(transformers.T5Config(**arguments))
        else:
            made = transformers.BertModel(transformers.BertConfig(**arguments))
        for name, values in made.named_parameters():
            if values.ndim == 1:  # exporters merge constants that are alike, as untrained biases and norms all are
                values.data += 0.02 * torch.randn_like(values)
        made.save_pretrained(directory)
        write_tokenizer(directory, arguments["vocab_size"])
    return directory


def write_tokenizer(directory, vocabulary):
    """A tokenizer of the words t0, t1, ...: CTranslate2 converts no model without one, and takes words for ids."""
    import tokenizers
    import transformers

    words = tokenizers.models.WordLevel({word(i): i for i in range(vocabulary)}, unk_token=word(2))
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizers.Tokenizer(words), unk_token=word(2), pad_token=word(0), bos_token=word(0),
        eos_token=word(1)).save_pretrained(directory)


def word(token_id):
    return f"t{token_id}"


def padded(sequences):
    """int64 ids and mask of a batch; mask None where nothing is padded (an all-ones mask costs peers their fast path)."""
    longest = max(len(sequence) for sequence in sequences)
    ids = np.zeros((len(sequences), longest), dtype=np.int64)
    mask = np.zeros_like(ids)
    for row, sequence in enumerate(sequences):
        ids[row, :len(sequence)] = sequence
        mask[row, :len(sequence)] = 1
    return ids, mask
