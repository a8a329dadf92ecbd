"""The report of `run`, over stubs of all that it starts: it is there however a run ends, and says what was not run."""
import importlib.machinery
import importlib.util
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

SCRIPT = Path(__file__).resolve().with_name("run")

GATUN = """
case "$*" in
  *"verify "*--json*) echo "[loading] one moment" >&2
    echo '[{"directory": "/m/bert", "passed": true, "checks": [{"passed": true, "limit": 2, "max_abs_error": 1}]}]' ;;
  *bench*) echo '{"model": "/a/path", "dtype": "f32", "median_ms": 1, "tokens_per_s": 2, "gflops": 3}' ;;
esac
"""
BENCH = """
echo '{"kind": "gemm", "shape": "s", "dtype": "f32", "us": 1, "rate": 2, "unit": "TFLOP/s", "share_of_peak": 1}' > "$2"
echo '{"kind": "attention", "shape": "2 x 512 tokens, 2 heads of 64, causal", "dtype": "bf16", "us": 1, "rate": 6,
       "unit": "TFLOP/s", "share_of_peak": 0.5}' | tr -d '\\n' >> "$2"
"""
SANITIZER = """
while case "$1" in --*) true ;; *) false ;; esac do shift 2; done
exec "$@"
"""
TORCH = """
__version__ = "0"
class cuda:
    is_available = staticmethod(lambda: USABLE)
"""
SDPA = """
import json, sys
row = {"length": 512, "dim": 64, "causal": True, "tflops": 3.0}
open(sys.argv[1], "w").write(json.dumps(row) + "\\n")
"""


def run_on(root, arguments):
    """This process as `run` in a project of stubs."""
    loader = importlib.machinery.SourceFileLoader("gpu_run", str(SCRIPT))
    gpu = importlib.util.module_from_spec(importlib.util.spec_from_loader("gpu_run", loader))
    loader.exec_module(gpu)
    gpu.HERE, gpu.ROOT, gpu.BUILD, gpu.GATUN = root, root, root / "build", root / "gatun"
    gpu.SANITIZERS = [str(root / "sanitizer")]
    sys.argv = ["run", "--out", str(root / "report"), "--models", str(root / "none"), *arguments]
    sys.exit(gpu.main())


class ReportTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        self.command("bin/mvn", "")
        self.command("gatun", GATUN)
        self.command("build/tests/cuda/cuda_norm_test", "")
        self.command("build/tests/cuda/cuda_linear_test", "")
        self.command("build/bench/cuda_bench", BENCH)
        self.file("random_model.py", "import os, sys\nos.makedirs(sys.argv[2])\n")
        self.file("sdpa.py", SDPA)
        self.file("python/torch.py", TORCH.replace("USABLE", "False"))

    def file(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def command(self, name, text):
        self.file(name, "#!/bin/sh\n" + text).chmod(0o755)

    def start(self, *arguments):
        env = {**os.environ, "PATH": f"{self.root / 'bin'}:{os.environ['PATH']}", "PYTHONDONTWRITEBYTECODE": "1",
               "PYTHONPATH": str(self.root / "python")}
        return subprocess.Popen([sys.executable, __file__, "--run", str(self.root), *arguments], env=env, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def report(self, process, status):
        text, _ = process.communicate(timeout=60)
        self.assertEqual(process.returncode, status, text)
        self.markdown = (self.root / "report/report.md").read_text()
        self.json = json.loads((self.root / "report/report.json").read_text())
        return {step["name"]: step for step in self.json["steps"]}

    def says(self, step, passed, reason):
        self.assertEqual(step["passed"], passed, step)
        self.assertIn(reason, step["reason"])
        self.assertIn(step["reason"].replace("|", "\\|"), self.markdown)

    def test_all_there(self):
        self.command("sanitizer", SANITIZER)
        self.file("python/torch.py", TORCH.replace("USABLE", "True"))
        steps = self.report(self.start(), 0)
        self.assertTrue(all(step["passed"] for step in steps.values()), steps)
        self.assertIn("racecheck cuda_norm_test", steps)
        self.assertIn("op cuda_linear_test without cuBLASLt", steps)
        self.assertIn("| f32 | 1 | 1 | 0.50 | bert |", self.markdown)
        self.assertIn("| 6.0 | 50% | 2.00x |", self.markdown)
        self.assertEqual(len(self.json["bench"]["models"]), 8)
        self.assertIn("| gpt2 | 16 | f32 |", self.markdown)

    def test_what_is_missing_is_skipped(self):
        steps = self.report(self.start("--skip", "verify"), 0)
        self.says(steps["verify"], None, "left out by --skip")
        self.says(steps["compute-sanitizer"], None, "it is not installed")
        self.says(steps["bench PyTorch's attention"], None, "torch 0 of this python sees no GPU")
        self.file("python/torch.py", "raise OSError('libcudart is broken')")
        steps = self.report(self.start("--skip", "build"), 0)
        self.says(steps["bench PyTorch's attention"], None, "no torch: OSError: libcudart is broken")

    def test_what_fails_is_named_and_the_rest_goes_on(self):
        self.command("build/tests/cuda/cuda_norm_test", "echo 'norm | 3 failures'; exit 1")
        self.command("gatun", "case $* in *--json*) echo wrong;; esac")
        self.command("build/bench/cuda_bench", "echo 'no memory' > $2")
        steps = self.report(self.start(), 1)
        self.says(steps["op cuda_norm_test"], False, "norm | 3 failures")
        self.says(steps["results of verify bf16"], False, "no JSON")
        self.says(steps["bench"], False, "JSONDecodeError")
        self.assertTrue(steps["op cuda_linear_test"]["passed"])

    def test_no_build_and_no_device(self):
        self.command("gatun", "echo 'gatun: no driver'; exit 1")
        steps = self.report(self.start(), 1)
        self.says(steps["cuda:0 can be used"], False, "gatun: no driver")
        self.says(steps["ops"], None, "cuda:0 can't be used")
        self.command("bin/mvn", "exit 1")
        steps = self.report(self.start(), 1)
        self.says(steps["build"], False, "status 1")
        self.says(steps["bench"], None, "the build did not pass")

    def test_out_of_time(self):
        self.command("build/tests/cuda/cuda_linear_test", "sleep 50 & sleep 50")  # what holds on to the output
        steps = self.report(self.start("--minutes", "0.05"), 1)
        self.says(steps["op cuda_linear_test"], False, "stopped after")
        self.says(steps["verify f32"], None, "out of time")

    def test_ended_from_outside(self):
        self.command("build/tests/cuda/cuda_linear_test", f"echo $$ > {self.root}/started; sleep 50 & wait")
        process = self.start()
        while not (self.root / "started").exists() or not (self.root / "started").read_text().strip():
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        steps = self.report(process, 1)
        self.says(steps["op cuda_linear_test"], False, "ended from outside")
        self.says(steps["the rest"], None, "ended from outside")
        with self.assertRaises(ProcessLookupError):
            os.kill(int((self.root / "started").read_text()), 0)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--run"]:
        run_on(Path(sys.argv[2]), sys.argv[3:])
    unittest.main()
