"""Tiny sentence-transformers directories: a BERT backbone, a WordPiece vocabulary of our own, modules.json."""
import json
import string

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

from checkpoints import write_json
from fixtures import Fixture, bert
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
MAX_LENGTH = 24


def vocabulary():
    characters = string.ascii_lowercase + string.digits
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *string.punctuation, *characters,
              *("##" + c for c in characters), *WORDS, "水"]
    return list(dict.fromkeys(tokens))


def write_tokenizer(directory, stored_length):
    """With stored_length tokenizer.json carries a truncation and a fixed padding, which a plain call must not apply."""
    tokens = vocabulary()
    (directory / "vocab.txt").write_text("\n".join(tokens) + "\n", encoding="utf-8")
    tokenizer = Tokenizer(models.WordPiece({t: i for i, t in enumerate(tokens)}, unk_token="[UNK]"))
    tokenizer.add_special_tokens(tokens[:5])
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    tokenizer.decoder = decoders.WordPiece()
    if stored_length:
        tokenizer.enable_truncation(stored_length)
        tokenizer.enable_padding(length=stored_length, pad_id=0, pad_token="[PAD]")
    tokenizer.save(str(directory / "tokenizer.json"))
    write_json(directory / "tokenizer_config.json", {
        "cls_token": "[CLS]", "do_lower_case": True, "mask_token": "[MASK]", "model_max_length": 40,
        "pad_token": "[PAD]", "sep_token": "[SEP]", "strip_accents": None, "tokenize_chinese_chars": True,
        "tokenizer_class": "BertTokenizer", "unk_token": "[UNK]"})


def sentence_files(pooling, normalize, stored_length=None):
    def write(directory):
        write_tokenizer(directory, stored_length)
        modules = [("0", "", "Transformer"), ("1", "1_Pooling", "Pooling")] + normalize * [("2", "2_Normalize", "Normalize")]
        write_json(directory / "modules.json",
                   [{"idx": i, "name": name, "path": path, "type": f"sentence_transformers.models.{kind}"}
                    for i, (name, path, kind) in enumerate(modules)])
        write_json(directory / "sentence_bert_config.json", {"max_seq_length": MAX_LENGTH, "do_lower_case": False})
        (directory / "1_Pooling").mkdir(exist_ok=True)
        backbone = json.loads((directory / "config.json").read_text())
        hidden = backbone.get("hidden_size") or backbone["dim"]
        write_json(directory / "1_Pooling" / "config.json", {
            "word_embedding_dimension": hidden, "pooling_mode_cls_token": pooling == "cls",
            "pooling_mode_mean_tokens": pooling == "mean", "pooling_mode_max_tokens": False,
            "pooling_mode_mean_sqrt_len_tokens": False})
    return write


def sentence_cases(tokens, config):
    return [Case("tok", texts=[*TEXTS, ["the boat", "was red"], ["", "[MASK] rope"]]),
            Case("emb", texts=TEXTS, outputs=["embeddings"]),
            Case("last", {"input_ids": tokens.rows([1, 9, 24], config["vocab_size"])}, ["last_hidden_state"])]


def config(hidden, heads, inner):
    return bert("BertModel", hidden, heads, inner, vocab=len(vocabulary()), positions=40)


SENTENCE = [
    Fixture("sentence-mean", "BertModel", config(36, 4, 70), sentence_cases,
            files=sentence_files("mean", normalize=True, stored_length=16),
            what="mean pooling and Normalize; tokenizer.json stores a truncation and a padding that must not be used"),
    Fixture("sentence-cls", "BertModel", config(30, 5, 64), sentence_cases,
            files=sentence_files("cls", normalize=False), what="cls pooling, not normalised"),
]
