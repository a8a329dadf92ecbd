#!/usr/bin/env python3
"""Trains the small character-level GPT-2 in tools/models/tiny-shakespeare and writes it as a Hugging Face directory.

    python train_tiny_shakespeare.py tinyshakespeare.txt ../models/tiny-shakespeare

An epoch is one pass over the training split (the first 90% of the text) cut into non-overlapping windows; the cut starts at
a new random offset each epoch. The checkpoint with the lowest validation loss is kept. One CPU thread, fixed seed.
"""
import argparse
import copy
import json
import math
import time
from pathlib import Path

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, decoders, models
from torch.nn.functional import cross_entropy
from transformers import GPT2Config, GPT2LMHeadModel


def parse_args():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("text", type=Path, help="the training text, UTF-8")
    p.add_argument("out", type=Path, help="directory to write")
    p.add_argument("--epochs", type=int, default=20)
    p.add_argument("--batch", type=int, default=8, help="windows per step")
    p.add_argument("--block", type=int, default=256, help="window length in characters")
    p.add_argument("--lr", type=float, default=2e-3)
    p.add_argument("--dropout", type=float, default=0.1, help="on embeddings and residuals (not on attention weights)")
    p.add_argument("--seed", type=int, default=1337)
    p.add_argument("--threads", type=int, default=1)
    p.add_argument("--resume", type=Path, default=None, metavar="DIR",
                   help="begin with the weights of this directory instead of random ones")
    p.add_argument("--epochs-done", type=int, default=0, help="how many of --epochs the resumed weights already saw")
    p.add_argument("--max-steps", type=int, default=None, help="stop early, to measure the speed")
    return p.parse_args()


def windows(ids, block, offset):
    """Non-overlapping [n, block] inputs and their next characters."""
    n = (len(ids) - 1 - offset) // block
    x = ids[offset:offset + n * block].view(n, block)
    y = ids[offset + 1:offset + 1 + n * block].view(n, block)
    return x, y


@torch.no_grad()
def mean_loss(model, x, y, batch=32):
    """Mean cross-entropy in nats per character, without dropout."""
    model.eval()
    total = sum(cross_entropy(model(a).logits.flatten(0, 1), b.flatten(), reduction="sum").item()
                for a, b in zip(x.split(batch), y.split(batch)))
    model.train()
    return total / y.numel()


def character_tokenizer(characters):
    """BPE without merges and without a pre-tokeniser: one token per character, whitespace included; Fuse joins them back."""
    tokenizer = Tokenizer(models.BPE(vocab={c: i for i, c in enumerate(characters)}, merges=[]))
    tokenizer.decoder = decoders.Fuse()
    return tokenizer


def write_json(path, value):
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def save(out, config, state, tokenizer):
    out.mkdir(parents=True, exist_ok=True)
    config = copy.deepcopy(config)
    config.activation_function = "gelu_new"
    config.save_pretrained(out)
    # The causal masks are buffers and lm_head is the embedding: neither is stored, as in files that transformers writes.
    tensors = {k: v.contiguous() for k, v in state.items() if not k.endswith(".attn.bias") and k != "lm_head.weight"}
    save_file(tensors, out / "model.safetensors", metadata={"format": "pt"})
    write_json(out / "generation_config.json", {"do_sample": False})
    tokenizer.save(str(out / "tokenizer.json"))
    write_json(out / "tokenizer_config.json", {
        "clean_up_tokenization_spaces": False,
        "model_max_length": config.n_positions,
        "tokenizer_class": "PreTrainedTokenizerFast",
    })


def main():
    args = parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)

    text = args.text.read_text(encoding="utf-8")
    characters = sorted(set(text))
    tokenizer = character_tokenizer(characters)
    index = {c: i for i, c in enumerate(characters)}
    ids = torch.tensor([index[c] for c in text])
    sample = text[:5000]
    assert tokenizer.encode(sample).ids == ids[:5000].tolist() and tokenizer.decode(ids[:5000].tolist()) == sample
    split = int(0.9 * len(ids))
    train, validation = ids[:split], ids[split:]

    config = GPT2Config(
        # gelu_pytorch_tanh is gelu_new in one fused operation; the file is saved with the usual name.
        activation_function="gelu_pytorch_tanh",
        vocab_size=len(characters), n_positions=args.block, n_embd=128, n_layer=4, n_head=4,
        resid_pdrop=args.dropout, embd_pdrop=args.dropout, attn_pdrop=0.0,
        bos_token_id=None, eos_token_id=None, architectures=["GPT2LMHeadModel"], dtype="float32")
    model = GPT2LMHeadModel(config)
    if args.resume:
        model.load_state_dict(GPT2LMHeadModel.from_pretrained(args.resume, dtype=torch.float32).state_dict())
    model.train()
    decay = [p for p in model.parameters() if p.dim() >= 2]
    rest = [p for p in model.parameters() if p.dim() < 2]
    optimizer = torch.optim.AdamW([{"params": decay, "weight_decay": 0.1}, {"params": rest, "weight_decay": 0.0}],
                                  lr=args.lr, betas=(0.9, 0.99))
    steps = (args.epochs - args.epochs_done) * math.ceil(len(train) / args.block / args.batch)
    warmup = 100

    def schedule(step):
        if step < warmup:
            return (step + 1) / warmup
        return 0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * min(1.0, (step - warmup) / (steps - warmup))))
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, schedule)

    print(f"{sum(p.numel() for p in model.parameters())} parameters, {len(characters)} characters, "
          f"{len(train)} training and {len(validation)} validation characters, {steps} steps", flush=True)
    validation_x, validation_y = windows(validation, args.block, 0)
    best, step, start = math.inf, 0, time.time()
    for epoch in range(args.epochs_done + 1, args.epochs + 1):
        x, y = windows(train, args.block, int(torch.randint(args.block, ())))
        seen = 0.0
        order = torch.randperm(len(x)).split(args.batch)
        for rows in order:
            loss = cross_entropy(model(x[rows]).logits.flatten(0, 1), y[rows].flatten())
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            scheduler.step()
            seen += loss.item()
            step += 1
            if step % 50 == 0:
                print(f"  step {step}/{steps} loss {loss.item():.4f} {1000 * (time.time() - start) / step:.0f} ms/step",
                      flush=True)
            if step == args.max_steps:
                return
        validation_loss = mean_loss(model, validation_x, validation_y)
        kept = validation_loss < best
        print(f"epoch {epoch}/{args.epochs} train {seen / len(order):.4f} (with dropout) validation {validation_loss:.4f} "
              f"{time.time() - start:.0f} s{' kept' if kept else ''}", flush=True)
        if kept:
            best = validation_loss
            save(args.out, config, model.state_dict(), tokenizer)

    shipped = GPT2LMHeadModel.from_pretrained(args.out, dtype=torch.float32)
    train_loss = mean_loss(shipped, *windows(train, args.block, 0))
    validation_loss = mean_loss(shipped, validation_x, validation_y)
    print(f"shipped checkpoint, without dropout: train {train_loss:.4f} validation {validation_loss:.4f} nats per character")


if __name__ == "__main__":
    main()
