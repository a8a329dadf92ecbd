"""The other runtimes. A peer gives sides for a load: {name: function of seconds that gives the median milliseconds}."""
import contextlib
import functools
import os
import sys

import numpy as np

import java_peers
from encoder import Encoder, turns_of
from exports import exported, optimized, torch_encoder, wrapped
from rounds import calls
from workloads import padded, word


@contextlib.contextmanager
def open_peers(model, directory, args, java_home):
    """The peers that can run this model; one that fails to load says why and is left out."""
    generates = model in ("gpt2", "t5-small")
    in_java = {name: functools.partial(kind, java_home=java_home) for name, kind in java_peers.KINDS.items()}
    encoders = {"torch": Torch, "torch.compile": TorchCompile, "onnxruntime": OnnxRuntime, "openvino": OpenVino, **in_java}
    writers = {"torch": TorchText, "ctranslate2": CTranslate2}
    with contextlib.ExitStack() as stack:
        peers = []
        for name in args.peers.split(","):
            if name not in encoders and name not in writers:
                raise SystemExit(f"no peer '{name}'; there are {', '.join({**encoders, **writers})}")
            kind = (writers if generates else encoders).get(name)
            if kind is None:
                continue
            try:
                peer = kind(directory, args.threads)
            except Exception as e:  # whatever keeps a yardstick from working, the others still measure
                say_skipped(name, model, e)
                continue
            peers.append(peer)
            if hasattr(peer, "close"):
                stack.callback(peer.close)
        yield peers


def sides_of(peers, load, model):
    """The sides of all; a peer that fails now, as what compiles at its first call may, says why and is left out from here."""
    sides = {}
    for peer in list(peers):
        try:
            sides.update(peer.sides(load))
        except Exception as e:
            say_skipped(peer.name, f"{model} {load.name}", e)
            peers.remove(peer)
    return sides


def say_skipped(name, what, error):
    reason = (str(error).strip().splitlines() or [""])[0]
    print(f"skipped {name} on {what}: {type(error).__name__}: {reason[:300]}", file=sys.stderr)


class Torch(Encoder):
    name = "torch"

    def __init__(self, directory, threads):
        self.model = torch_encoder(directory, threads)

    def runners(self):
        return {"torch": functools.partial(self.runner, self.model)}

    def runner(self, model, ids, mask):
        import torch

        ids = torch.from_numpy(ids)
        mask = None if mask.all() else torch.from_numpy(mask)
        return lambda: model(input_ids=ids, attention_mask=mask).last_hidden_state

    def values(self, load):
        """The last hidden state of each sequence's last token."""
        ids, mask = padded(load.ids)
        hidden = self.runners()[self.name](ids, mask)().numpy()
        return hidden[np.arange(len(load.ids)), mask.sum(1) - 1]


class TorchCompile(Torch):
    name = "torch.compile"
    batch_sizes = Encoder.batch_sizes[1:]  # each shape takes seconds to compile

    def __init__(self, directory, threads):
        import torch

        super().__init__(directory, threads)
        torch._dynamo.config.recompile_limit = 100  # beyond it calls are eager; a load has at most 33 shapes
        self.compiled = torch.compile(self.model, backend="inductor", dynamic=False, fullgraph=True)

    def runners(self):
        return {"torch.compile": functools.partial(self.runner, self.compiled)}

    def sides(self, load):
        import torch

        torch._dynamo.reset()  # forgets the shapes of the last load, which each call would be compared with
        return super().sides(load)

    def best_batches(self, turn, sequences):
        """Of the size best for eager: to try a size is to compile all its shapes."""
        return super().best_batches(turns_of(functools.partial(self.runner, self.model)), sequences)


class OnnxRuntime(Encoder):
    name = "onnxruntime"

    def __init__(self, directory, threads):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(optimized(directory, threads), options,
                                                    providers=["CPUExecutionProvider"])

    def runners(self):
        return {"onnxruntime": lambda ids, mask: lambda: self.session.run(
            None, {"input_ids": ids, "attention_mask": mask})}


class OpenVino(Encoder):
    name = "openvino"

    def __init__(self, directory, threads):
        import openvino

        core = openvino.Core()
        module, example = wrapped(directory, threads)
        try:
            model = openvino.convert_model(module, example_input=example)
        except Exception as e:
            print(f"openvino can't convert from PyTorch ({str(e)[:100]}): takes the ONNX file", file=sys.stderr)
            model = core.read_model(exported(directory, threads))
        self.compiled = {
            side: core.compile_model(model, "CPU", {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY",
                                                    "INFERENCE_PRECISION_HINT": precision})
            for side, precision in (("openvino", "f32"), ("openvino bf16*", "bf16"))}

    def runners(self):
        return {side: lambda ids, mask, run=run: lambda: run([ids, mask]) for side, run in self.compiled.items()}


class TorchText:
    name = "torch"

    def __init__(self, directory, threads):
        import torch
        import transformers

        torch.set_num_threads(threads)
        torch.set_grad_enabled(False)
        config = transformers.AutoConfig.from_pretrained(directory)
        kind = getattr(transformers, config.architectures[0])
        self.model = kind.from_pretrained(directory, dtype=torch.float32).eval()
        self.model.generation_config.eos_token_id = None  # never stop early
        self.decoder_only = not config.is_encoder_decoder

    def generate(self, load):
        import torch

        ids = torch.tensor(load.ids)
        count = load.generate
        return lambda: self.model.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=count,
                                           do_sample=False, pad_token_id=0)[:, -count:]

    def sides(self, load):
        if load.generate == 1 and self.decoder_only:
            import torch

            ids = torch.tensor(load.ids)
            return {"torch": calls(lambda: self.model(ids, logits_to_keep=1).logits.argmax(-1))}
        return {"torch": calls(self.generate(load))}

    def values(self, load):
        return self.generate(load)().tolist()


class CTranslate2:
    name = "ctranslate2"

    def __init__(self, directory, threads):
        import ctranslate2
        import transformers

        config = transformers.AutoConfig.from_pretrained(directory)
        self.decoder_only = not config.is_encoder_decoder
        runtime = ctranslate2.Generator if self.decoder_only else ctranslate2.Translator
        self.runtimes = {}
        for side, precision in (("ctranslate2", "float32"), ("ctranslate2 int8*", "int8")):
            path = os.path.join(directory, "ctranslate2-" + precision)
            if not os.path.exists(path):
                ctranslate2.converters.TransformersConverter(directory).convert(path, quantization=precision)
            self.runtimes[side] = runtime(path, device="cpu", compute_type=precision, intra_threads=threads,
                                          inter_threads=1)

    def sides(self, load):
        words = [[word(i) for i in ids] for ids in load.ids]
        return {side: calls(self.generate(runtime, words, load.generate)) for side, runtime in self.runtimes.items()}

    def generate(self, runtime, words, count):
        if self.decoder_only:
            return lambda: runtime.generate_batch(words, max_length=count, min_length=count, beam_size=1,
                                                  sampling_topk=1, include_prompt_in_result=False)
        return lambda: runtime.translate_batch(words, max_decoding_length=count, min_decoding_length=count, beam_size=1)
