"""The tiny models: what each is for, its config.json, how its tensors are stored, and its cases.

Shapes are odd on purpose: nothing here is a multiple of a vector width by rule, and no two sizes that could be confused
are equal. Every model stays under a megabyte with its reference.
"""
from dataclasses import dataclass
from typing import Callable

import torch

from checkpoints import (add_copies, add_gpt2_masks, add_position_ids, add_prefix, add_random, cast, drop,
                         keep_tied_only, old_layer_norm_names, strip_prefix)
from oracle import DISTINCT, Case

# Few numbers give a lucky error: heads that give a handful per sequence are run on this many.
MANY = [1, 2, 3, 5, 4, 8, 13, 6, 21, 9, 2, 7, 16, 11, 3, 12, 5, 10, 4, 19, 6, 8, 14, 3]


@dataclass
class Fixture:
    name: str
    cls: str                        # the class that the reference loads
    config: dict                    # config.json
    cases: Callable                 # (Tokens, config) -> list of Case
    stored: tuple = ()              # changes from the class's own tensors to those of the file
    made_as: str | None = None      # the class whose tensors are made, if another
    shards: int = 1
    unused: tuple = ()              # parts of the names of stored tensors that the class has no use for
    choose_eos: bool = False        # make a token that greedy generation meets the end-of-text token
    files: Callable | None = None   # writes what a directory holds besides config.json and tensors
    write: Callable | None = None   # (directory, seed): writes all of it, where cls is no class of transformers
    init_std: float | None = None   # see random_state
    distinct_tokens: int = DISTINCT  # what a generation must show at least
    what: str = ""


class Tokens:
    """Random token ids from the fixture's seed."""

    def __init__(self, seed):
        self.generator = torch.Generator().manual_seed(seed)

    def rows(self, lengths, vocab, low=2):
        return [torch.randint(low, vocab, (n,), generator=self.generator).tolist() for n in lengths]


def hidden_states(layers, name="hidden_states"):
    return [f"{name}.{i}" for i in range(layers + 1)]


# ---- BERT

def bert(cls, hidden, heads, inner, *, layers=2, act="gelu", vocab=101, types=2, positions=48, eps=1e-12, **more):
    return {"architectures": [cls], "model_type": "bert", "vocab_size": vocab, "hidden_size": hidden,
            "num_hidden_layers": layers, "num_attention_heads": heads, "intermediate_size": inner, "hidden_act": act,
            "hidden_dropout_prob": 0.1, "attention_probs_dropout_prob": 0.1, "max_position_embeddings": positions,
            "type_vocab_size": types, "initializer_range": 0.02, "layer_norm_eps": eps, "pad_token_id": 0, **more}


def bert_cases(*outputs, per_token=True, long=None):
    def cases(tokens, config):
        vocab, types = config["vocab_size"], config.get("type_vocab_size", 2)
        lengths = [1, 2, 7, 33] if per_token else MANY
        found = [Case("mixed", {"input_ids": tokens.rows(lengths, vocab, low=0)}, list(outputs)),
                 Case("layers", {"input_ids": tokens.rows([2, 17], vocab)},
                      hidden_states(config["num_hidden_layers"]))]
        if types > 1:
            lengths = [5, 19] if per_token else MANY
            found.append(Case("types", {"input_ids": tokens.rows(lengths, vocab),
                                        "token_type_ids": tokens.rows(lengths, types, low=0)}, list(outputs)))
        if long:
            found.append(Case("long", {"input_ids": tokens.rows(long, vocab)}, list(outputs)))
        return found
    return cases


BERT_TIED = drop("cls.predictions.decoder.")

