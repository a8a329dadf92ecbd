"""Encoders in other Java runtimes: each a JVM of its own that takes turns, as Gatun does. The programs are in java-peers/."""
import glob
import os
import subprocess
import sys

from encoder import Encoder
from exports import optimized, traced
from served import Served

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "java-peers")
TARGET = os.path.join(FOLDER, "target")


def class_path(java_home):
    """Builds the programs unless what was built is newer than its sources; gives the class path."""
    listed = os.path.join(TARGET, "class-path")
    sources = [os.path.join(FOLDER, "pom.xml"), *glob.glob(os.path.join(FOLDER, "src", "**", "*.java"), recursive=True)]
    if not os.path.exists(listed) or os.path.getmtime(listed) < max(map(os.path.getmtime, sources)):
        print("building java-peers (once; downloads libraries)", file=sys.stderr)
        built = subprocess.run(
            ["mvn", "-q", "-B", "compile", "dependency:build-classpath", "-Dmdep.outputFile=" + listed,
             "-Dmdep.regenerateFile=true"],  # it keeps an old file of the same content, which stays older than the sources
            cwd=FOLDER, env={**os.environ, "JAVA_HOME": java_home}, capture_output=True, text=True)
        if built.returncode:
            raise RuntimeError("mvn: " + built.stdout.partition("[ERROR] ")[2])
    with open(listed) as file:
        return os.path.join(TARGET, "classes") + ":" + file.read()


class JavaPeer(Encoder):
    """A program of java-peers/, and the file that it loads."""

    warmup = 2  # for the JIT; Gatun has as long

    def __init__(self, java_home, program, options, arguments):
        command = [os.path.join(java_home, "bin", "java"), "--enable-native-access=ALL-UNNAMED",
                   "--sun-misc-unsafe-memory-access=allow", "-XX:+UseSerialGC", *options,
                   "-cp", class_path(java_home), "dev.gatun.bench." + program, *arguments]
        # Where DJL unpacks LibTorch.
        self.served = Served(self.name, command, {**os.environ, "DJL_CACHE_DIR": os.path.join(TARGET, "djl")})

    def close(self):
        self.served.close()

    def turns(self):
        return {self.name: lambda batches: lambda seconds: self.served.ask(batches=batches, seconds=seconds)["median_ms"]}

    def values(self, load):
        return self.served.ask(batches=[load.ids], values=True)["last_token"]


class OnnxRuntimeJava(JavaPeer):
    name = "onnxruntime java"

    def __init__(self, directory, threads, java_home):
        super().__init__(java_home, "OnnxRuntimePeer", [], [optimized(directory, threads), str(threads)])


class DjlPyTorch(JavaPeer):
    name = "djl pytorch"

    def __init__(self, directory, threads, java_home):
        options = ["-Dai.djl.offline=true",  # it reports its use to its makers otherwise
                   f"-Dai.djl.pytorch.num_threads={threads}", "-Dai.djl.pytorch.num_interop_threads=1"]
        super().__init__(java_home, "DjlPyTorchPeer", options, [traced(directory, threads)])


KINDS = {"onnxruntime-java": OnnxRuntimeJava, "djl-pytorch": DjlPyTorch}
