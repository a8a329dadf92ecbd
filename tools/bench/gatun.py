"""Gatun as one long-lived process that measures on demand: gatun bench model DIR --serve."""
import json
import os
import subprocess

LAUNCHER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "bin", "gatun")


class Gatun:
    def __init__(self, directory, threads, tier=None):
        command = [LAUNCHER, "bench", "model", directory, "--serve", "--threads", str(threads)]
        self.process = subprocess.Popen(command + (["--tier", tier] if tier else []), stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.tier = self._answer()["tier"]
        self._flops = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()

    def side(self, load):
        """Takes turns as rounds.calls does, in its own process; gives the median milliseconds."""
        warm = self._ask(load, seconds=0.1, warmup=2)  # for the JIT
        self._flops[load.name] = warm["gflops"] * warm["median_ms"] * 1e6
        return lambda seconds: self._ask(load, seconds=seconds)["median_ms"]

    def values(self, load):
        """ids written behind each sequence, or the last hidden state of each sequence's last token"""
        answer = self._ask(load, values=True)
        return answer["ids"] if load.generate else answer["last_token"]

    def flops(self, load):
        """Useful operations of one call, counted by Gatun; see gatun bench model --help."""
        return self._flops[load.name]

    def _ask(self, load, **request):
        request.update(ids=load.ids)
        if load.generate:
            request.update(generate=load.generate)
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return self._answer()

    def _answer(self):
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"gatun ended with status {self.process.wait()}")
        answer = json.loads(line)
        if "error" in answer:
            raise SystemExit("gatun: " + answer["error"])
        return answer