BERT = [
    Fixture("bert-model", "BertModel", bert("BertModel", 35, 7, 83, layers=3, positions=160),
            bert_cases("last_hidden_state", "pooler_output", long=[129, 160]),
            what="head size 5, a sequence as long as the position table"),
    Fixture("bert-model-wide-head", "BertModel", bert("BertModel", 80, 1, 37, act="gelu_new", types=1, eps=1e-3),
            bert_cases("last_hidden_state", "pooler_output"),
            what="one head of 80, one token type, a large epsilon, an intermediate smaller than hidden"),
    Fixture("bert-model-bare-config", "BertModel",
            {"model_type": "bert", "vocab_size": 67, "hidden_size": 24, "num_hidden_layers": 1,
             "intermediate_size": 31, "max_position_embeddings": 40},
            bert_cases("last_hidden_state", "pooler_output"),
            what="a config.json that leaves heads (12), activation, types and epsilon to the class's defaults"),
    Fixture("bert-masked-lm", "BertForMaskedLM", bert("BertForMaskedLM", 42, 6, 97, vocab=113),
            bert_cases("logits"), (BERT_TIED,),
            what="head size 7; the decoder is not stored and tied to the word embeddings, its bias to cls.predictions.bias"),
    Fixture("bert-masked-lm-relu", "BertForMaskedLM", bert("BertForMaskedLM", 48, 2, 70, act="relu", types=3),
            bert_cases("logits"), (BERT_TIED,), what="head size 24, relu also in the head, three token types"),
    Fixture("bert-masked-lm-own-decoder", "BertForMaskedLM", bert("BertForMaskedLM", 33, 1, 50, act="silu"),
            bert_cases("logits"), (drop("cls.predictions.decoder.bias"),),
            what="head size 33; tying is asked for but the file has a decoder weight that differs: it is kept"),
    Fixture("bert-masked-lm-untied", "BertForMaskedLM",
            bert("BertForMaskedLM", 40, 4, 60, act="quick_gelu", tie_word_embeddings=False),
            bert_cases("logits"),
            what="tie_word_embeddings false: own decoder weight, and its own bias while cls.predictions.bias is dead"),
    Fixture("bert-masked-lm-no-prefix", "BertForMaskedLM", bert("BertForMaskedLM", 36, 4, 61), bert_cases("logits"),
            (BERT_TIED, strip_prefix("bert.")), what="backbone tensors without the bert. prefix"),
    Fixture("bert-masked-lm-sharded", "BertForMaskedLM", bert("BertForMaskedLM", 30, 6, 77), bert_cases("logits"),
            (BERT_TIED,), shards=3, what="three shards with an index"),
    Fixture("bert-masked-lm-f16", "BertForMaskedLM", bert("BertForMaskedLM", 44, 4, 91, torch_dtype="float16"),
            bert_cases("logits"), (BERT_TIED, cast(torch.float16)), what="F16 tensors"),
    Fixture("bert-masked-lm-bf16", "BertForMaskedLM", bert("BertForMaskedLM", 44, 4, 91, torch_dtype="bfloat16"),
            bert_cases("logits"), (BERT_TIED, cast(torch.bfloat16)), what="BF16 tensors"),
    Fixture("bert-masked-lm-f64", "BertForMaskedLM", bert("BertForMaskedLM", 28, 4, 45), bert_cases("logits"),
            (BERT_TIED, cast(torch.float64)), what="F64 tensors with digits that float32 does not have"),
    Fixture("bert-pretraining", "BertForPreTraining", bert("BertForPreTraining", 39, 3, 85, act="gelu_pytorch_tanh"),
            bert_cases("prediction_logits", "seq_relationship_logits", per_token=False),
            (BERT_TIED, old_layer_norm_names, add_position_ids("bert.embeddings.position_ids", 48)),
            unused=("position_ids",), what="gamma and beta names, a position_ids buffer"),
    Fixture("bert-pretraining-as-masked-lm", "BertForMaskedLM", bert("BertForPreTraining", 35, 5, 64),
            bert_cases("logits"), (BERT_TIED, old_layer_norm_names), made_as="BertForPreTraining",
            unused=("pooler", "seq_relationship"), what="the file of another head: its pooler and head stay unused"),
    Fixture("bert-pretraining-as-model", "BertModel", bert("BertForPreTraining", 35, 5, 64),
            bert_cases("last_hidden_state", "pooler_output"), (old_layer_norm_names,), made_as="BertForPreTraining",
            unused=("cls.",), what="the prefix must be stripped and the heads stay unused"),
    Fixture("bert-next-sentence", "BertForNextSentencePrediction",
            bert("BertForNextSentencePrediction", 27, 3, 55, types=2), bert_cases("logits", per_token=False),
            what="the two logits of next sentence prediction"),
    Fixture("bert-sequence-classification", "BertForSequenceClassification",
            bert("BertForSequenceClassification", 34, 2, 71, act="gelu_fast",
                 id2label={"0": "no", "1": "perhaps", "2": "yes"}, label2id={"no": 0, "perhaps": 1, "yes": 2}),
            bert_cases("logits", per_token=False), what="head size 17, three labels from id2label"),
    Fixture("bert-sequence-regression", "BertForSequenceClassification",
            bert("BertForSequenceClassification", 26, 2, 53, id2label={"0": "LABEL_0"}, label2id={"LABEL_0": 0}),
            bert_cases("logits", per_token=False), what="one label"),
    Fixture("bert-token-classification", "BertForTokenClassification",
            bert("BertForTokenClassification", 32, 4, 129, act="silu", types=1,
                 id2label={str(i): f"LABEL_{i}" for i in range(5)}, label2id={f"LABEL_{i}": i for i in range(5)}),
            bert_cases("logits"), what="five labels per token, one token type"),
    Fixture("bert-question-answering", "BertForQuestionAnswering",
            bert("BertForQuestionAnswering", 30, 2, 58, act="gelu_new"),
            bert_cases("start_logits", "end_logits"), what="start and end logits"),
]


