"""The tiny models of RoBERTa, XLM-RoBERTa, CamemBERT and DistilBERT."""
import shutil
from pathlib import Path

import torch

from checkpoints import add_position_ids, add_prefix, cast, drop, strip_prefix, write_json
from fixtures import MANY, Fixture, hidden_states
from oracle import Case
from sentence import normalize, old_pooling, sentence_cases, sentence_files, vocabulary

XLM_VOCABULARY = Path(__file__).resolve().parent.parent / "tokenizer-corpus/vocabularies/xlm-roberta/sentencepiece.bpe.model"

LABELS = {"id2label": {"0": "no", "1": "perhaps", "2": "yes"}, "label2id": {"no": 0, "perhaps": 1, "yes": 2}}


def five_labels():
    return {"id2label": {str(i): f"LABEL_{i}" for i in range(5)}, "label2id": {f"LABEL_{i}": i for i in range(5)}}


# ---- RoBERTa and its namesakes

def roberta(cls, hidden, heads, inner, *, model_type="roberta", layers=2, act="gelu", vocab=41, types=1, positions=30,
            eps=1e-5, pad=1, **more):
    return {"architectures": [cls], "model_type": model_type, "vocab_size": vocab, "hidden_size": hidden,
            "num_hidden_layers": layers, "num_attention_heads": heads, "intermediate_size": inner, "hidden_act": act,
            "hidden_dropout_prob": 0.1, "attention_probs_dropout_prob": 0.1, "max_position_embeddings": positions,
            "type_vocab_size": types, "initializer_range": 0.02, "layer_norm_eps": eps, "bos_token_id": 0,
            "pad_token_id": pad, "eos_token_id": 2, **more}


