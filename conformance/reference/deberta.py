"""DeBERTa v2 and v3: relative attention in all its variants."""
import torch

from checkpoints import add_position_ids, add_random, cast, drop, old_layer_norm_names, strip_prefix
from fixtures import MANY, Fixture, hidden_states
from oracle import Case


def deberta(cls, hidden, heads, inner, *, layers=1, vocab=71, positions=64, **more):
    return {"architectures": [cls], "model_type": "deberta-v2", "attention_probs_dropout_prob": 0.1,
            "hidden_act": "gelu", "hidden_dropout_prob": 0.1, "hidden_size": hidden, "initializer_range": 0.02,
            "intermediate_size": inner, "layer_norm_eps": 1e-7, "max_position_embeddings": positions,
            "num_attention_heads": heads, "num_hidden_layers": layers, "vocab_size": vocab, **more}


def v3(cls, hidden, heads, inner, *, buckets=16, **more):
    """The keys of deberta-v3-base, with fewer buckets: sequences reach beyond them."""
    return deberta(cls, hidden, heads, inner, **{
        "relative_attention": True, "position_buckets": buckets, "norm_rel_ebd": "layer_norm", "share_att_key": True,
        "pos_att_type": "p2c|c2p", "max_relative_positions": -1, "position_biased_input": False, "type_vocab_size": 0,
        **more})


def cases(*outputs, per_token=True, long=None):
    def make(tokens, config):
        vocab, types = config["vocab_size"], config.get("type_vocab_size", 0)
        found = [Case("mixed", {"input_ids": tokens.rows([1, 2, 7, 33] if per_token else MANY, vocab, low=0)},
                      list(outputs)),
                 Case("layers", {"input_ids": tokens.rows([3, 21], vocab)}, hidden_states(config["num_hidden_layers"]))]
        if types > 1:
            lengths = [5, 19] if per_token else MANY
            found.append(Case("types", {"input_ids": tokens.rows(lengths, vocab),
                                        "token_type_ids": tokens.rows(lengths, types, low=0)}, list(outputs)))
        if long:
            found.append(Case("long", {"input_ids": tokens.rows(long, vocab)}, list(outputs)))
        return found
    return make


MODEL, LM, CLASSIFIER = "DebertaV2Model", "DebertaV2ForMaskedLM", "DebertaV2ForSequenceClassification"
TIED = drop("cls.predictions.decoder.")