# ---- GPT-2

def gpt2(cls, hidden, heads, *, layers=2, act="gelu_new", vocab=107, positions=48, **more):
    return {"architectures": [cls], "model_type": "gpt2", "activation_function": act, "attn_pdrop": 0.1,
            "bos_token_id": vocab - 1, "embd_pdrop": 0.1, "eos_token_id": vocab - 1, "initializer_range": 0.02,
            "layer_norm_epsilon": 1e-5, "n_embd": hidden, "n_head": heads, "n_layer": layers,
            "n_positions": positions, "resid_pdrop": 0.1, "vocab_size": vocab, **more}


def gpt2_cases(generate=True, long=None, output="logits"):
    def cases(tokens, config):
        vocab = config["vocab_size"]
        found = [Case("mixed", {"input_ids": tokens.rows([1, 2, 7, 33], vocab, low=0)}, [output]),
                 Case("layers", {"input_ids": tokens.rows([2, 17], vocab)}, hidden_states(config["n_layer"]))]
        if long:
            found.append(Case("long", {"input_ids": tokens.rows(long, vocab)}, [output]))
        if generate:
            found.append(Case("greedy", {"input_ids": tokens.rows([1, 4, 11], vocab)},
                              generate={"max_new_tokens": 20}))
        return found
    return cases


def gpt2_token_type_cases(tokens, config):
    ids = tokens.rows([1, 6, 21], config["vocab_size"])
    types = tokens.rows([1, 6, 21], config["vocab_size"])
    return [Case("types", {"input_ids": ids, "token_type_ids": types}, ["logits", "hidden_states.0"])]


def gpt2_classification_cases(pad):
    def cases(tokens, config):
        found = [Case("mixed", {"input_ids": tokens.rows(MANY, config["vocab_size"])}, ["logits"])]
        if pad is not None:
            rows = tokens.rows(MANY, config["vocab_size"])
            # pad ids in front, inside and behind: the score is read at the last token that is no pad
            padded = [[pad] * (i % 3) + row + [pad] + row[:2] + [pad] * (i % 4) for i, row in enumerate(rows)]
            found.append(Case("pads", {"input_ids": padded + [[pad], [pad, pad, pad]]}, ["logits"]))
        return found
    return cases


GPT2_TIED = drop("lm_head.")

