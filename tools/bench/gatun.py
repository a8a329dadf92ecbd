"""Gatun as one long-lived process that measures on demand: gatun bench model DIR --serve."""
import os

from served import Served

LAUNCHER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "bin", "gatun")


class Gatun:
    def __init__(self, directory, threads, tier=None, dtype=None):
        command = [LAUNCHER, "bench", "model", directory, "--serve", "--threads", str(threads)]
        command += ["--tier", tier] if tier else []
        command += ["--dtype", dtype] if dtype else []
        self.served = Served("gatun", command)
        self.tier = self.served.ready["tier"]
        self.dtype = self.served.ready["dtype"]
        self._flops = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.served.close()

    def java_home(self):
        """Of the JDK that the launcher found: its last act is to become that java."""
        return os.path.dirname(os.path.dirname(os.readlink(f"/proc/{self.served.process.pid}/exe")))

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
        if load.generate:
            request.update(generate=load.generate)
        return self.served.ask(ids=load.ids, **request)
