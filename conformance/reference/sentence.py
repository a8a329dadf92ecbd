"""Tiny sentence-transformers directories: a backbone or a table, a WordPiece vocabulary of our own, modules.json."""
import json
import math
import shutil
import string

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

from checkpoints import keep_tied_only, write_json
from fixtures import T5_EMBEDDINGS, Fixture, bert, t5
from oracle import Case

WORDS = """the a of and to in is it was on that boat lock water gate ship canal river sea level rain lake mule rope crew
captain pilot slow ##ly ##ing ##ed ##er ##s ##est ##ion open close rise fall night day old new red 19 20 un ##able re""".split()

TEXTS = [
    "The lock gate opens slowly.", "water rises, the ship rises", "hello", "", "   ", "A",
    "Old boats; new ropes!", "It rained on the lake (again) in 1914.", "The CAPTAIN was the pilot's mule-driver?",
    "Übergröße naïve café", "水 level 海", "rise\tand\nfall", "an unclosable gate, a reopened gate",
    "1920 2019 #canal @sea", "emoji 🚢 is unknown", "zzyzx qwrt",
    "the water in the canal falls and the ship falls and the water in the lake rises and the night is old and the crew "
    "was slow to close the gate of the lock on that day of rain",
]
# Enough for what does not turn on the text.
SHORT_TEXTS = [TEXTS[i] for i in (0, 1, 3, 5, 6, 8, 10, 13, 16)]
MAX_LENGTH = 24


def vocabulary():
    characters = string.ascii_lowercase + string.digits
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *string.punctuation, *characters,
              *("##" + c for c in characters), *WORDS, "水"]
    return list(dict.fromkeys(tokens))


def write_tokenizer(directory, stored_length=None, lower=True, max_length=40, fast=False):
    """With stored_length tokenizer.json carries a truncation and a fixed padding, which a plain call must not apply."""
    tokens = vocabulary()
    tokenizer = Tokenizer(models.WordPiece({t: i for i, t in enumerate(tokens)}, unk_token="[UNK]"))
    tokenizer.add_special_tokens(tokens[:5])
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=lower)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    tokenizer.decoder = decoders.WordPiece()
    if stored_length:
        tokenizer.enable_truncation(stored_length)
        tokenizer.enable_padding(length=stored_length, pad_id=0, pad_token="[PAD]")
    tokenizer.save(str(directory / "tokenizer.json"))
    special = {"cls_token": "[CLS]", "mask_token": "[MASK]", "pad_token": "[PAD]", "sep_token": "[SEP]", "unk_token": "[UNK]"}
    if fast:
        write_json(directory / "tokenizer_config.json",
                   {**special, "model_max_length": max_length, "tokenizer_class": "PreTrainedTokenizerFast"})
        return
    (directory / "vocab.txt").write_text("\n".join(tokens) + "\n", encoding="utf-8")
    write_json(directory / "tokenizer_config.json", dict(sorted({
        **special, "do_lower_case": lower, "model_max_length": max_length, "strip_accents": None,
        "tokenize_chinese_chars": True, "tokenizer_class": "BertTokenizer"}.items())))


# ---- modules: each writes its folder and gives the last part of its type

def pooling(**config):
    def write(folder, _):
        write_json(folder / "config.json", config)
        return "Pooling"
    return write


def old_pooling(hidden, *modes):
    keys = ("cls_token", "mean_tokens", "max_tokens", "mean_sqrt_len_tokens", "weightedmean_tokens", "lasttoken")
    if not set(modes) & set(keys[4:]):
        keys = keys[:4]  # the oldest files know no more
    return pooling(word_embedding_dimension=hidden, **{"pooling_mode_" + k: k in modes for k in keys})


def normalize(_, __):
    return "Normalize"


def dense(size_in, size_out, activation, bias=True, residual=False):
    """activation None leaves the key out: Tanh is the default."""
    def write(folder, generator):
        config = {"in_features": size_in, "out_features": size_out, "bias": bias}
        if activation:
            config["activation_function"] = "torch.nn.modules." + activation
        tensors = {"linear.weight": torch.randn(size_out, size_in, generator=generator) / math.sqrt(size_in)}
        if bias:
            tensors["linear.bias"] = 0.3 * torch.randn(size_out, generator=generator)
        if residual:
            config["use_residual"] = True
            if size_in != size_out:
                tensors["residual.weight"] = torch.randn(size_out, size_in, generator=generator) / math.sqrt(size_in)
        write_json(folder / "config.json", config)
        save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
        return "Dense"
    return write


def layer_norm(size):
    def write(folder, generator):
        write_json(folder / "config.json", {"dimension": size})
        save_file({"norm.weight": 1 + 0.3 * torch.randn(size, generator=generator),
                   "norm.bias": 0.3 * torch.randn(size, generator=generator)}, folder / "model.safetensors")
        return "LayerNorm"
    return write