GPT2 = [
    Fixture("gpt2-model", "GPT2Model", gpt2("GPT2Model", 72, 3, layers=1, positions=170),
            gpt2_cases(output="last_hidden_state", generate=False, long=[165, 129]),
            what="head size 24, sequences of more than 128 tokens"),
    Fixture("gpt2-model-as-old-file", "GPT2Model", gpt2("GPT2LMHeadModel", 35, 5, n_ctx=48),
            gpt2_cases(output="last_hidden_state", generate=False), (add_gpt2_masks(2, 48),),
            unused=("attn.masked_bias",), what="no prefix, with the attn.bias and attn.masked_bias buffers of old files"),
    Fixture("gpt2-lm", "GPT2LMHeadModel", gpt2("GPT2LMHeadModel", 36, 4, layers=3), gpt2_cases(), (GPT2_TIED,),
            choose_eos=True, what="tied head; a generation that stops at the end-of-text token"),
    Fixture("gpt2-lm-old-file", "GPT2LMHeadModel", gpt2("GPT2LMHeadModel", 25, 5, n_ctx=48), gpt2_cases(),
            (GPT2_TIED, strip_prefix("transformer."), add_gpt2_masks(2, 48)), unused=("attn.masked_bias",),
            what="as the original gpt2 file: no prefix, mask buffers, head not stored"),
    Fixture("gpt2-lm-n-inner", "GPT2LMHeadModel",
            gpt2("GPT2LMHeadModel", 33, 1, layers=3, act="relu", n_inner=57, scale_attn_by_inverse_layer_idx=True,
                 layer_norm_epsilon=1e-3),
            gpt2_cases(), (GPT2_TIED,),
            what="one head of 33, n_inner set, scores also divided by the layer's number, a large epsilon"),
    Fixture("gpt2-lm-unscaled", "GPT2LMHeadModel",
            gpt2("GPT2LMHeadModel", 35, 7, act="silu", scale_attn_weights=False), gpt2_cases(), (GPT2_TIED,),
            what="head size 5, scores not scaled"),
    Fixture("gpt2-lm-untied", "GPT2LMHeadModel",
            gpt2("GPT2LMHeadModel", 28, 4, act="gelu", tie_word_embeddings=False), gpt2_cases(),
            what="tie_word_embeddings false with an lm_head of its own"),
    Fixture("gpt2-lm-own-head", "GPT2LMHeadModel", gpt2("GPT2LMHeadModel", 28, 4), gpt2_cases(),
            what="tying is asked for but the file has an lm_head that differs: it is kept"),
    Fixture("gpt2-lm-only-head-stored", "GPT2LMHeadModel", gpt2("GPT2LMHeadModel", 30, 3), gpt2_cases(),
            (keep_tied_only("lm_head.weight", ("transformer.wte.weight", "lm_head.weight")),),
            what="only lm_head.weight is stored: the embedding takes it"),
    Fixture("gpt2-lm-wide-head", "GPT2LMHeadModel", gpt2("GPT2LMHeadModel", 80, 1, layers=1, act="quick_gelu"),
            gpt2_cases(), (GPT2_TIED,), what="one head of 80"),
    Fixture("gpt2-lm-token-types", "GPT2LMHeadModel", gpt2("GPT2LMHeadModel", 24, 4), gpt2_token_type_cases,
            (GPT2_TIED,), what="token types, which GPT-2 looks up among the word embeddings"),
    Fixture("gpt2-lm-sharded", "GPT2LMHeadModel", gpt2("GPT2LMHeadModel", 24, 2), gpt2_cases(), (GPT2_TIED,),
            shards=3, what="three shards with an index"),
    Fixture("gpt2-lm-f16", "GPT2LMHeadModel", gpt2("GPT2LMHeadModel", 40, 5, torch_dtype="float16"), gpt2_cases(),
            (GPT2_TIED, cast(torch.float16)), what="F16 tensors"),
    Fixture("gpt2-lm-bf16", "GPT2LMHeadModel", gpt2("GPT2LMHeadModel", 40, 5, torch_dtype="bfloat16"), gpt2_cases(),
            (GPT2_TIED, cast(torch.bfloat16)), what="BF16 tensors"),
    Fixture("gpt2-sequence-classification", "GPT2ForSequenceClassification",
            gpt2("GPT2ForSequenceClassification", 32, 4, positions=64, pad_token_id=0,
                 id2label={"0": "a", "1": "b", "2": "c"}, label2id={"a": 0, "b": 1, "c": 2}),
            gpt2_classification_cases(pad=0), what="the score of the last token that is not the pad token"),
    Fixture("gpt2-sequence-classification-no-pad", "GPT2ForSequenceClassification",
            gpt2("GPT2ForSequenceClassification", 30, 3), gpt2_classification_cases(pad=None),
            what="no pad token: the score of the last token; two labels by default"),
]


