"""Random weights, and the many ways in which the same weights are found on disk."""
import json
import math
from pathlib import Path

import torch
from safetensors.torch import save_file

EMBEDDINGS = ("embeddings.weight", "wte.weight", "wpe.weight", "shared.weight", "embed_tokens.weight")


def random_state(model, seed, init_std=None):
    """A tensor for every parameter, so loud that a forgotten bias or norm weight shows.

    With init_std the matrices have that standard deviation, as the real models' initialisation does; without it they
    keep the size of what passes through them.
    """
    generator = torch.Generator().manual_seed(seed)
    config = model.config
    state = {}
    for name, tensor in sorted(model.state_dict().items()):
        noise = torch.randn(tensor.shape, generator=generator)
        if tensor.dim() < 2:
            spread = 0.3 if init_std is None else 0.1
            state[name] = spread * noise + (1 if name.endswith("weight") else 0)
        elif name.endswith("relative_attention_bias.weight"):
            state[name] = noise
        elif init_std is not None:
            state[name] = init_std * noise
        elif name.endswith(EMBEDDINGS):
            # Quiet words keep a tied decoder from generating its last token for ever.
            state[name] = (0.2 if config.model_type in ("gpt2", "t5") and "wpe" not in name else 0.7) * noise
        else:
            is_conv1d = config.model_type == "gpt2" and ".h." in name
            fan_in = tensor.shape[0] if is_conv1d else tensor.shape[1]
            std = (2 if name.endswith(("c_proj.weight", "o.weight", "wo.weight")) else 1) / math.sqrt(fan_in)
            if config.model_type == "t5" and name.endswith(".q.weight"):
                std *= 1.5 / math.sqrt(config.d_kv)  # T5 does not scale its scores: the weights must
            elif config.model_type == "gpt2" and name.endswith("c_attn.weight") and not config.scale_attn_weights:
                std *= (config.n_head / config.n_embd) ** 0.25  # as above, shared between query and key
            state[name] = std * noise
    return state


# ---- changes of a state: each takes the tensors by name and returns them as some file would hold them

def drop(*parts):
    """Leaves out every tensor whose name contains one of the parts."""
    return lambda state: {k: v for k, v in state.items() if not any(p in k for p in parts)}


def keep_tied_only(kept, group):
    """Of a group of tied names only `kept` is stored, under that name."""
    def change(state):
        value = next(state[n] for n in group if n in state)
        return {k: v for k, v in state.items() if k not in group} | {kept: value}
    return change


def add_prefix(prefix, *heads):
    return lambda state: {k if k.startswith(heads) else prefix + k: v for k, v in state.items()}


def strip_prefix(prefix):
    return lambda state: {k.removeprefix(prefix): v for k, v in state.items()}


def old_layer_norm_names(state):
    return {k.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): v
            for k, v in state.items()}


def add_position_ids(name, length):
    return lambda state: state | {name: torch.arange(length)[None]}


def add_gpt2_masks(layers, positions, prefix=""):
    """The causal mask buffers of old GPT-2 files: attn.bias, and attn.masked_bias of a short time."""
    def change(state):
        for i in range(layers):
            state[f"{prefix}h.{i}.attn.bias"] = torch.ones(1, 1, positions, positions).tril()
            state[f"{prefix}h.{i}.attn.masked_bias"] = torch.tensor(-1e4)
        return state
    return change


def add_random(name, shape, seed=99, std=0.7):
    """A tensor of its own where the model would tie, or one that the model has no use for."""
    return lambda state: state | {name: std * torch.randn(shape, generator=torch.Generator().manual_seed(seed))}


def add_copies(source, *names):
    return lambda state: state | {n: state[source].clone() for n in names}


def cast(dtype):
    """Stores every floating tensor in the type. F64 gets digits that float32 does not have."""
    def change(state):
        if dtype == torch.float64:
            generator = torch.Generator().manual_seed(7)
            return {k: v.double() * (1 + 1e-8 * torch.randn(v.shape, generator=generator, dtype=torch.float64))
                    if v.is_floating_point() else v for k, v in state.items()}
        return {k: v.to(dtype) if v.is_floating_point() else v for k, v in state.items()}
    return change


# ---- files

def write_model(directory, config, state, shards=1):
    """config is config.json word for word: what a fixture does not state, the reader must know as the class's default."""
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    for old in [*directory.glob("*.safetensors"), *directory.glob("*.index.json")]:
        old.unlink()
    write_json(directory / "config.json", config)
    state = {k: v.contiguous() for k, v in state.items()}
    if shards == 1:
        save_file(state, directory / "model.safetensors", metadata={"format": "pt"})
        return
    names, weight_map = list(state), {}
    for i in range(shards):
        file = f"model-{i + 1:05}-of-{shards:05}.safetensors"
        part = names[i::shards]  # dealt round: neighbours lie in different files
        save_file({n: state[n] for n in part}, directory / file, metadata={"format": "pt"})
        weight_map |= {n: file for n in part}
    size = sum(v.numel() * v.element_size() for v in state.values())
    write_json(directory / "model.safetensors.index.json",
               {"metadata": {"total_size": size}, "weight_map": dict(sorted(weight_map.items()))})


def write_json(path, value):
    Path(path).write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
