#!/usr/bin/env python3
"""How long a fresh process takes to its first vector of all-MiniLM-L6-v2, and the memory it takes, side after side in each round.

    tools/bench/cold_start.py MODEL_DIR

    side                    is
    gatun                   a program on the class path (start/GatunStart.java), from the start of the JVM
    gatun aot               the same with an AOT cache that one start has recorded (JEP 514)
    langchain4j             AllMiniLmL6V2EmbeddingModel, from the start of the JVM
    sentence-transformers   from the start of the Python process

Prints medians as a table in Markdown. Memory is the most that was resident.
"""
import argparse
import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
PYTHON = ("import sys; from sentence_transformers import SentenceTransformer; "
          "SentenceTransformer(sys.argv[1], device='cpu').encode('The ferry left before sunrise.')")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="directory of all-MiniLM-L6-v2")
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    import java_peers
    from embed_peers import Gatun

    with contextlib.closing(Gatun(args.model, 0)) as gatun:  # builds Gatun where a source is newer
        java_home = gatun.java_home()
    java = os.path.join(java_home, "bin", "java")
    dist = os.path.join(HERE, "..", "target", "dist", "lib")
    jars = ":".join(sorted(os.path.join(dist, name) for name in os.listdir(dist) if name.endswith(".jar")))
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([os.path.join(java_home, "bin", "javac"), "-cp", jars, "-d", folder,
                        os.path.join(HERE, "start", "GatunStart.java")], check=True)
        program = os.path.join(folder, "start.jar")  # an AOT cache is of jars alone
        subprocess.run([os.path.join(java_home, "bin", "jar"), "cf", program, "-C", folder, "GatunStart.class"], check=True)
        native = "--enable-native-access=ALL-UNNAMED"
        start = [native, "-cp", jars + ":" + program, "GatunStart", args.model]
        cache = os.path.join(folder, "start.aot")
        subprocess.run([java, "-XX:AOTCacheOutput=" + cache, *start], check=True, capture_output=True)
        sides = {"gatun": [java, *start], "gatun aot": [java, "-XX:AOTCache=" + cache, *start],
                 "langchain4j": [java, native, "-cp", java_peers.class_path(java_home), "dev.gatun.bench.LangChain4jStart"],
                 "sentence-transformers": [sys.executable, "-c", PYTHON, args.model]}
        found = {name: [] for name in sides}
        for _ in range(args.rounds):
            for name, command in sides.items():
                found[name].append(measure(command))
    print("| side | seconds | times gatun's | most resident |\n| --- | --- | --- | --- |")
    ours = statistics.median(seconds for seconds, _ in found["gatun"])
    for name, results in found.items():
        seconds = statistics.median(s for s, _ in results)
        print(f"| {name} | {seconds:.2f} | {seconds / ours:.2f} | {statistics.median(m for _, m in results):.0f} MB |")


def measure(command):
    """Seconds, which a JVM tells itself, and megabytes."""
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                               env={**os.environ, "HF_HUB_OFFLINE": "1"})
    said = process.stdout.read().strip()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{command[0]} ended with status {status}")
    seconds = time.perf_counter() - began
    return int(said) / 1e3 if said.isdigit() else seconds, usage.ru_maxrss / 1024


if __name__ == "__main__":
    sys.path.insert(0, HERE)
    main()