# ---- T5

def t5(cls, hidden, heads, head_size, inner, *, layers=2, decoder_layers=None, vocab=109, act="relu", **more):
    config = {"architectures": [cls], "model_type": "t5", "d_ff": inner, "d_kv": head_size, "d_model": hidden,
              "decoder_start_token_id": 0, "dropout_rate": 0.1, "eos_token_id": 1, "feed_forward_proj": act,
              "initializer_factor": 1.0, "is_encoder_decoder": True, "layer_norm_epsilon": 1e-6, "num_heads": heads,
              "num_layers": layers, "pad_token_id": 0, "relative_attention_num_buckets": 32, "vocab_size": vocab}
    if decoder_layers is not None:
        config["num_decoder_layers"] = decoder_layers
    return config | more


def t5_cases(long=False):
    def cases(tokens, config):
        vocab = config["vocab_size"]
        decoder_layers = config.get("num_decoder_layers", config["num_layers"])

        def inputs(lengths, decoder_lengths):
            return {"input_ids": tokens.rows(lengths, vocab),
                    "decoder_input_ids": [[0] + row for row in tokens.rows([n - 1 for n in decoder_lengths], vocab)]}
        found = [Case("mixed", inputs([1, 2, 7, 33], [4, 1, 19, 8]), ["logits", "encoder_last_hidden_state"]),
                 Case("layers", inputs([3, 14], [11, 2]),
                      hidden_states(config["num_layers"], "encoder_hidden_states")
                      + hidden_states(decoder_layers, "decoder_hidden_states")),
                 Case("greedy", {"input_ids": tokens.rows([1, 5, 12], vocab)}, generate={"max_new_tokens": 20})]
        if long:
            found.append(Case("long", inputs([190, 3], [2, 170]), ["logits", "encoder_last_hidden_state"]))
        return found
    return cases


def t5_encoder_cases(tokens, config):
    vocab = config["vocab_size"]
    return [Case("mixed", {"input_ids": tokens.rows([1, 2, 7, 33], vocab, low=0)}, ["last_hidden_state"]),
            Case("layers", {"input_ids": tokens.rows([2, 17], vocab)}, hidden_states(config["num_layers"])),
            Case("long", {"input_ids": tokens.rows([160, 200], vocab)}, ["last_hidden_state"])]


T5_EMBEDDINGS = ("shared.weight", "encoder.embed_tokens.weight", "decoder.embed_tokens.weight", "lm_head.weight")
T5_TIED = keep_tied_only("shared.weight", T5_EMBEDDINGS)
T5_OWN_HEAD = keep_tied_only("shared.weight", T5_EMBEDDINGS[:3])
T5_CROSS_BIAS = "decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight"
LM = "T5ForConditionalGeneration"

