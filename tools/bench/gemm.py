#!/usr/bin/env python3
"""Gatun's linear layers against oneDNN's, both with weights packed beforehand, taking turns in one process.

    tools/bench/gemm.py                          BERT-base and MiniLM layers, 1 to 1024 rows, fp32 and bf16
    tools/bench/gemm.py --rows 8,128 --dtypes f32

oneDNN is the one in PyTorch, through the operators that torch.compile calls. A turn repeats one side for --window
seconds; the ratio is the median over rounds of oneDNN's time over ours, above 1: Gatun is faster. Needs torch, and the
library that `kernels-native/build.sh` or Maven built.
"""
import argparse
import ctypes
import os
import statistics
import time

LIBRARY = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "kernels-native", "target", "classes",
                       "native", "linux-x86_64", "libgatun.so")
LAYERS = "768x2304,768x768,768x3072,3072x768,384x1536,1536x384"
DTYPES = {"f32": 0, "bf16": 2}


class ContextParams(ctypes.Structure):
    _fields_ = [("struct_size", ctypes.c_uint32), ("threads", ctypes.c_int32), ("tier", ctypes.c_int32)]


class LinearParams(ctypes.Structure):
    _fields_ = [("struct_size", ctypes.c_uint32), ("activation", ctypes.c_int32), ("rows", ctypes.c_int64),
                ("x_stride", ctypes.c_int64), ("y_stride", ctypes.c_int64), ("residual_stride", ctypes.c_int64),
                ("scale", ctypes.c_float)]


class Gatun:
    """The C library, called without Java in between."""

    def __init__(self, library, threads):
        self.library = ctypes.CDLL(library)
        self.message = ctypes.create_string_buffer(512)
        self.context = ctypes.c_void_p()
        params = ContextParams(ctypes.sizeof(ContextParams), threads, -1)
        self.call("gt_context_create", ctypes.byref(params), ctypes.byref(self.context))

    def call(self, name, *arguments):
        if getattr(self.library, name)(*arguments, self.message, ctypes.c_size_t(512)) != 0:
            raise SystemExit(self.message.value.decode())

    def linear(self, weight, bias, dtype):
        """Packs torch tensors; gives the handle."""
        rows, features = weight.shape
        linear = ctypes.c_void_p()
        self.call("gt_linear_create", self.context, ctypes.c_int64(features), ctypes.c_int64(rows), DTYPES[dtype], 0,
                  ctypes.byref(linear))
        self.call("gt_linear_pack", self.context, linear, ctypes.c_int64(0), ctypes.c_int64(rows),
                  ctypes.c_void_p(weight.data_ptr()), 0, 0, ctypes.c_void_p(bias.data_ptr()), 0)
        return linear

    def forward(self, linear, x, y):
        params = LinearParams(ctypes.sizeof(LinearParams), 0, x.shape[0], x.shape[1], y.shape[1], 0, 1)
        arguments = (self.context, linear, ctypes.c_void_p(x.data_ptr()), None, ctypes.c_void_p(y.data_ptr()),
                     ctypes.byref(params))
        return lambda: self.call("gt_linear_forward", *arguments)

    def free(self, linear):
        self.library.gt_linear_destroy(self.context, linear)


def turn(function, window, pause):
    """Seconds of one call, over as many calls as fit, after the other side's threads have gone to sleep."""
    time.sleep(pause)
    function()
    start = time.perf_counter()
    function()
    calls = int(window / max(time.perf_counter() - start, 1e-7)) + 1
    start = time.perf_counter()
    for _ in range(calls):
        function()
    return (time.perf_counter() - start) / calls


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--layers", default=LAYERS, help="INxOUT (%(default)s)")
    parser.add_argument("--rows", default="1,8,16,32,128,512,1024", help="(%(default)s)")
    parser.add_argument("--dtypes", default="f32,bf16", help="(%(default)s)")
    parser.add_argument("--threads", type=int, default=1,
                        help="(%(default)s; with more, the other side's thread may still hold a core when ours begins)")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--window", type=float, default=0.01, help="seconds of a turn (%(default)s)")
    parser.add_argument("--pause", type=float, default=0, help="seconds before a turn (%(default)s)")
    parser.add_argument("--library", default=LIBRARY)
    args = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = str(args.threads)
    import torch

    torch.set_num_threads(args.threads)
    torch.set_grad_enabled(False)
    gatun = Gatun(args.library, args.threads)
    print("| rows x in x out | dtype | Gatun GFLOP/s | oneDNN GFLOP/s | oneDNN's time / Gatun's |\n|---|---|---:|---:|---:|")
    for dtype in args.dtypes.split(","):
        kind = torch.bfloat16 if dtype == "bf16" else torch.float32
        for layer in args.layers.split(","):
            features, out = map(int, layer.split("x"))
            weight, bias = 0.05 * torch.randn(out, features), torch.randn(out)
            linear = gatun.linear(weight, bias, dtype)
            for rows in map(int, args.rows.split(",")):
                x, y = torch.randn(rows, features), torch.empty(rows, out)
                theirs_x, theirs_bias = x.to(kind), bias.to(kind)
                packed = torch.ops.mkldnn._reorder_linear_weight(weight.to(kind), rows)
                sides = (gatun.forward(linear, x, y),
                         lambda: torch.ops.mkldnn._linear_pointwise(theirs_x, packed, theirs_bias, "none", [], ""))
                sides[0]()
                difference = (y - sides[1]().float()).abs().max().item()
                if difference > (0.2 if dtype == "bf16" else 1e-3):
                    raise SystemExit(f"{rows}x{layer} {dtype}: the two differ by {difference}")
                times = [[turn(side, args.window, args.pause) for side in sides] for _ in range(args.rounds)]
                ours, theirs = (2 * rows * features * out / statistics.median(t[i] for t in times) / 1e9 for i in (0, 1))
                ratio = statistics.median(t[1] / t[0] for t in times)
                print(f"| {rows} x {features} x {out} | {dtype} | {ours:.0f} | {theirs:.0f} | {ratio:.2f} |", flush=True)
            gatun.free(linear)


if __name__ == "__main__":
    main()
