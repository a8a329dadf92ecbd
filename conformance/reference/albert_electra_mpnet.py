"""The tiny models of ALBERT, ELECTRA and MPNet: see fixtures.py."""
import torch
import transformers

from checkpoints import add_copies, add_position_ids, cast, drop, old_layer_norm_names, strip_prefix
from fixtures import MANY, Fixture, hidden_states
from oracle import Case
from sentence import normalize, old_pooling, sentence_cases, sentence_files, vocabulary


def labels(*names):
    return {"id2label": {str(i): n for i, n in enumerate(names)}, "label2id": {n: i for i, n in enumerate(names)}}


def cases(*outputs, per_token=True, long=None, types=True, pads=None):
    """Of one model; with `pads` rows that hold this id in front, inside and behind."""
    def make(tokens, config):
        vocab = config["vocab_size"]
        layers = config["num_hidden_layers"] * config.get("inner_group_num", 1)
        lengths = [1, 2, 7, 33] if per_token else MANY
        found = [Case("mixed", {"input_ids": tokens.rows(lengths, vocab, low=0)}, list(outputs)),
                 Case("layers", {"input_ids": tokens.rows([2, 17], vocab)}, hidden_states(layers))]
        kinds = config.get("type_vocab_size", 2)
        if types and kinds > 1:
            lengths = [5, 19] if per_token else MANY
            found.append(Case("types", {"input_ids": tokens.rows(lengths, vocab),
                                        "token_type_ids": tokens.rows(lengths, kinds, low=0)}, list(outputs)))
        if pads is not None:
            lengths = [6, 9, 4, 7, 1, 11] if per_token else MANY
            rows = [[pads] * (i % 4) + row[:2] + [pads] * (i % 3) + row[2:] + [pads] * (i // 2 % 3)
                    for i, row in enumerate(tokens.rows(lengths, vocab))]
            found.append(Case("pads", {"input_ids": [*rows, [pads]]}, list(outputs)))
        if long:
            found.append(Case("long", {"input_ids": tokens.rows(long, vocab)}, list(outputs)))
        return found
    return make


# ---- ALBERT

def albert(cls, embedding, hidden, heads, inner, *, layers=2, act="gelu_new", vocab=59, types=2, positions=48,
           eps=1e-12, **more):
    return {"architectures": [cls], "model_type": "albert", "vocab_size": vocab, "embedding_size": embedding,
            "hidden_size": hidden, "num_hidden_layers": layers, "num_hidden_groups": 1, "inner_group_num": 1,
            "num_attention_heads": heads, "intermediate_size": inner, "hidden_act": act, "hidden_dropout_prob": 0,
            "attention_probs_dropout_prob": 0, "classifier_dropout_prob": 0.1, "max_position_embeddings": positions,
            "type_vocab_size": types, "initializer_range": 0.02, "layer_norm_eps": eps, "pad_token_id": 0,
            "bos_token_id": 2, "eos_token_id": 3, **more}


ALBERT_TIED = drop("predictions.decoder.")

ALBERT = [
    Fixture("albert-model", "AlbertModel", albert("AlbertModel", 11, 35, 7, 83, layers=3, positions=160),
            cases("last_hidden_state", "pooler_output", long=[129, 160]),
            what="head size 5, one layer's weights run three times, a sequence as long as the position table"),
    Fixture("albert-model-groups", "AlbertModel",
            albert("AlbertModel", 9, 26, 2, 41, layers=5, num_hidden_groups=2, inner_group_num=2, eps=1e-3,
                   down_scale_factor=1, gap_size=0, net_structure_type=0, num_memory_blocks=0),
            cases("last_hidden_state", "pooler_output"),
            what="five layers that two groups of two inner layers share unevenly, a large epsilon"),
    Fixture("albert-model-groups-of-one", "AlbertModel",
            albert("AlbertModel", 7, 18, 3, 29, layers=3, num_hidden_groups=3, types=1, act="silu"),
            cases("last_hidden_state", "pooler_output"), what="a group for every layer, one token type"),
    Fixture("albert-model-equal-widths", "AlbertModel", albert("AlbertModel", 33, 33, 1, 40, layers=1, act="relu", types=3),
            cases("last_hidden_state", "pooler_output"),
            what="one head of 33; embeddings as wide as the layers are projected all the same"),
    Fixture("albert-model-bare-config", "AlbertModel",
            {"model_type": "albert", "vocab_size": 53, "hidden_size": 64, "num_hidden_layers": 2,
             "intermediate_size": 31, "max_position_embeddings": 40},
            cases("last_hidden_state", "pooler_output"),
            what="a config.json that leaves the embeddings' width (128), heads (64), groups and activation to the class"),
    Fixture("albert-masked-lm", "AlbertForMaskedLM", albert("AlbertForMaskedLM", 13, 42, 6, 65, vocab=71),
            cases("logits"), (ALBERT_TIED,),
            what="head size 7; the decoder is not stored and tied to the embeddings, its bias to predictions.bias"),
    Fixture("albert-masked-lm-all-copies", "AlbertForMaskedLM", albert("AlbertForMaskedLM", 40, 24, 4, 31),
            cases("logits"),
            (ALBERT_TIED, add_copies("albert.embeddings.word_embeddings.weight", "predictions.decoder.weight"),
             add_copies("predictions.bias", "predictions.decoder.bias")),
            what="as the published files: the tied decoder stored as well; embeddings wider than the layers"),
    Fixture("albert-masked-lm-untied", "AlbertForMaskedLM",
            albert("AlbertForMaskedLM", 15, 28, 4, 39, act="gelu", tie_word_embeddings=False), cases("logits"),
            what="tie_word_embeddings false: own decoder weight and bias while predictions.bias is dead"),
    Fixture("albert-masked-lm-own-decoder", "AlbertForMaskedLM", albert("AlbertForMaskedLM", 17, 30, 5, 47, act="relu"),
            cases("logits"), (drop("predictions.decoder.bias"),),
            what="tying is asked for but the file has a decoder that differs; relu also in the head"),
    Fixture("albert-masked-lm-no-prefix", "AlbertForMaskedLM", albert("AlbertForMaskedLM", 12, 24, 4, 37),
            cases("logits"), (ALBERT_TIED, strip_prefix("albert.")),
            what="backbone tensors without the albert. prefix"),
    Fixture("albert-masked-lm-sharded", "AlbertForMaskedLM",
            albert("AlbertForMaskedLM", 10, 24, 6, 35, num_hidden_groups=2), cases("logits"), (ALBERT_TIED,), shards=3,
            what="three shards with an index"),
    Fixture("albert-masked-lm-f16", "AlbertForMaskedLM",
            albert("AlbertForMaskedLM", 16, 36, 4, 51, torch_dtype="float16"), cases("logits"),
            (ALBERT_TIED, cast(torch.float16)), what="F16 tensors"),
    Fixture("albert-pretraining", "AlbertForPreTraining", albert("AlbertForPreTraining", 14, 27, 3, 45),
            cases("prediction_logits", "sop_logits", per_token=False),
            (ALBERT_TIED, old_layer_norm_names, add_position_ids("albert.embeddings.position_ids", 48)),
            unused=("position_ids",), what="sentence order; gamma and beta names, a position_ids buffer"),
    Fixture("albert-pretraining-as-model", "AlbertModel", albert("AlbertForPreTraining", 15, 25, 5, 38),
            cases("last_hidden_state", "pooler_output"), made_as="AlbertForPreTraining",
            unused=("predictions.", "sop_classifier."), what="the prefix must be stripped and the heads stay unused"),
    Fixture("albert-sequence-classification", "AlbertForSequenceClassification",
            albert("AlbertForSequenceClassification", 21, 34, 2, 41, **labels("no", "perhaps", "yes")),
            cases("logits", per_token=False), what="head size 17, three labels from id2label"),
    Fixture("albert-token-classification", "AlbertForTokenClassification",
            albert("AlbertForTokenClassification", 18, 28, 4, 49, types=1, **labels(*"ABCDE")), cases("logits"),
            what="five labels per token, one token type"),
    Fixture("albert-question-answering", "AlbertForQuestionAnswering",
            albert("AlbertForQuestionAnswering", 16, 22, 2, 33), cases("start_logits", "end_logits"),
            what="start and end logits"),
]


# ---- ELECTRA

def electra(cls, embedding, hidden, heads, inner, *, layers=2, act="gelu", vocab=61, types=2, positions=48, eps=1e-12,
            **more):
    return {"architectures": [cls], "model_type": "electra", "vocab_size": vocab, "embedding_size": embedding,
            "hidden_size": hidden, "num_hidden_layers": layers, "num_attention_heads": heads,
            "intermediate_size": inner, "hidden_act": act, "hidden_dropout_prob": 0.1,
            "attention_probs_dropout_prob": 0.1, "max_position_embeddings": positions, "type_vocab_size": types,
            "initializer_range": 0.02, "layer_norm_eps": eps, "pad_token_id": 0, "summary_type": "first",
            "summary_use_proj": True, "summary_activation": "gelu", "summary_last_dropout": 0.1, **more}


ELECTRA_TIED = drop("generator_lm_head.weight")

ELECTRA = [
    Fixture("electra-model", "ElectraModel", electra("ElectraModel", 19, 35, 7, 53, layers=2, positions=160),
            cases("last_hidden_state", long=[129, 160]),
            what="head size 5, narrow embeddings, a sequence as long as the position table"),
    Fixture("electra-model-equal-widths", "ElectraModel", electra("ElectraModel", 66, 66, 1, 37, layers=1, types=3, eps=1e-3),
            cases("last_hidden_state"),
            what="one head of 66, embeddings as wide as the layers: no projection; a large epsilon"),
    Fixture("electra-model-bare-config", "ElectraModel",
            {"model_type": "electra", "vocab_size": 67, "hidden_size": 24, "num_hidden_layers": 1,
             "intermediate_size": 31, "max_position_embeddings": 40},
            cases("last_hidden_state"),
            what="a config.json that leaves the embeddings' width (128), heads (4), activation and epsilon to the class"),
    Fixture("electra-masked-lm", "ElectraForMaskedLM", electra("ElectraForMaskedLM", 22, 35, 5, 52, act="relu", vocab=71),
            cases("logits"), (ELECTRA_TIED,),
            what="the generator: head not stored and tied to the embeddings, its bias its own; gelu in the head, not relu"),
    Fixture("electra-masked-lm-equal-widths", "ElectraForMaskedLM", electra("ElectraForMaskedLM", 24, 24, 4, 37),
            cases("logits"), (ELECTRA_TIED, strip_prefix("electra.")),
            what="no projection; backbone tensors without the electra. prefix"),
    Fixture("electra-masked-lm-untied", "ElectraForMaskedLM",
            electra("ElectraForMaskedLM", 15, 28, 4, 39, act="gelu_new", tie_word_embeddings=False), cases("logits"),
            what="tie_word_embeddings false with a head of its own"),
    Fixture("electra-masked-lm-own-head", "ElectraForMaskedLM", electra("ElectraForMaskedLM", 25, 21, 3, 34),
            cases("logits"), what="tying is asked for but the file has a head that differs: it is kept"),
    Fixture("electra-masked-lm-sharded", "ElectraForMaskedLM", electra("ElectraForMaskedLM", 14, 24, 6, 37),
            cases("logits"), (ELECTRA_TIED,), shards=3, what="three shards with an index"),
    Fixture("electra-pretraining", "ElectraForPreTraining", electra("ElectraForPreTraining", 23, 27, 3, 43, act="silu"),
            cases("logits", per_token=False),
            (old_layer_norm_names, add_position_ids("electra.embeddings.position_ids", 48)), unused=("position_ids",),
            what="the discriminator: one logit per token, silu also in the head; old names, a position_ids buffer"),
    Fixture("electra-pretraining-f16", "ElectraForPreTraining",
            electra("ElectraForPreTraining", 16, 36, 4, 51, torch_dtype="float16"), cases("logits", per_token=False),
            (cast(torch.float16),), what="F16 tensors"),
    Fixture("electra-pretraining-as-model", "ElectraModel", electra("ElectraForPreTraining", 15, 25, 5, 38),
            cases("last_hidden_state"), made_as="ElectraForPreTraining", unused=("discriminator_predictions.",),
            what="the prefix must be stripped and the discriminator stays unused"),
    Fixture("electra-sequence-classification", "ElectraForSequenceClassification",
            electra("ElectraForSequenceClassification", 21, 26, 2, 41, act="relu", **labels("no", "perhaps", "yes")),
            cases("logits", per_token=False), what="three labels behind a gelu, which is neither relu nor BERT's tanh"),
    Fixture("electra-token-classification", "ElectraForTokenClassification",
            electra("ElectraForTokenClassification", 18, 28, 4, 49, types=1, **labels(*"ABCDE")), cases("logits"),
            what="five labels per token, one token type"),
    Fixture("electra-question-answering", "ElectraForQuestionAnswering",
            electra("ElectraForQuestionAnswering", 17, 22, 2, 33), cases("start_logits", "end_logits"),
            what="start and end logits"),
]


# ---- MPNet

def mpnet(cls, hidden, heads, inner, *, layers=2, act="gelu", vocab=57, positions=60, eps=1e-5, **more):
    return {"architectures": [cls], "model_type": "mpnet", "vocab_size": vocab, "hidden_size": hidden,
            "num_hidden_layers": layers, "num_attention_heads": heads, "intermediate_size": inner, "hidden_act": act,
            "hidden_dropout_prob": 0.1, "attention_probs_dropout_prob": 0.1, "max_position_embeddings": positions,
            "relative_attention_num_buckets": 32, "initializer_range": 0.02, "layer_norm_eps": eps, "pad_token_id": 1,
            "bos_token_id": 0, "eos_token_id": 2, **more}


def mpnet_cases(*outputs, per_token=True, long=None):
    return cases(*outputs, per_token=per_token, long=long, types=False, pads=1)


MPNET_TIED = drop("lm_head.decoder.")

SENTENCE_VOCABULARY = ["<s>", "<pad>", "</s>", "[UNK]", *vocabulary()[5:], "<mask>"]


def mpnet_sentence_files(directory):
    sentence_files(old_pooling(28, "mean_tokens"), normalize)(directory)
    (directory / "vocab.txt").write_text("\n".join(SENTENCE_VOCABULARY) + "\n", encoding="utf-8")
    transformers.MPNetTokenizer({t: i for i, t in enumerate(SENTENCE_VOCABULARY)}, model_max_length=40).save_pretrained(
        directory)


MPNET = [
    Fixture("mpnet-model", "MPNetModel", mpnet("MPNetModel", 35, 7, 53, layers=2, positions=202),
            mpnet_cases("last_hidden_state", "pooler_output", long=[200, 129, 150]),
            what="head size 5; sequences beyond the last bucket, one as long as there are positions behind padding's"),
    Fixture("mpnet-model-wide-head", "MPNetModel",
            mpnet("MPNetModel", 66, 1, 37, layers=1, act="gelu_new", eps=1e-3, relative_attention_num_buckets=37, pad_token_id=0),
            mpnet_cases("last_hidden_state", "pooler_output"),
            what="one head of 66, a table of more buckets than are used, positions that count around id 1 all the same"),
    Fixture("mpnet-model-bare-config", "MPNetModel",
            {"model_type": "mpnet", "vocab_size": 67, "hidden_size": 24, "num_hidden_layers": 1,
             "intermediate_size": 31, "max_position_embeddings": 42},
            mpnet_cases("last_hidden_state", "pooler_output"),
            what="a config.json that leaves heads (12), buckets (32), activation and epsilon to the class"),
    Fixture("mpnet-multiple-choice-as-model", "MPNetModel", mpnet("MPNetForMultipleChoice", 20, 5, 37),
            mpnet_cases("last_hidden_state", "pooler_output"), made_as="MPNetForMultipleChoice",
            unused=("classifier.",), what="the prefix must be stripped and the head stays unused"),
    Fixture("mpnet-masked-lm", "MPNetForMaskedLM", mpnet("MPNetForMaskedLM", 35, 5, 52, act="relu", vocab=71),
            mpnet_cases("logits"), (MPNET_TIED,),
            what="the decoder is not stored and tied, its bias to lm_head.bias; gelu in the head, not relu"),
    Fixture("mpnet-masked-lm-untied", "MPNetForMaskedLM",
            mpnet("MPNetForMaskedLM", 24, 4, 39, act="quick_gelu", tie_word_embeddings=False), mpnet_cases("logits"),
            what="tie_word_embeddings false: own decoder weight and bias while lm_head.bias is dead"),
    Fixture("mpnet-masked-lm-own-decoder", "MPNetForMaskedLM", mpnet("MPNetForMaskedLM", 33, 1, 34, layers=1, act="silu"),
            mpnet_cases("logits"), (drop("lm_head.decoder.bias"),),
            what="one head of 33; tying is asked for but the file has a decoder weight that differs: it is kept"),
    Fixture("mpnet-masked-lm-no-prefix", "MPNetForMaskedLM", mpnet("MPNetForMaskedLM", 24, 4, 37),
            mpnet_cases("logits"), (MPNET_TIED, strip_prefix("mpnet.")),
            what="backbone tensors without the mpnet. prefix"),
    Fixture("mpnet-masked-lm-sharded", "MPNetForMaskedLM", mpnet("MPNetForMaskedLM", 24, 6, 37), mpnet_cases("logits"),
            (MPNET_TIED, old_layer_norm_names, add_position_ids("mpnet.embeddings.position_ids", 60)), shards=3,
            unused=("position_ids",), what="three shards with an index; gamma and beta names, a position_ids buffer"),
    Fixture("mpnet-masked-lm-bf16", "MPNetForMaskedLM",
            mpnet("MPNetForMaskedLM", 28, 4, 51, torch_dtype="bfloat16"), mpnet_cases("logits"),
            (MPNET_TIED, cast(torch.bfloat16)), what="BF16 tensors"),
    Fixture("mpnet-sequence-classification", "MPNetForSequenceClassification",
            mpnet("MPNetForSequenceClassification", 26, 2, 41, **labels("no", "perhaps", "yes")),
            mpnet_cases("logits", per_token=False), what="head size 13, three labels behind a layer of the head's own"),
    Fixture("mpnet-token-classification", "MPNetForTokenClassification",
            mpnet("MPNetForTokenClassification", 28, 4, 49, act="silu", **labels(*"ABCDE")), mpnet_cases("logits"),
            what="five labels per token"),
    Fixture("mpnet-question-answering", "MPNetForQuestionAnswering",
            mpnet("MPNetForQuestionAnswering", 22, 2, 33), mpnet_cases("start_logits", "end_logits"),
            what="start and end logits"),
    Fixture("sentence-mpnet", "MPNetModel", mpnet("MPNetForMaskedLM", 28, 4, 50, vocab=len(SENTENCE_VOCABULARY)),
            sentence_cases, made_as="MPNetModel", files=mpnet_sentence_files,
            what="an MPNet backbone and tokenizer; architectures names a class with a head"),
]

ALBERT_ELECTRA_MPNET = [*ALBERT, *ELECTRA, *MPNET]
