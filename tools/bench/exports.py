"""The encoder as other runtimes take it: a PyTorch module, an ONNX file, a TorchScript file. Files lie beside the model."""
import functools
import os
import warnings
from typing import Optional

import numpy as np


def torch_encoder(directory, threads):
    import torch
    import transformers

    torch.set_num_threads(threads)
    torch.set_grad_enabled(False)
    return transformers.BertModel.from_pretrained(directory, add_pooling_layer=False, dtype=torch.float32).eval()


def wrapped(directory, threads):
    """The encoder as a module of ids and mask that gives one tensor: what exporters take."""
    import torch

    class Wrapped(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.bert = torch_encoder(directory, threads)

        def forward(self, ids, mask=None):
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


@functools.cache
def optimized(directory, threads):
    """The ONNX file after ONNX Runtime's BERT optimiser."""
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
    return path


def traced(directory, threads):
    """The TorchScript file: of ids, or of ids and mask where something is padded, each with its own trace."""
    path = os.path.join(directory, "traced.pt")
    if not os.path.exists(path):
        import torch

        module, (ids, mask) = wrapped(directory, threads)

        class Both(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.plain = torch.jit.trace(module, (ids,))
                self.masked = torch.jit.trace(module, (ids, mask))

            def forward(self, ids: torch.Tensor, mask: Optional[torch.Tensor] = None) -> torch.Tensor:
                return self.plain(ids) if mask is None else self.masked(ids, mask)

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # on tests of shapes, which go the same way for every batch
            torch.jit.freeze(torch.jit.script(Both().eval())).save(path)
    return path