OLD_TYPES = "sentence_transformers.models."
NEW_TYPES = {"Transformer": "sentence_transformers.base.modules.transformer.Transformer",
             "Pooling": "sentence_transformers.sentence_transformer.modules.pooling.Pooling",
             "Dense": "sentence_transformers.base.modules.dense.Dense",
             "Normalize": "sentence_transformers.base.modules.normalize.Normalize",
             "LayerNorm": "sentence_transformers.sentence_transformer.modules.layer_norm.LayerNorm",
             "StaticEmbedding": "sentence_transformers.sentence_transformer.modules.static_embedding.StaticEmbedding"}


def write_modules(directory, first, path, modules, new_types=False, seed=5):
    """modules.json and the folders of all modules but the first, which is there already."""
    generator = torch.Generator().manual_seed(seed)
    entries = [(path, first)]
    for i, write in enumerate(modules, 1):
        folder = directory / "new"
        folder.mkdir(exist_ok=True)
        kind = write(folder, generator)
        if kind == "Normalize":  # has nothing to store: the files of most models lack its folder
            folder.rmdir()
        else:
            target = directory / f"{i}_{kind}"
            shutil.rmtree(target, ignore_errors=True)  # of the seed before
            folder.rename(target)
        entries.append((f"{i}_{kind}", kind))
    write_json(directory / "modules.json",
               [{"idx": i, "name": str(i), "path": path, "type": NEW_TYPES[kind] if new_types else OLD_TYPES + kind}
                for i, (path, kind) in enumerate(entries)])


def sentence_files(*modules, subfolder="", do_lower_case=False, limits="sentence_bert_config.json", new_types=False,
                   top=None, **tokenizer):
    """What stands beside a backbone.

    limits names the file with do_lower_case and the longest length, None for no such file; top is
    config_sentence_transformers.json.
    """
    def write(directory):
        folder = directory / subfolder
        if subfolder:
            folder.mkdir(exist_ok=True)
            for name in ("config.json", "model.safetensors"):
                (directory / name).rename(folder / name)
        write_tokenizer(folder, **tokenizer)
        if limits:
            write_json(folder / limits, {"max_seq_length": MAX_LENGTH, "do_lower_case": do_lower_case})
        if modules:
            write_modules(directory, "Transformer", subfolder, modules, new_types)
        if top:
            write_json(directory / "config_sentence_transformers.json", top)
    return write


def static_files(name, dtype, path, modules, top=None):
    """A table of a vector per token: no transformer, no special tokens."""
    def write(directory, seed):
        folder = directory / path
        folder.mkdir(exist_ok=True)
        write_tokenizer(folder, fast=True)
        (folder / "tokenizer_config.json").unlink()
        table = torch.randn(len(vocabulary()), 23, generator=torch.Generator().manual_seed(seed))
        save_file({name: table.to(dtype)}, folder / "model.safetensors")
        write_modules(directory, "StaticEmbedding", path, modules, new_types=True)
        if top:
            write_json(directory / "config.json", top)
    return write


# ---- cases

def sentence_cases(tokens, config):
    return [Case("tok", texts=[*TEXTS, ["the boat", "was red"], ["", "[MASK] rope"]]),
            Case("emb", texts=TEXTS, outputs=["embeddings"]),
            Case("last", {"input_ids": tokens.rows([1, 9, 24], config["vocab_size"])}, ["last_hidden_state"])]


def embeddings(name="emb", texts=SHORT_TEXTS, **settings):
    return Case(name, texts=texts, outputs=["embeddings"], settings=settings)


def only_embeddings(*_):
    return [embeddings()]


def prompt_cases(*more):
    """Every way in which a prompt is chosen."""
    return lambda *_: [embeddings(), embeddings("query", task="query"), embeddings("document", task="document"),
                       embeddings("named", prompt_name="old"), embeddings("own", prompt="a new ship: "),
                       embeddings("none", prompt=""), *more]


def config(hidden, heads, inner, **more):
    return bert("BertModel", hidden, heads, inner, vocab=len(vocabulary()), positions=40, **more)


def tiny(name, *modules, what, cases=only_embeddings, **files):
    return Fixture(name, "BertModel", config(20, 2, 26, layers=1), cases, files=sentence_files(*modules, **files), what=what)


PROMPTS = {"query": "search a query: ", "passage": "passage of the canal: ", "old": "old boats -- "}
MEAN = pooling(embedding_dimension=20, pooling_mode="mean")
MODES = ("cls", "max", "mean", "mean_sqrt_len_tokens", "weightedmean", "lasttoken")
# Ends inside a word of the texts below, and is longer than some of them with it.
GLUED = embeddings("glued", ["er rises", "er", "", "ches the gate", TEXTS[-1]], prompt="un wat")
TOO_LONG = embeddings("too-long", [TEXTS[0], "", TEXTS[-1]], prompt=TEXTS[-1])

