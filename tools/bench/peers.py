"""The other runtimes. A peer gives sides for a load: {name: function of seconds that gives the median milliseconds}."""
import os
import sys

import numpy as np

from rounds import calls
from workloads import padded, word

BATCH_SIZES = (1, 2, 4, 8, 16, 32)


def open_peers(model, directory, args):
    """The peers that can run this model; one that fails to load says why and is left out."""
    generates = model in ("gpt2", "t5-small")
    kinds = {"torch": TorchText if generates else Torch, "onnxruntime": None if generates else OnnxRuntime,
             "openvino": None if generates else OpenVino, "ctranslate2": CTranslate2 if generates else None}
    peers = []
    for name in args.peers.split(","):
        if name not in kinds:
            raise SystemExit(f"no peer '{name}'; there are {', '.join(kinds)}")
        if kinds[name] is not None:
            try:
                peers.append(kinds[name](directory, args.threads))
            except Exception as e:  # whatever keeps a yardstick from working, the others still measure
                print(f"skipped {name} on {model}: {type(e).__name__}: {str(e)[:200]}", file=sys.stderr)
    return peers


class Encoder:
    """A peer that makes one forward pass of a padded batch: runner(ids, mask) gives a function to call."""

    def runners(self):
        """{side: function that makes a call of a batch}"""
        raise NotImplementedError

    def sides(self, load):
        sides = {}
        for side, runner in self.runners().items():
            sides[side] = calls(runner(*padded(load.ids)))
            if load.sorts:
                sides[side + " sorted"] = calls(self.best_batches(runner, load.ids))
        return sides

    @staticmethod
    def best_batches(runner, sequences):
        """Sorted by length and cut into batches of the size that takes least time."""
        ordered = sorted(sequences, key=len)
        best = None
        for size in BATCH_SIZES:
            runs = [runner(*padded(ordered[at:at + size])) for at in range(0, len(ordered), size)]
            def all_runs(runs=runs):
                for run in runs:
                    run()
            all_runs()
            taken = calls(all_runs)(0.2)
            if best is None or taken < best[0]:
                best = taken, all_runs
        return best[1]


def torch_encoder(directory, threads):
    import torch
    import transformers

    torch.set_num_threads(threads)
    torch.set_grad_enabled(False)
    return transformers.BertModel.from_pretrained(directory, add_pooling_layer=False, dtype=torch.float32).eval()


class Torch(Encoder):
    name = "torch"

    def __init__(self, directory, threads):
        self.model = torch_encoder(directory, threads)

    def runners(self):
        return {"torch": self.runner}

    def runner(self, ids, mask):
        import torch

        ids = torch.from_numpy(ids)
        mask = None if mask.all() else torch.from_numpy(mask)
        return lambda: self.model(input_ids=ids, attention_mask=mask).last_hidden_state

    def values(self, load):
        ids, mask = padded(load.ids)
        hidden = self.runner(ids, mask)().numpy()
        return hidden[np.arange(len(load.ids)), mask.sum(1) - 1]


def wrapped(directory, threads):
    """The encoder as a module of ids and mask that gives one tensor: what exporters take."""
    import torch

    class Wrapped(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.bert = torch_encoder(directory, threads)

        def forward(self, ids, mask):
            return self.bert(input_ids=ids, attention_mask=mask, use_cache=False).last_hidden_state

    ones = torch.ones(2, 8, dtype=torch.long)
    return Wrapped().eval(), (ones, ones)


def exported(directory, threads):
    """The ONNX file beside the model."""
    path = os.path.join(directory, "exported.onnx")
    if not os.path.exists(path):
        import torch

        class WithPlainMask(torch.nn.Module):
            """The mask added as older transformers did, which is how ONNX Runtime's optimiser knows it."""

            def __init__(self):
                super().__init__()
                self.bert = torch_encoder(directory, threads)
                self.bert.set_attn_implementation("eager")

            def forward(self, ids, mask):
                added = (1.0 - mask[:, None, None, :].to(torch.float32)) * torch.finfo(torch.float32).min
                return self.bert(input_ids=ids, attention_mask=added, use_cache=False).last_hidden_state

        module = WithPlainMask().eval()
        ones = torch.ones(2, 8, dtype=torch.long)
        axes = {name: {0: "batch", 1: "tokens"} for name in ("input_ids", "attention_mask", "hidden")}
        torch.onnx.export(module, (ones, ones), path, input_names=["input_ids", "attention_mask"],
                          output_names=["hidden"], dynamic_axes=axes, dynamo=False, opset_version=17)
        make_attention_known(path, module.bert.config.num_attention_heads)
    return path


def make_attention_known(path, heads):
    """Writes attention the way ONNX Runtime's optimiser fuses it: scores divided, not multiplied; heads spelt out, not -1."""
    import onnx
    from onnx import numpy_helper

    model = onnx.load(path)
    nodes = model.graph.node
    constants = {node.output[0]: numpy_helper.to_array(node.attribute[0].t) for node in nodes if node.op_type == "Constant"}
    made_by = {name: node.op_type for node in nodes for name in node.output}
    scales = []
    for node in nodes:
        if node.op_type == "Concat" and len(node.input) == 4 and node.input[2] in constants:
            node.input[2] = "heads"
        elif node.op_type == "Mul" and made_by.get(node.input[0]) == "MatMul" and node.input[1] in constants:
            node.op_type = "Div"
            scales.append(numpy_helper.from_array(1 / constants[node.input[1]], node.output[0] + "_divisor"))
            node.input[1] = scales[-1].name
    model.graph.initializer.extend([numpy_helper.from_array(np.array([heads], dtype=np.int64), "heads")] + scales)
    onnx.save(model, path)


class OnnxRuntime(Encoder):
    name = "onnxruntime"

    def __init__(self, directory, threads):
        import onnxruntime
        import transformers
        from onnxruntime.transformers import optimizer

        config = transformers.AutoConfig.from_pretrained(directory)
        graph = optimizer.optimize_model(exported(directory, threads), model_type="bert",
                                         num_heads=config.num_attention_heads, hidden_size=config.hidden_size)
        fused = {name: count for name, count in graph.get_fused_operator_statistics().items() if count}
        if fused.get("Attention") != config.num_hidden_layers:
            raise RuntimeError(f"its optimiser fused {fused}, not all attention: a weaker peer than it can be")
        path = os.path.join(directory, "optimized.onnx")
        graph.save_model_to_file(path)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

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
