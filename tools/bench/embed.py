#!/usr/bin/env python3
"""Texts to vectors, tokenizing included: Gatun against what else gives the vectors of all-MiniLM-L6-v2, taking turns in one run.

    tools/bench/embed.py MODEL_DIR                              everything, half an hour or so
    tools/bench/embed.py MODEL_DIR --profiles mixed --batches 32

    peer                    computes
    sentence-transformers   PyTorch, SentenceTransformer.encode
    openvino                OpenVINO in fp32, the tokenizer of transformers, mean pooling in numpy
    onnxruntime-java        ONNX Runtime's Java binding on the optimised graph, DJL's tokenizer, mean pooling
    langchain4j             AllMiniLmL6V2EmbeddingModel.embedAll, on as many threads

A load is a profile of lengths and a number of texts that one call gets: --profiles short (16 tokens each), long (128),
mixed (log-normal around 48 tokens, 8 to 256). Texts are taken from --text. Each peer pads as it does by itself, and is given the
whole call; sentence-transformers sorts and cuts by itself. Before anything is timed, the vectors of all are compared with
sentence-transformers'. How it measures: see compare.py.
"""
import argparse
import contextlib
import json
import os
import statistics
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="a sentence-transformers directory with a BERT backbone, mean pooling and Normalize")
    parser.add_argument("--text", required=True, help="a file of English text to cut texts from")
    parser.add_argument("--profiles", default="short,long,mixed")
    parser.add_argument("--batches", default="1,8,32,128", help="texts of one call (%(default)s)")
    parser.add_argument("--peers", default="sentence-transformers,openvino,onnxruntime-java,langchain4j")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--window", type=float, default=0.5, help="seconds of one turn (%(default)s)")
    parser.add_argument("--pause", type=float, default=0.25, help="seconds between turns (%(default)s)")
    parser.add_argument("--dir", help="where exported graphs are kept for another run; default a temporary folder")
    parser.add_argument("--out", help="file for the JSON lines")
    return parser.parse_args()


def texts_of(lengths, words, tokenizer):
    """Texts of these numbers of tokens, special ones included, as near as whole words allow."""
    texts, at = [], 0
    for length in lengths:
        count = max(1, length - 2)
        text = " ".join(words[at % len(words):][:count])
        while len(tokenizer(text)["input_ids"]) > length and count > 1:
            count -= 1
            text = " ".join(words[at % len(words):][:count])
        at = (at + count) % (len(words) - 600)
        texts.append(text)
    return texts


def lengths_of(profile, count):
    from workloads import mixed_lengths

    if profile == "mixed":
        return mixed_lengths(max(count, 8), 8, 256, 48)[:count]
    return [{"short": 16, "long": 128}[profile]] * count


def main():
    args = arguments()
    os.environ["OMP_NUM_THREADS"] = str(args.threads)
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    import embed_peers
    from rounds import take_turns

    keep = args.dir or tempfile.mkdtemp(prefix="gatun-bench-")
    os.makedirs(keep, exist_ok=True)
    with open(args.text, encoding="utf-8") as file:
        words = file.read().split()
    out = open(args.out, "w") if args.out else None
    rows = []
    directory = embed_peers.linked(args.model, keep)
    with contextlib.ExitStack() as stack:
        gatun = stack.enter_context(contextlib.closing(embed_peers.Gatun(directory, args.threads)))
        peers = []
        for name in args.peers.split(","):
            try:
                peer = embed_peers.KINDS[name](directory, args.threads, gatun.java_home())
            except Exception as e:
                print(f"skipped {name}: {type(e).__name__}: {str(e)[:300]}", file=sys.stderr)
                continue
            peers.append(stack.enter_context(contextlib.closing(peer)))
        tokenizer = embed_peers.tokenizer_of(directory)
        for profile in args.profiles.split(","):
            for count in map(int, args.batches.split(",")):
                texts = texts_of(lengths_of(profile, count), words, tokenizer)
                tokens = sum(len(ids) for ids in tokenizer(texts)["input_ids"])
                sides = {side.name: side.turn(texts) for side in [gatun, *peers]}
                row = {"profile": profile, "texts": count, "tokens": tokens, "differences": differences(gatun, peers, texts)}
                times = take_turns(sides, args.rounds, args.window, args.pause)
                row["gatun_ms"] = statistics.median(times["gatun"])
                row["ratios"] = {name: statistics.median(p / g for p, g in zip(series, times["gatun"]))
                                 for name, series in times.items() if name != "gatun"}
                rows.append(row)
                line = json.dumps(row)
                print(line, flush=True)
                if out:
                    print(line, file=out, flush=True)
    print()
    print(markdown(rows))


def differences(gatun, peers, texts):
    """Largest difference of each peer's vectors from Gatun's."""
    import numpy as np

    ours = np.asarray(gatun.vectors(texts))
    return {peer.name: float(np.abs(np.asarray(peer.vectors(texts)) - ours).max()) for peer in peers}


def markdown(rows):
    names = list(rows[0]["ratios"])
    lines = ["| profile | texts a call | tokens | Gatun ms | texts/s | " + " | ".join(names) + " |",
             "|" + " --- |" * (5 + len(names))]
    for row in rows:
        cells = [row["profile"], row["texts"], row["tokens"], f"{row['gatun_ms']:.2f}",
                 f"{row['texts'] / row['gatun_ms'] * 1e3:.0f}", *(f"{row['ratios'][name]:.2f}" for name in names)]
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.path.insert(0, HERE)
    main()
