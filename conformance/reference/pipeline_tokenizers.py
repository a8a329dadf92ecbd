"""The tokenizers of the task fixtures that do not read with BERT's: byte-level BPE and Unigram, trained on the texts."""
import json

import transformers
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from checkpoints import write_json
from pipeline_texts import CONTEXTS, LONG, TEXTS
from roberta import XLM_VOCABULARY
from sentence import write_tokenizer

MAX_LENGTH = 40
ROBERTA_SPECIALS = ["<s>", "<pad>", "</s>", "<unk>"]
ALBERT_SPECIALS = ["<pad>", "<unk>", "[CLS]", "[SEP]"]
BYTE_LEVEL_TOKENS, UNIGRAM_TOKENS = 420, 126


def training_texts():
    return [*TEXTS, *LONG, *(text for pair in CONTEXTS for text in pair)]


def mask_token(content):
    return AddedToken(content, lstrip=True, special=True)


def save(tokenizer, directory, cls, **config):
    """tokenizer.json, and what transformers must have beside it."""
    tokenizer.save(str(directory / "tokenizer.json"), pretty=False)
    write_json(directory / "tokenizer_config.json", {**config, "model_max_length": MAX_LENGTH, "tokenizer_class": cls})
    loaded = transformers.AutoTokenizer.from_pretrained(directory)
    mask = loaded.mask_token
    assert loaded(f"a  {mask}")["input_ids"] == loaded(f"a{mask}")["input_ids"], "the mask does not take the space"


def byte_level():
    """Trained byte-level BPE that neither adds nor frames anything."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.train_from_iterator(training_texts(), trainers.BpeTrainer(
        vocab_size=BYTE_LEVEL_TOKENS - 1, special_tokens=ROBERTA_SPECIALS, show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    tokenizer.add_special_tokens([mask_token("<mask>")])
    tokenizer.decoder = decoders.ByteLevel()
    assert tokenizer.get_vocab_size() == BYTE_LEVEL_TOKENS
    return tokenizer


def roberta_tokenizer(stored_trim=True, **config):
    """RoBERTa's as it is published, without a prefix space; config says what tokenizer_config.json overrules."""
    def write(directory):
        tokenizer = byte_level()
        tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), stored_trim, False)
        save(tokenizer, directory, "RobertaTokenizer", **config)
    return write


def untrimmed_tokenizer(directory):
    """As those of GPT-NeoX and its heirs: a token's offsets take in the space before it."""
    tokenizer = byte_level()
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)])
    save(tokenizer, directory, "PreTrainedTokenizerFast", clean_up_tokenization_spaces=True, cls_token="<s>",
         mask_token="<mask>", model_input_names=["input_ids", "attention_mask"], pad_token="<pad>", sep_token="</s>",
         unk_token="<unk>")


def unigram(specials, unknown, mask):
    """Trained pieces. The trainer's own order of equal scores changes from run to run; sorted it does not."""
    trained = Tokenizer(models.Unigram())
    trained.pre_tokenizer = pre_tokenizers.Metaspace()
    trained.train_from_iterator([t for t in training_texts() if "🐴" not in t], trainers.UnigramTrainer(
        vocab_size=220, show_progress=False))
    pieces = sorted(json.loads(trained.to_str())["model"]["vocab"], key=lambda entry: (-entry[1], entry[0]))
    vocabulary = [*((special, 0.0) for special in specials), *((piece, score) for piece, score in pieces), (mask, 0.0)]
    assert len(vocabulary) == UNIGRAM_TOKENS
    return vocabulary, specials.index(unknown)


def xlm_roberta_tokenizer(directory):
    vocabulary, unknown = unigram(ROBERTA_SPECIALS, "<unk>", "<mask>")
    tokenizer = Tokenizer(models.Unigram(vocabulary, unk_id=unknown, byte_fallback=False))
    tokenizer.normalizer = Tokenizer.from_file(str(XLM_VOCABULARY.with_name("tokenizer.json"))).normalizer
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)])
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.add_special_tokens([*ROBERTA_SPECIALS, mask_token("<mask>")])
    save(tokenizer, directory, "XLMRobertaTokenizer")


def albert_tokenizer(directory):
    vocabulary, unknown = unigram(ALBERT_SPECIALS, "<unk>", "[MASK]")
    tokenizer = Tokenizer(models.Unigram(vocabulary, unk_id=unknown, byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence([
        normalizers.Replace("``", '"'), normalizers.Replace("''", '"'), normalizers.NFKD(), normalizers.StripAccents(),
        normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.add_special_tokens([*ALBERT_SPECIALS, mask_token("[MASK]")])
    save(tokenizer, directory, "AlbertTokenizer")


def distilbert_tokenizer(directory):
    write_tokenizer(directory)
    file = directory / "tokenizer_config.json"
    write_json(file, json.loads(file.read_text()) | {"tokenizer_class": "DistilBertTokenizer"})
