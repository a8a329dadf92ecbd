"""Whatever turns texts into the vectors of a BERT with mean pooling. A side has name, turn(texts) and vectors(texts)."""
import os

import java_peers
import numpy as np
from gatun import LAUNCHER
from rounds import calls
from served import Served

MAX_TOKENS = 256


def linked(model, keep):
    """A folder of links to the model's files, where exporters may write."""
    folder = os.path.join(keep, os.path.basename(os.path.normpath(model)))
    os.makedirs(folder, exist_ok=True)
    for name in os.listdir(model):
        link = os.path.join(folder, name)
        if not os.path.lexists(link):
            os.symlink(os.path.abspath(os.path.join(model, name)), link)
    return folder


def tokenizer_of(directory):
    import transformers

    tokenizer = transformers.AutoTokenizer.from_pretrained(directory)
    tokenizer.model_max_length = MAX_TOKENS
    return tokenizer


class Process:
    """A process that embeds on demand."""

    def __init__(self, command, env=None):
        self.served = Served(self.name, command, env)

    def turn(self, texts):
        self.served.ask(batches=[texts], seconds=0.1, warmup=2)  # for the JIT
        return lambda seconds: self.served.ask(batches=[texts], seconds=seconds)["median_ms"]

    def vectors(self, texts):
        return self.served.ask(batches=[texts], values=True)["vectors"]

    def close(self):
        self.served.close()


class Gatun(Process):
    name = "gatun"

    def __init__(self, directory, threads):
        super().__init__([LAUNCHER, "bench", "embed", directory, "--serve", "--threads", str(threads)])

    def java_home(self):
        """Of the JDK that the launcher found: its last act is to become that java."""
        return os.path.dirname(os.path.dirname(os.readlink(f"/proc/{self.served.process.pid}/exe")))


class Called:
    """A peer in this process: encode(texts) gives [texts, features]."""

    def turn(self, texts):
        return calls(lambda: self.encode(texts))

    def vectors(self, texts):
        return self.encode(texts)

    def close(self):
        pass


class SentenceTransformers(Called):
    name = "sentence-transformers"

    def __init__(self, directory, threads, java_home):
        import sentence_transformers
        import torch

        torch.set_num_threads(threads)
        self.model = sentence_transformers.SentenceTransformer(directory, device="cpu")
        self.model.max_seq_length = MAX_TOKENS

    def encode(self, texts):
        return self.model.encode(texts, batch_size=max(32, len(texts)), show_progress_bar=False)


class OpenVino(Called):
    name = "openvino"

    def __init__(self, directory, threads, java_home):
        import openvino
        from exports import wrapped

        self.tokenizer = tokenizer_of(directory)
        module, example = wrapped(directory, threads)
        self.compiled = openvino.Core().compile_model(
            openvino.convert_model(module, example_input=example), "CPU",
            {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"})

    def encode(self, texts):
        inputs = self.tokenizer(texts, padding=True, truncation=True, return_tensors="np")
        ids, mask = inputs["input_ids"].astype(np.int64), inputs["attention_mask"].astype(np.int64)
        hidden = self.compiled([ids, mask])[0]
        weights = mask[..., None].astype(np.float32)
        mean = (hidden * weights).sum(1) / weights.sum(1)
        return mean / np.linalg.norm(mean, axis=1, keepdims=True)


class JavaProcess(Process):
    def __init__(self, java_home, program, arguments):
        super().__init__(
            [os.path.join(java_home, "bin", "java"), "--enable-native-access=ALL-UNNAMED",
             "--sun-misc-unsafe-memory-access=allow", "-XX:+UseSerialGC", "-cp", java_peers.class_path(java_home),
             "dev.gatun.bench." + program, *arguments],
            {**os.environ, "OPT_OUT_TRACKING": "true", "DJL_OFFLINE": "true"})


class OnnxRuntimeJava(JavaProcess):
    name = "onnxruntime java"

    def __init__(self, directory, threads, java_home):
        from exports import optimized

        super().__init__(java_home, "OnnxEmbedderPeer",
                         [optimized(directory, threads), os.path.join(directory, "tokenizer.json"), str(threads),
                          str(MAX_TOKENS)])


class LangChain4j(JavaProcess):
    name = "langchain4j"

    def __init__(self, directory, threads, java_home):
        super().__init__(java_home, "LangChain4jPeer", [str(threads)])


KINDS = {"sentence-transformers": SentenceTransformers, "openvino": OpenVino, "onnxruntime-java": OnnxRuntimeJava,
         "langchain4j": LangChain4j}
