"""From times to what people read."""
import statistics

import numpy as np

from encoder import SORTED

TOLERANCE = {"f32": 1e-3, "bf16": 0.1}  # of hidden states, which are about 1


def row(times, flops, load):
    """Medians, useful GFLOP/s, and how many times faster Gatun is than each side."""
    ours = times["gatun"]
    medians = {name: statistics.median(each) for name, each in times.items()}
    ratios = {name: [theirs / own for theirs, own in zip(each, ours)] for name, each in times.items() if name != "gatun"}
    return {
        "sequences": len(load.ids), "tokens": sum(load.lengths), "generate": load.generate, "rounds": len(ours),
        "ms": {name: round(each, 3) for name, each in medians.items()},
        "gflops": {name: round(flops / each / 1e6, 1) for name, each in medians.items()},
        "gatun_times_faster": {name: round(statistics.median(each), 3) for name, each in ratios.items()},
        "ratio_spread": {name: [round(min(each), 3), round(max(each), 3)] for name, each in ratios.items()},
    }


def agreement(gatuns, peers, load):
    """That sides compute what PyTorch does: error of the hidden state, or tokens until texts part (near ties do)."""
    torch = next((peer for peer in peers if peer.name == "torch"), None)
    if torch is None:
        return None
    theirs = torch.values(load)
    others = {**gatuns, **{peer.name: peer for peer in peers if hasattr(peer, "values") and peer is not torch}}
    if load.generate:
        return {"same_ids": {side: sum(a == b for x, y in zip(each.values(load), theirs) for a, b in zip(x, y))
                             for side, each in others.items()}, "of": sum(len(x) for x in theirs)}
    errors = {}
    for side, each in others.items():
        errors[side] = float(np.abs(np.asarray(each.values(load)) - np.asarray(theirs)).max())
        if not errors[side] < TOLERANCE[getattr(each, "dtype", "f32")]:
            raise SystemExit(f"{load.name}: {side} and PyTorch differ by {errors[side]}: no sense in timing that")
    return {"max_abs_difference": errors}


def best(one, is_sorted):
    """The fastest of a row's fp32 peers."""
    ratios = {name: ratio for name, ratio in one["gatun_times_faster"].items()
              if "*" not in name and name.endswith(SORTED) == is_sorted}
    if not ratios:
        return ""
    name = min(ratios, key=ratios.get)
    return f"{name.removesuffix(SORTED)} {ratios[name]:.2f}x"


def markdown(rows):
    """One table: milliseconds and useful GFLOP/s of Gatun, and of each side its time as a multiple of Gatun's."""
    sides = []
    for one in rows:
        sides += [name for name in one["gatun_times_faster"] if name not in sides]
    columns = [*sides, "best fp32 peer", "best fp32 peer, sorted"]
    lines = ["| model | load | Gatun ms | GFLOP/s | " + " | ".join(columns) + " |",
             "|---|---|---:|---:|" + "---:|" * len(columns)]
    for one in rows:
        cells = [one["model"], one["load"], f"{one['ms']['gatun']:.2f}", f"{one['gflops']['gatun']:.0f}"]
        for name in sides:
            ratio = one["gatun_times_faster"].get(name)
            cells.append("" if ratio is None else f"{ratio:.2f}x ({one['ms'][name]:.2f})")
        lines.append("| " + " | ".join(cells + [best(one, False), best(one, True)]) + " |")
    lines.append("")
    lines.append("Each side: its time as a multiple of Gatun's (above 1: Gatun is faster), and its milliseconds. * is less"
                 " than fp32.")
    for dtype in sorted({one["dtype"] for one in rows} - {"f32"}):
        lines.append(f"Gatun computes in {dtype}.")
    return "\n".join(lines)
