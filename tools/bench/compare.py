#!/usr/bin/env python3
"""Gatun against PyTorch (eager, SDPA attention) on the same model directory, inputs and threads, in one run.

The two sides take turns (one window of a few seconds each, several rounds), so that a noisy machine hits both alike;
the figure to read is the ratio of the medians.

    tools/bench/compare.py MODEL_DIR [--lengths 8x128] [--threads 2] [--rounds 5] [--seconds 3]

Needs torch and transformers in the Python that runs it, and the launcher tools/bin/gatun beside it.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import time

GATUN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "bin", "gatun")


def parse_lengths(text):
    """8x128 -> eight sequences of 128 tokens; 16,77,512 -> three sequences."""
    if "x" in text:
        batch, length = (int(part) for part in text.split("x"))
        return [length] * batch
    return [int(part) for part in text.split(",")]


def gatun_window(args, lengths):
    command = [GATUN, "bench", "model", args.model, "--lengths", lengths, "--threads", str(args.threads),
               "--seconds", str(args.seconds), "--json"]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def torch_window(forward, seconds):
    times = []
    end = time.perf_counter() + seconds
    while len(times) < 3 or time.perf_counter() < end:
        start = time.perf_counter()
        forward()
        times.append((time.perf_counter() - start) * 1e3)
    return statistics.median(times)


def torch_forward(args, lengths):
    import torch
    import transformers

    torch.set_num_threads(args.threads)
    torch.set_grad_enabled(False)
    config = transformers.AutoConfig.from_pretrained(args.model)
    model = getattr(transformers, config.architectures[0]).from_pretrained(args.model, dtype=torch.float32).eval()
    longest = max(lengths)
    generator = torch.Generator().manual_seed(1)
    ids = torch.randint(5, config.vocab_size, (len(lengths), longest), generator=generator)
    inputs = {"input_ids": ids}
    if len(set(lengths)) > 1:  # an all-ones mask would cost PyTorch its fast path for nothing
        inputs["attention_mask"] = (torch.arange(longest)[None, :] < torch.tensor(lengths)[:, None]).long()
    if config.is_encoder_decoder:
        inputs["decoder_input_ids"] = torch.zeros(len(lengths), 1, dtype=torch.long)
    model(**inputs)
    return lambda: model(**inputs)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--lengths", default="8x128", help="8x128, or 16,77,512")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3)
    args = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = str(args.threads)

    lengths = parse_lengths(args.lengths)
    forward = torch_forward(args, lengths)
    ours, theirs = [], []
    for number in range(args.rounds):
        window = gatun_window(args, args.lengths)
        ours.append(window["median_ms"])
        theirs.append(torch_window(forward, args.seconds))
        print(f"round {number + 1}/{args.rounds}: gatun {ours[-1]:.2f} ms ({window['tier']}), "
              f"PyTorch {theirs[-1]:.2f} ms", file=sys.stderr)
    ratio = statistics.median(t / o for t, o in zip(theirs, ours))
    print(json.dumps({"model": os.path.basename(os.path.normpath(args.model)), "lengths": args.lengths,
                      "threads": args.threads, "gatun_ms": statistics.median(ours),
                      "pytorch_ms": statistics.median(theirs), "gatun_times_faster": round(ratio, 3)}))


if __name__ == "__main__":
    main()
