#!/usr/bin/env python3
"""Gatun against other runtimes: the same models, inputs and threads, all taking turns in one run.

    tools/bench/compare.py                                  everything, an hour or so
    tools/bench/compare.py --models minilm --loads 8x128    one row
    tools/bench/compare.py --quick                          tiny models, some minutes: does it all still run?

Models have random weights (speed doesn't depend on them) of published shapes: BERT-base, MiniLM (6 layers of 384), GPT-2
and T5-small. They are written once by transformers; Gatun and the peers read the same weights. One that can't be imported
or built is skipped, with the reason printed.

    peer                computes                                                           runs
    torch               PyTorch eager (SDPA attention)                                     all models
    torch.compile       the same through Inductor, compiled for each shape beforehand      encoders
    onnxruntime         ONNX Runtime, exported, then its BERT optimiser                    encoders
    openvino            OpenVINO in fp32 and bf16                                          encoders
    onnxruntime-java    ONNX Runtime's Java binding on the same optimised file             encoders
    djl-pytorch         DJL on LibTorch, a TorchScript trace of PyTorch's model            encoders
    ctranslate2         CTranslate2 in fp32 and int8                                       gpt2, t5-small

Encoders are minilm and bert-base. The Java peers are built when needed (java-peers/, with mvn and the launcher's JDK), each
a JVM of its own, as Gatun is. --bf16 adds Gatun in bf16 as one more side; --dtype is what the side "gatun" computes in.

How it measures: a round gives each side one turn: a pause in which the others' threads go to sleep, a call that doesn't
count, then calls for --window seconds, whose median is kept (a call longer than that is made once and counts). The ratio
of a row is the median over rounds of peer / Gatun of one round: noise that lasts longer than a round hits both. Sides
marked * compute in less than fp32; the best fp32 peer is the one of the lowest ratio among the others.

Mixed lengths: peers get the batch padded, and in a column of their own (sorted) cut into batches of similar length, of the
size that is best for each (torch.compile: best for eager, at least 2, and minutes to compile). Before anything is timed,
what Gatun, torch.compile and the Java peers give is compared with PyTorch's.

Needs torch, transformers and the launcher tools/bin/gatun; the rest: onnx onnxruntime openvino ctranslate2, a C++ compiler
(torch.compile), Maven (Java peers).
Prints JSON lines (--out also writes them to a file), then a table in Markdown.
"""
import argparse
import contextlib
import json
import os
import sys
import tempfile


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", default="minilm,bert-base,gpt2,t5-small", help="which of these (%(default)s)")
    parser.add_argument("--loads", help="only rows of these names, as 8x128,mixed,decode-128")
    parser.add_argument("--peers", help="(%(default)s)", default="torch,torch.compile,onnxruntime,openvino,"
                        "onnxruntime-java,djl-pytorch,ctranslate2")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--window", type=float, default=1.0, help="seconds of one turn (%(default)s)")
    parser.add_argument("--pause", type=float, default=0.25, help="seconds between turns (%(default)s)")
    parser.add_argument("--tier", help="Gatun's kernels: reference, avx2, avx512, avx512_bf16")
    parser.add_argument("--dtype", choices=("f32", "bf16"), help="what Gatun computes in")
    parser.add_argument("--bf16", action="store_true", help="measure Gatun in bf16, too, as a side of its own")
    parser.add_argument("--dir", help="where models are kept for another run; default a temporary folder")
    parser.add_argument("--out", help="file for the JSON lines")
    parser.add_argument("--quick", action="store_true", help="tiny models, two short rounds: a test of this script")
    args = parser.parse_args()
    if args.quick:
        args.rounds, args.window, args.pause = 2, 0.05, 0.01
    return args


def main():
    args = arguments()
    # Before the libraries are loaded: they read these once.
    os.environ["OMP_NUM_THREADS"] = str(args.threads)
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    import report
    import workloads
    from gatun import Gatun
    from peers import open_peers, sides_of
    from rounds import take_turns
    from served import Failed

    keep = args.dir or tempfile.mkdtemp(prefix="gatun-bench-")
    os.makedirs(keep, exist_ok=True)
    print(f"models in {keep}", file=sys.stderr)
    rows = []
    out = open(args.out, "w") if args.out else None
    try:
        for name in args.models.split(","):
            loads = workloads.loads(name, args.quick, args.loads.split(",") if args.loads else None)
            if not loads:
                continue
            directory = workloads.model_directory(keep, name, args.quick, args.threads)
            with contextlib.ExitStack() as stack:
                gatuns = {"gatun": stack.enter_context(Gatun(directory, args.threads, args.tier, args.dtype))}
                if args.bf16:
                    gatuns["gatun bf16*"] = stack.enter_context(Gatun(directory, args.threads, args.tier, "bf16"))
                gatun = gatuns["gatun"]
                peers = stack.enter_context(open_peers(name, directory, args, gatun.java_home()))
                for load in loads:
                    sides = {side: each.side(load) for side, each in gatuns.items()}
                    sides.update(sides_of(peers, load, name))
                    print(f"{name} {load.name}: {', '.join(sides)}", file=sys.stderr)
                    row = {"model": name, "load": load.name, "threads": args.threads, "tier": gatun.tier,
                           "dtype": gatun.dtype}
                    row["agreement"] = report.agreement(gatuns, peers, load)
                    times = take_turns(sides, args.rounds, args.window, args.pause)
                    row.update(report.row(times, gatun.flops(load), load))
                    rows.append(row)
                    line = json.dumps(row)
                    print(line, flush=True)
                    if out:
                        print(line, file=out, flush=True)
    except Failed as e:
        raise SystemExit(e)
    finally:
        if out:
            out.close()
    print()
    print(report.markdown(rows))


if __name__ == "__main__":
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    main()