DEBERTA = [
    Fixture("deberta-v3", MODEL, v3(MODEL, 36, 4, 67, layers=3), cases("last_hidden_state", long=[100]),
            what="as deberta-v3-base: shared projections, logarithmic buckets; longer than max_position_embeddings"),
    Fixture("deberta-many-buckets", MODEL, v3(MODEL, 24, 3, 31, buckets=200, positions=180),
            cases("last_hidden_state", long=[140]), what="more than 64 distances on either side before buckets begin"),
    Fixture("deberta-c2p", MODEL,
            v3(MODEL, 35, 5, 43, pos_att_type=["c2p"], share_att_key=False, norm_rel_ebd="none", buckets=-1, positions=24),
            cases("last_hidden_state", long=[47]),
            what="only content to position, a projection of its own, no norm, a position per distance up to 24"),
    Fixture("deberta-p2c", MODEL,
            v3(MODEL, 33, 1, 40, pos_att_type=["p2c"], share_att_key=False, max_relative_positions=40, buckets=6),
            cases("last_hidden_state", long=[47]),
            what="only position to content, one head of 33, six buckets up to max_relative_positions"),
    Fixture("deberta-separate-projections", MODEL,
            v3(MODEL, 30, 6, 41, layers=2, pos_att_type="C2P | p2c", share_att_key=False, position_biased_input=True,
               type_vocab_size=3),
            cases("last_hidden_state", long=[64]),
            what="pos_key_proj and pos_query_proj, absolute positions as well, three token types"),
    Fixture("deberta-absolute", MODEL, deberta(MODEL, 28, 4, 39, pos_att_type=["c2p", "p2c"], type_vocab_size=2),
            cases("last_hidden_state"), what="relative_attention off: pos_att_type still divides the scores"),
    Fixture("deberta-no-products", MODEL, v3(MODEL, 26, 2, 37, pos_att_type=[]), cases("last_hidden_state"),
            what="relative embeddings that nothing is multiplied with"),
    Fixture("deberta-bare-config", MODEL,
            {"model_type": "deberta-v2", "vocab_size": 61, "hidden_size": 24, "num_hidden_layers": 1,
             "intermediate_size": 29, "max_position_embeddings": 40},
            cases("last_hidden_state"), what="a config.json that leaves heads (24) and all switches to the class's defaults"),
    Fixture("deberta-convolution", MODEL,
            v3(MODEL, 30, 3, 47, layers=2, conv_kernel_size=3, conv_act="gelu", attention_head_size=10),
            cases("last_hidden_state", long=[50]), what="as deberta-v2-xlarge: a convolution behind the first layer"),
    Fixture("deberta-convolution-grouped", MODEL,
            v3(MODEL, 24, 2, 35, conv_kernel_size=5, conv_groups=4, embedding_size=17),
            cases("last_hidden_state"), what="five tokens wide, four groups, tanh by default; narrower embeddings"),
    Fixture("deberta-masked-lm", LM, v3(LM, 32, 4, 53, layers=2, embedding_size=21), cases("logits"), (TIED,),
            what="BERT's head on narrower embeddings, the decoder tied to them"),
    Fixture("deberta-masked-lm-untied", LM, v3(LM, 27, 3, 40, tie_word_embeddings=False, hidden_act="gelu_new"),
            cases("logits"), what="a decoder and a decoder bias of its own"),
    Fixture("deberta-masked-lm-new-head", LM, v3(LM, 28, 2, 45, legacy=False, tie_word_embeddings=False), cases("logits"),
            (add_random("mask_predictions.dense.weight", (28, 28)),), unused=("mask_predictions",),
            what="legacy false: the paper's head, which multiplies with the word embeddings whatever is tied"),
    Fixture("deberta-masked-lm-no-prefix", LM, v3(LM, 36, 6, 38), cases("logits"),
            (TIED, strip_prefix("deberta."), old_layer_norm_names, add_position_ids("embeddings.position_ids", 64),
             add_random("embeddings.position_embeddings.weight", (64, 36))),
            unused=("position_embeddings", "position_ids"),
            what="no prefix, gamma and beta names, absolute positions that the model has no use for"),
    Fixture("deberta-sequence-classification", CLASSIFIER,
            v3(CLASSIFIER, 34, 2, 59, layers=2, pooler_hidden_size=34, pooler_hidden_act="tanh",
               id2label={"0": "contradiction", "1": "entailment", "2": "neutral"},
               label2id={"contradiction": 0, "entailment": 1, "neutral": 2}),
            cases("logits", per_token=False), what="as a cross encoder for inference; another activation in the pooler"),
    Fixture("deberta-sequence-regression-f16", CLASSIFIER,
            v3(CLASSIFIER, 30, 3, 44, type_vocab_size=2, torch_dtype="float16", id2label={"0": "LABEL_0"},
               label2id={"LABEL_0": 0}),
            cases("logits", per_token=False), (cast(torch.float16),), what="one label, gelu in the pooler, F16 tensors"),
    Fixture("deberta-token-classification-sharded", "DebertaV2ForTokenClassification",
            v3("DebertaV2ForTokenClassification", 26, 2, 51, id2label={str(i): f"L{i}" for i in range(5)},
               label2id={f"L{i}": i for i in range(5)}),
            cases("logits"), shards=3, what="five labels per token, three shards with an index"),
    Fixture("deberta-question-answering-bf16", "DebertaV2ForQuestionAnswering",
            v3("DebertaV2ForQuestionAnswering", 40, 5, 33, torch_dtype="bfloat16"),
            cases("start_logits", "end_logits"), (cast(torch.bfloat16),), what="start and end logits, BF16 tensors"),
]