SENTENCE = [
    Fixture("sentence-mean", "BertModel", config(36, 4, 70), sentence_cases,
            files=sentence_files(old_pooling(36, "mean_tokens"), normalize, stored_length=16),
            what="mean pooling and Normalize; tokenizer.json stores a truncation and a padding that must not be used"),
    Fixture("sentence-cls", "BertModel", config(30, 5, 64), sentence_cases,
            files=sentence_files(old_pooling(30, "cls_token")), what="cls pooling, not normalised"),
    *[tiny(f"sentence-pooling-{mode.replace('_', '-')}", pooling(embedding_dimension=20, pooling_mode=mode), new_types=True,
           what=f"pooling_mode {mode}, by the key and the module types of today") for mode in MODES],
    tiny("sentence-pooling-several", pooling(embedding_dimension=20, pooling_mode=["lasttoken", "max", "cls", "mean"]), normalize,
         limits="sentence_roberta_config.json", new_types=True,
         what="several pooling modes in the order of the list; an old name of the file with the limits"),
    tiny("sentence-pooling-old-keys", old_pooling(20, "lasttoken", "weightedmean_tokens", "mean_tokens", "max_tokens"),
         what="several pooling modes by the old keys, whose order is fixed"),
    tiny("sentence-prompts", MEAN, normalize, cases=prompt_cases(), top={
             "prompts": PROMPTS, "default_prompt_name": "passage", "similarity_fn_name": "dot"}, do_lower_case=True,
         what="a default prompt, query and passage: encode_document() finds the empty prompt `document` and takes no other"),
    tiny("sentence-prompts-not-pooled",
         pooling(embedding_dimension=20, include_prompt=False,
                 pooling_mode=["lasttoken", "mean_sqrt_len_tokens", "cls", "weightedmean", "mean"]),
         cases=prompt_cases(GLUED, TOO_LONG), top={"prompts": {**PROMPTS, "document": "a document: "},
                                                   "default_prompt_name": "query"},
         what="the prompt's tokens are not pooled, even where they are all there is"),
    tiny("sentence-prompts-not-in-max", pooling(embedding_dimension=20, include_prompt=False, pooling_mode="max"),
         cases=prompt_cases(TOO_LONG), top={"prompts": {"old": "old boats"}},
         what="the prompt's tokens are not in the maximum; no prompt for queries"),
    tiny("sentence-truncate-dim", MEAN, normalize, top={"truncate_dim": 7, "prompts": {"old": "an old boat "}},
         cases=lambda *_: [embeddings(), embeddings("more", dimensions=11), embeddings("fewer", dimensions=1),
                           embeddings("prompted", dimensions=5, prompt_name="old")],
         what="vectors cut behind Normalize and not scaled again (Matryoshka)"),
    tiny("sentence-dense-tanh", MEAN, dense(20, 13, None), normalize,
         what="Dense to fewer features with its default activation, then Normalize"),
    tiny("sentence-dense-no-bias", MEAN, normalize, dense(20, 31, "linear.Identity", bias=False),
         what="Normalize, then Dense to more features without bias and activation"),
    tiny("sentence-dense-residual", MEAN, dense(20, 20, "activation.GELU", residual=True), new_types=True,
         what="Dense with GELU and its input added"),
    tiny("sentence-dense-projected-residual", MEAN, dense(20, 9, "activation.ReLU", residual=True), layer_norm(9),
         dense(9, 21, "activation.SiLU"), dense(21, 6, "activation.Sigmoid", bias=False), normalize, new_types=True,
         what="Dense with a projection of its input added, LayerNorm, more Dense"),
    tiny("sentence-cased-lowered", MEAN, do_lower_case=True, lower=False,
         cases=lambda *_: [embeddings(texts=[*SHORT_TEXTS, "A [MASK] ROPE [SEP] and [UNK] [mask]", "ÜBER Ship"])],
         what="do_lower_case before a tokenizer that keeps case: special tokens in the text stay"),
    tiny("sentence-subfolder", MEAN, subfolder="0_Transformer",
         what="the transformer with its tokenizer and limits in a folder of its own"),
    tiny("sentence-no-modules", limits=None, max_length=29,
         what="no modules.json: mean pooling; texts cut at the tokenizer's model_max_length"),
    Fixture("sentence-t5", "T5EncoderModel", t5("T5EncoderModel", 20, 2, 7, 26, layers=1, vocab=len(vocabulary())),
            only_embeddings, (keep_tied_only("shared.weight", T5_EMBEDDINGS),),
            files=sentence_files(MEAN, dense(20, 17, "linear.Identity", bias=False), normalize, fast=True),
            what="a T5 encoder with Dense and Normalize, as the sentence-t5 models"),
    Fixture("sentence-static", "StaticEmbedding", {}, only_embeddings,
            write=static_files("embedding.weight", torch.float32, "0_StaticEmbedding", [dense(23, 11, "activation.Tanh")]),
            what="a static embedding in a folder of its own, then Dense: no transformer, no special tokens, no limit"),
    Fixture("sentence-model2vec", "StaticEmbedding", {}, only_embeddings,
            write=static_files("embeddings", torch.float16, ".", [normalize],
                               {"model_type": "model2vec", "architectures": ["StaticModel"], "normalize": True}),
            what="a table in F16 as model2vec writes it, Normalize"),
]
