"""The question answering pipeline of transformers 4.57, which 5 has dropped, run by transformers 5."""
import functools
import importlib.util
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import transformers

VERSION = "4.57.6"
SOURCE = "transformers/pipelines/question_answering.py"
# Of what the file imports this is gone. None of it is used for a PyTorch model with a fast tokenizer.
CHANGES = {
    "from ..modelcard import ModelCard\n": "ModelCard = None\n",
    "    is_tf_available,\n": "",
    "if is_tf_available():\n": "if False:\n",
}


@functools.cache
def pipeline_class():
    """QuestionAnsweringPipeline, compiled from the file in the wheel of 4.57."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder,
                        f"transformers=={VERSION}"], check=True, stderr=subprocess.DEVNULL)
        with zipfile.ZipFile(next(Path(folder).glob("*.whl"))) as wheel:
            source = wheel.read(SOURCE).decode()
    for old, new in CHANGES.items():
        assert source.count(old) == 1, old
        source = source.replace(old, new)
    name = "transformers.pipelines.question_answering"
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader=None))
    exec(compile(source, SOURCE, "exec"), module.__dict__)
    found = module.QuestionAnsweringPipeline
    found._load_tokenizer, found._load_processor = True, False
    found._load_image_processor = found._load_feature_extractor = False
    found.framework = "pt"
    return found


def question_answering(model, tokenizer):
    original = transformers.pipelines.base.Pipeline.__init__

    def without_framework(self, *args, **kwargs):
        kwargs.pop("framework", None)
        kwargs.pop("modelcard", None)
        return original(self, *args, **kwargs)

    transformers.pipelines.base.Pipeline.__init__ = without_framework
    try:
        return pipeline_class()(model=model, tokenizer=tokenizer)
    finally:
        transformers.pipelines.base.Pipeline.__init__ = original
