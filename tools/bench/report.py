"""From times to what people read."""
import statistics

import numpy as np


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


def agreement(gatun, peers, load):
    """That the two sides compute the same: error of the hidden state, or tokens until texts part (near ties do)."""
    torch = next((peer for peer in peers if peer.name == "torch"), None)
    if torch is None:
        return None
    ours, theirs = gatun.values(load), torch.values(load)
    if load.generate:
        return {"same_ids": sum(a == b for x, y in zip(ours, theirs) for a, b in zip(x, y)),
                "of": sum(len(x) for x in theirs)}
    error = float(np.abs(np.asarray(ours) - np.asarray(theirs)).max())
    if not error < 1e-3:
        raise SystemExit(f"{load.name}: Gatun and PyTorch differ by {error}: no sense in timing that")
    return {"max_abs_difference": error}


def markdown(rows):
    """One table: milliseconds and useful GFLOP/s of Gatun, and of each side its time as a multiple of Gatun's."""
    sides = []
    for one in rows:
        sides += [name for name in one["gatun_times_faster"] if name not in sides]
    lines = ["| model | load | Gatun ms | GFLOP/s | " + " | ".join(sides) + " |",
             "|---|---|---:|---:|" + "---:|" * len(sides)]
    for one in rows:
        cells = [one["model"], one["load"], f"{one['ms']['gatun']:.2f}", f"{one['gflops']['gatun']:.0f}"]
        for name in sides:
            ratio = one["gatun_times_faster"].get(name)
            cells.append("" if ratio is None else f"{ratio:.2f}x ({one['ms'][name]:.2f})")
        lines.append("| " + " | ".join(cells) + " |")
    lines.append("")
    lines.append("Each peer: its time as a multiple of Gatun's (above 1: Gatun is faster), and its milliseconds. * is less"
                 " than fp32.")
    return "\n".join(lines)