def roberta_cases(*outputs, per_token=True, long=False, one_pad=False):
    """one_pad: all pad tokens of a text are the same vector, so that the argmax over its tokens would be tied."""
    def cases(tokens, config):
        vocab, pad = config["vocab_size"], config.get("pad_token_id", 1)
        lengths = [1, 2, 7, 19] if per_token else MANY
        found = [Case("mixed", {"input_ids": tokens.rows(lengths, vocab, low=pad + 1)}, list(outputs)),
                 Case("layers", {"input_ids": tokens.rows([2, 11], vocab, low=0)},
                      hidden_states(config["num_hidden_layers"]))]
        rows = tokens.rows([5, 3, 4, 9, 6, 1, 8] if per_token else MANY[:16], vocab, low=pad + 1)
        # pad ids behind, in front, inside, and nothing else: they take no position and stand at the pad's
        if one_pad:
            padded = [row[:cut] + [pad] + row[cut:] for row, cut in zip(rows, [0, 9, 2, 5, 0, 9, 4])] + [[pad]]
        else:
            padded = [row[:2] + [pad] * (i % 3) + row[2:] for i, row in enumerate(rows)]
            padded = [[pad] * (i % 4 // 2 * 2) + row + [pad] * (i % 2 * 3) for i, row in enumerate(padded)]
            padded += [[pad], [pad, pad, pad]]
        found.append(Case("pads", {"input_ids": padded}, list(outputs)))
        types = config.get("type_vocab_size", 2)
        if types > 1:
            found.append(Case("types", {"input_ids": tokens.rows([5, 13], vocab),
                                        "token_type_ids": tokens.rows([5, 13], types, low=0)}, list(outputs)))
        if long:
            length = config["max_position_embeddings"] - pad - 1
            found.append(Case("long", {"input_ids": tokens.rows([length, length - 1], vocab, low=pad + 1)}, list(outputs)))
        return found
    return cases


ROBERTA_TIED = drop("lm_head.decoder.")
XLM = {"model_type": "xlm-roberta"}
CAMEMBERT = {"model_type": "camembert"}

ROBERTA = [
    Fixture("roberta-model", "RobertaModel", roberta("RobertaModel", 35, 7, 43),
            roberta_cases("last_hidden_state", "pooler_output", long=True),
            what="head size 5, one token type, a sequence of all positions that the pad id leaves"),
    Fixture("roberta-model-far-pad", "RobertaModel",
            roberta("RobertaModel", 26, 1, 19, act="gelu_new", types=3, eps=1e-3, pad=6, layers=1),
            roberta_cases("last_hidden_state", "pooler_output", long=True),
            what="pad id 6, so positions from 7; three token types, one head of 26, a large epsilon"),
    Fixture("roberta-model-bare-config", "RobertaModel",
            {"model_type": "roberta", "vocab_size": 37, "hidden_size": 24, "num_hidden_layers": 1,
             "intermediate_size": 31, "max_position_embeddings": 27},
            roberta_cases("last_hidden_state", "pooler_output"),
            what="a config.json that leaves heads (12), pad (1), types (2) and epsilon to the class's defaults"),
    Fixture("roberta-model-prefixed", "RobertaModel", roberta("RobertaModel", 20, 4, 33, layers=1),
            roberta_cases("last_hidden_state", "pooler_output"), (add_prefix("roberta."),),
            what="a bare model stored with the roberta. prefix"),
    Fixture("roberta-masked-lm", "RobertaForMaskedLM", roberta("RobertaForMaskedLM", 22, 2, 37, act="relu"),
            roberta_cases("logits"), (ROBERTA_TIED,),
            what="tied head not stored; its gelu stays the exact one whatever hidden_act (relu) says"),
    Fixture("roberta-masked-lm-old-file", "RobertaForMaskedLM", roberta("RobertaForMaskedLM", 20, 5, 29),
            roberta_cases("logits"),
            (ROBERTA_TIED, add_position_ids("roberta.embeddings.position_ids", 30),
             lambda state: state | {"roberta.pooler.dense.weight": torch.ones(20, 20),
                                    "roberta.pooler.dense.bias": torch.ones(20)}),
            shards=2, unused=("position_ids", "pooler"),
            what="as the original file: a pooler that nothing uses, a position_ids buffer; two shards with an index"),
    Fixture("roberta-masked-lm-untied", "RobertaForMaskedLM",
            roberta("RobertaForMaskedLM", 21, 3, 25, layers=1, tie_word_embeddings=False), roberta_cases("logits"),
            what="tie_word_embeddings false: own decoder weight and bias while lm_head.bias is dead"),
    Fixture("roberta-masked-lm-own-decoder", "RobertaForMaskedLM",
            roberta("RobertaForMaskedLM", 21, 1, 25, layers=1, act="silu"), roberta_cases("logits"),
            (drop("lm_head.decoder.bias"),),
            what="tying is asked for but the file has a decoder weight that differs: it is kept"),
    Fixture("roberta-masked-lm-no-prefix", "RobertaForMaskedLM", roberta("RobertaForMaskedLM", 20, 4, 27, layers=1),
            roberta_cases("logits"), (ROBERTA_TIED, strip_prefix("roberta.")),
            what="backbone tensors without the roberta. prefix"),
    Fixture("roberta-masked-lm-f16", "RobertaForMaskedLM",
            roberta("RobertaForMaskedLM", 24, 3, 41, torch_dtype="float16"), roberta_cases("logits"),
            (ROBERTA_TIED, cast(torch.float16)), what="F16 tensors"),
    Fixture("roberta-sequence-classification", "RobertaForSequenceClassification",
            roberta("RobertaForSequenceClassification", 22, 2, 31, act="gelu_new", **LABELS),
            roberta_cases("logits", per_token=False), what="three labels through a tanh layer of the head's own"),
    Fixture("roberta-token-classification", "RobertaForTokenClassification",
            roberta("RobertaForTokenClassification", 20, 4, 35, **five_labels()), roberta_cases("logits"),
            what="five labels per token"),
    Fixture("roberta-question-answering", "RobertaForQuestionAnswering",
            roberta("RobertaForQuestionAnswering", 18, 2, 27), roberta_cases("start_logits", "end_logits", one_pad=True),
            what="start and end logits"),
    Fixture("xlm-roberta-model", "XLMRobertaModel", roberta("XLMRobertaModel", 27, 3, 22, **XLM),
            roberta_cases("last_hidden_state", "pooler_output"), what="head size 9, an intermediate smaller than hidden"),
    Fixture("xlm-roberta-masked-lm", "XLMRobertaForMaskedLM",
            roberta("XLMRobertaForMaskedLM", 22, 2, 30, vocab=53, **XLM), roberta_cases("logits"), (ROBERTA_TIED,),
            shards=3, what="tied head not stored; three shards with an index"),
    Fixture("xlm-roberta-sequence-classification", "XLMRobertaForSequenceClassification",
            roberta("XLMRobertaForSequenceClassification", 20, 4, 31, layers=1, id2label={"0": "LABEL_0"},
                    label2id={"LABEL_0": 0}, **XLM),
            roberta_cases("logits", per_token=False), what="one label, as rerankers have"),
    Fixture("xlm-roberta-token-classification", "XLMRobertaForTokenClassification",
            roberta("XLMRobertaForTokenClassification", 20, 2, 33, torch_dtype="bfloat16", **five_labels(), **XLM),
            roberta_cases("logits"), (cast(torch.bfloat16),), what="BF16 tensors, five labels per token"),
    Fixture("xlm-roberta-question-answering", "XLMRobertaForQuestionAnswering",
            roberta("XLMRobertaForQuestionAnswering", 18, 3, 25, layers=1, **XLM),
            roberta_cases("start_logits", "end_logits", one_pad=True), what="start and end logits"),
    Fixture("camembert-masked-lm", "CamembertForMaskedLM",
            roberta("CamembertForMaskedLM", 20, 2, 27, layers=1, **CAMEMBERT), roberta_cases("logits"), (ROBERTA_TIED,),
            what="RoBERTa under the name of CamemBERT"),
]


# ---- DistilBERT

def distilbert(cls, dim, heads, inner, *, layers=2, act="gelu", vocab=43, positions=26, **more):
    return {"activation": act, "architectures": [cls], "attention_dropout": 0.1, "dim": dim, "dropout": 0.1,
            "hidden_dim": inner, "initializer_range": 0.02, "max_position_embeddings": positions,
            "model_type": "distilbert", "n_heads": heads, "n_layers": layers, "pad_token_id": 0, "qa_dropout": 0.1,
            "seq_classif_dropout": 0.2, "sinusoidal_pos_embds": False, "tie_weights_": True, "vocab_size": vocab, **more}


def distilbert_cases(*outputs, per_token=True, long=None):
    def cases(tokens, config):
        vocab = config["vocab_size"]
        found = [Case("mixed", {"input_ids": tokens.rows([1, 2, 7, 19] if per_token else MANY, vocab, low=0)},
                      list(outputs)),
                 Case("layers", {"input_ids": tokens.rows([2, 11], vocab)}, hidden_states(config["n_layers"]))]
        # pad ids are words like any other here: they keep their place
        found.append(Case("pads", {"input_ids": [[0, 0] + row + [0] for row in tokens.rows([3, 8, 5, 2, 9, 4], vocab)]},
                          list(outputs)))
        if long:
            found.append(Case("long", {"input_ids": tokens.rows(long, vocab)}, list(outputs)))
        return found
    return cases


DISTILBERT_TIED = drop("vocab_projector.weight")

DISTILBERT = [
    Fixture("distilbert-model", "DistilBertModel", distilbert("DistilBertModel", 33, 3, 41),
            distilbert_cases("last_hidden_state", long=[26, 25]),
            what="head size 11, a sequence as long as the position table"),
    Fixture("distilbert-model-bare-config", "DistilBertModel",
            {"model_type": "distilbert", "vocab_size": 39, "dim": 24, "n_layers": 1, "hidden_dim": 29,
             "max_position_embeddings": 23},
            distilbert_cases("last_hidden_state"), what="a config.json that leaves heads (12) and activation to the class"),
    Fixture("distilbert-model-of-masked-lm", "DistilBertModel", distilbert("DistilBertForMaskedLM", 20, 4, 33, layers=1),
            distilbert_cases("last_hidden_state"), (DISTILBERT_TIED,), made_as="DistilBertForMaskedLM", unused=("vocab_",),
            what="from the file of the whole model: the prefix must be stripped and the head stays unused"),
    Fixture("distilbert-masked-lm", "DistilBertForMaskedLM",
            distilbert("DistilBertForMaskedLM", 22, 2, 35, act="relu"), distilbert_cases("logits"), (DISTILBERT_TIED,),
            what="tied projector not stored but for its bias; relu also in the head"),
    Fixture("distilbert-masked-lm-untied", "DistilBertForMaskedLM",
            distilbert("DistilBertForMaskedLM", 21, 3, 25, layers=1, tie_word_embeddings=False),
            distilbert_cases("logits"), what="tie_word_embeddings false: a projector of its own"),
    Fixture("distilbert-masked-lm-own-projector", "DistilBertForMaskedLM",
            distilbert("DistilBertForMaskedLM", 21, 1, 25, layers=1, act="gelu_new"), distilbert_cases("logits"),
            what="tying is asked for but the file has a projector that differs: it is kept"),
    Fixture("distilbert-masked-lm-no-prefix", "DistilBertForMaskedLM",
            distilbert("DistilBertForMaskedLM", 24, 4, 37, torch_dtype="float16"), distilbert_cases("logits"),
            (DISTILBERT_TIED, strip_prefix("distilbert."), cast(torch.float16)),
            what="backbone tensors without the distilbert. prefix, F16"),
    Fixture("distilbert-sequence-classification", "DistilBertForSequenceClassification",
            distilbert("DistilBertForSequenceClassification", 22, 2, 31, **LABELS),
            distilbert_cases("logits", per_token=False), what="three labels through a relu layer of the head's own"),
    Fixture("distilbert-token-classification", "DistilBertForTokenClassification",
            distilbert("DistilBertForTokenClassification", 20, 5, 35, **five_labels()), distilbert_cases("logits"),
            shards=2, what="five labels per token; two shards with an index"),
    Fixture("distilbert-question-answering", "DistilBertForQuestionAnswering",
            distilbert("DistilBertForQuestionAnswering", 18, 2, 27), distilbert_cases("start_logits", "end_logits"),
            what="start and end logits"),
]


# ---- from texts to vectors

def sentence_xlm_roberta_files(directory):
    sentence_files(old_pooling(15, "mean_tokens"), normalize)(directory)
    for file in ["tokenizer.json", "vocab.txt"]:
        (directory / file).unlink()
    shutil.copy(XLM_VOCABULARY, directory)
    write_json(directory / "tokenizer_config.json", {"model_max_length": 512, "tokenizer_class": "XLMRobertaTokenizer"})


SENTENCE = [
    Fixture("sentence-distilbert", "DistilBertModel",
            distilbert("DistilBertModel", 24, 3, 37, layers=1, vocab=len(vocabulary())), sentence_cases,
            files=sentence_files(old_pooling(24, "mean_tokens"), normalize), what="DistilBERT, mean pooling and Normalize"),
    Fixture("sentence-xlm-roberta", "XLMRobertaModel",
            roberta("XLMRobertaForMaskedLM", 15, 3, 22, layers=1, vocab=1302, **XLM), sentence_cases,
            (add_prefix("roberta."),), files=sentence_xlm_roberta_files,
            what="XLM-RoBERTa from texts, the tokenizer built from sentencepiece.bpe.model"),
]