T5 = [
    Fixture("t5", LM, t5(LM, 40, 3, 7, 67), t5_cases(long=True), (T5_TIED, add_random(T5_CROSS_BIAS, (32, 3))),
            unused=("EncDecAttention.relative",), choose_eos=True,
            what="v1.0: relu, tied and scaled; a dead cross-attention bias; long enough for the last bucket"),
    Fixture("t5-all-copies", LM, t5(LM, 30, 2, 24, 45), t5_cases(),
            (T5_TIED, add_copies("shared.weight", *T5_EMBEDDINGS[1:])),
            what="heads wider than d_model, the one embedding stored under all its four names"),
    Fixture("t5-v1.1", LM, t5(LM, 36, 5, 5, 50, act="gated-gelu", tie_word_embeddings=False), t5_cases(),
            (T5_OWN_HEAD,), what="v1.1: gated gelu (the tanh form), own lm_head, output not scaled"),
    Fixture("t5-flan", LM,
            t5(LM, 32, 4, 12, 61, layers=3, act="gated-gelu", tie_word_embeddings=False, n_positions=512,
               output_past=True, relative_attention_max_distance=128),
            t5_cases(long=True), (T5_OWN_HEAD, add_copies("shared.weight", *T5_EMBEDDINGS[1:3])), choose_eos=True,
            what="Flan: embedding and lm_head both stored and different"),
    Fixture("t5-own-head-scaled", LM, t5(LM, 28, 2, 9, 40, act="gated-silu"), t5_cases(), (T5_OWN_HEAD,),
            what="an lm_head that differs although tying is not forbidden: own head and scaled output"),
    Fixture("t5-saved-by-v5", LM,
            t5(LM, 28, 2, 9, 40, act="gated-gelu", tie_word_embeddings=True, scale_decoder_outputs=False,
               is_gated_act=True, dense_act_fn="gelu_new"),
            t5_cases(), (T5_OWN_HEAD,),
            what="config.json as transformers 5 rewrites that of v1.1: scale_decoder_outputs false decides"),
    Fixture("t5-deep-decoder", LM, t5(LM, 33, 1, 33, 47, layers=1, decoder_layers=3, act="gelu"), t5_cases(),
            (T5_TIED,), what="one head of 33, more decoder than encoder layers, exact gelu without a gate"),
    Fixture("t5-shallow-decoder", LM, t5(LM, 24, 2, 10, 50, layers=3, decoder_layers=1, act="silu"), t5_cases(),
            (T5_TIED,), what="fewer decoder than encoder layers"),
    Fixture("t5-few-buckets", LM,
            t5(LM, 26, 2, 8, 33, relative_attention_num_buckets=12, relative_attention_max_distance=40,
               layer_norm_epsilon=1e-3), t5_cases(long=True), (T5_TIED,),
            what="12 buckets up to distance 40, a large epsilon"),
    Fixture("t5-only-head-stored", LM, t5(LM, 27, 3, 8, 31), t5_cases(),
            (keep_tied_only("lm_head.weight", T5_EMBEDDINGS),), what="only lm_head.weight is stored"),
    Fixture("t5-only-encoder-embedding-stored", LM, t5(LM, 27, 3, 8, 31), t5_cases(),
            (keep_tied_only("encoder.embed_tokens.weight", T5_EMBEDDINGS),),
            what="only encoder.embed_tokens.weight is stored"),
    Fixture("t5-sharded", LM, t5(LM, 24, 3, 11, 29, act="gated-gelu", tie_word_embeddings=False), t5_cases(),
            (T5_OWN_HEAD,), shards=3, what="three shards with an index"),
    Fixture("t5-f16", LM, t5(LM, 32, 2, 80, 43, layers=1, torch_dtype="float16"), t5_cases(),
            (T5_TIED, cast(torch.float16)), what="F16 tensors, head size 80"),
    Fixture("t5-bf16", LM, t5(LM, 32, 4, 7, 43, act="gated-gelu", tie_word_embeddings=False, torch_dtype="bfloat16"),
            t5_cases(), (T5_OWN_HEAD, cast(torch.bfloat16)), what="BF16 tensors"),
    Fixture("t5-encoder", "T5EncoderModel", t5("T5EncoderModel", 37, 5, 7, 59), t5_encoder_cases,
            (keep_tied_only("shared.weight", T5_EMBEDDINGS[:2]),), what="the encoder alone"),
    Fixture("t5-encoder-of-whole-file", "T5EncoderModel", t5(LM, 30, 4, 6, 41, act="gated-gelu", decoder_layers=1),
            t5_encoder_cases, (T5_OWN_HEAD,), made_as=LM, unused=("decoder", "lm_head"),
            what="the encoder from the file of the whole model"),
    Fixture("t5-encoder-only-embed-tokens", "T5EncoderModel", t5("T5EncoderModel", 30, 4, 6, 41), t5_encoder_cases,
            (keep_tied_only("encoder.embed_tokens.weight", T5_EMBEDDINGS[:2]),),
            what="only encoder.embed_tokens.weight is stored"),
]

FIXTURES = [*BERT, *GPT2, *T5]
