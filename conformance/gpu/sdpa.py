"""PyTorch's flash attention at the shapes of cuda_bench: sdpa.py FILE writes one JSON object a line."""
import json
import statistics
import sys
import time

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

TOTAL, FEATURES = 16384, 2048


def median_seconds(run):
    run()
    torch.cuda.synchronize()
    start = time.perf_counter()
    run()
    torch.cuda.synchronize()
    repeat = int(min(400, max(3, 0.02 / (time.perf_counter() - start))))
    times = []
    for _ in range(7):
        start = time.perf_counter()
        for _ in range(repeat):
            run()
        torch.cuda.synchronize()
        times.append((time.perf_counter() - start) / repeat)
    return statistics.median(times)


with open(sys.argv[1], "w") as out, torch.no_grad(), sdpa_kernel(SDPBackend.FLASH_ATTENTION):
    for dim in [64, 128]:
        for causal in [False, True]:
            for length in [512, 1024, 2048, 4096, 8192, 16384]:
                shape = (TOTAL // length, FEATURES // dim, length, dim)
                q, k, v = (torch.randn(shape, device="cuda", dtype=torch.bfloat16) for _ in range(3))
                seconds = median_seconds(
                    lambda: torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=causal))
                flops = 4 * length * length * FEATURES * shape[0] / (2 if causal else 1)
                row = {"length": length, "dim": dim, "causal": causal, "us": seconds * 1e6,
                       "tflops": flops / seconds * 1e-12, "torch": torch.__version__}
                out.write(json.dumps(row) + "\n")
                print(row)
