"""A model directory with random weights, of the shape of a known model: random_model.py bert-base|gpt2 DIRECTORY.

For benchmarks, where values don't matter; needs nothing beyond Python.
"""
import json
import random
import struct
import sys
from pathlib import Path

BERT = {"model_type": "bert", "architectures": ["BertModel"], "vocab_size": 30522, "hidden_size": 768,
        "num_hidden_layers": 12, "num_attention_heads": 12, "intermediate_size": 3072, "hidden_act": "gelu",
        "max_position_embeddings": 512, "type_vocab_size": 2, "layer_norm_eps": 1e-12, "pad_token_id": 0,
        "hidden_dropout_prob": 0.1, "attention_probs_dropout_prob": 0.1, "initializer_range": 0.02}
GPT2 = {"model_type": "gpt2", "architectures": ["GPT2LMHeadModel"], "vocab_size": 50257, "n_positions": 1024,
        "n_ctx": 1024, "n_embd": 768, "n_layer": 12, "n_head": 12, "activation_function": "gelu_new",
        "layer_norm_epsilon": 1e-5, "bos_token_id": 50256, "eos_token_id": 50256}


def bert_shapes():
    h, m = BERT["hidden_size"], BERT["intermediate_size"]
    yield "embeddings.word_embeddings.weight", [BERT["vocab_size"], h]
    yield "embeddings.position_embeddings.weight", [BERT["max_position_embeddings"], h]
    yield "embeddings.token_type_embeddings.weight", [2, h]
    norms = ["embeddings.LayerNorm"]
    linears = [("pooler.dense", h, h)]
    for i in range(BERT["num_hidden_layers"]):
        layer = f"encoder.layer.{i}"
        norms += [f"{layer}.attention.output.LayerNorm", f"{layer}.output.LayerNorm"]
        linears += [(f"{layer}.attention.self.{part}", h, h) for part in ["query", "key", "value"]]
        linears += [(f"{layer}.attention.output.dense", h, h), (f"{layer}.intermediate.dense", m, h),
                    (f"{layer}.output.dense", h, m)]
    for name in norms:
        yield f"{name}.weight", [h]
        yield f"{name}.bias", [h]
    for name, rows, columns in linears:
        yield f"{name}.weight", [rows, columns]
        yield f"{name}.bias", [rows]


def gpt2_shapes():
    h = GPT2["n_embd"]
    yield "transformer.wte.weight", [GPT2["vocab_size"], h]
    yield "transformer.wpe.weight", [GPT2["n_positions"], h]
    norms = ["transformer.ln_f"]
    for i in range(GPT2["n_layer"]):
        layer = f"transformer.h.{i}"
        norms += [f"{layer}.ln_1", f"{layer}.ln_2"]
        for name, rows, columns in [("attn.c_attn", h, 3 * h), ("attn.c_proj", h, h), ("mlp.c_fc", h, 4 * h),
                                    ("mlp.c_proj", 4 * h, h)]:
            yield f"{layer}.{name}.weight", [rows, columns]
            yield f"{layer}.{name}.bias", [columns]
    for name in norms:
        yield f"{name}.weight", [h]
        yield f"{name}.bias", [h]


def write(config, shapes, target):
    directory = target.with_name(target.name + ".part")  # a model is there whole or not at all
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "config.json").write_text(json.dumps(config, indent=1))
    generator = random.Random(1)
    block = struct.pack("<65536f", *(generator.uniform(-0.035, 0.035) for _ in range(65536)))
    ones = struct.pack("<f", 1.0)
    header, at = {}, 0
    shapes = list(shapes)
    for name, shape in shapes:
        count = shape[0] * (shape[1] if len(shape) == 2 else 1)
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [at, at + 4 * count]}
        at += 4 * count
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(directory / "model.safetensors", "wb") as out:
        out.write(struct.pack("<Q", len(text)) + text)
        for name, info in header.items():
            size = info["data_offsets"][1] - info["data_offsets"][0]
            norm = name.endswith("weight") and ("LayerNorm" in name or ".ln_" in name)
            data = ones * (size // 4) if norm else block * (size // len(block) + 1)
            out.write(data[:size])
    directory.rename(target)


kind, target = sys.argv[1], Path(sys.argv[2])
write(*{"bert-base": (BERT, bert_shapes()), "gpt2": (GPT2, gpt2_shapes())}[kind], target)
