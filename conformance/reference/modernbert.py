"""The ModernBERT directories, and the float64 forms of what modeling_modernbert.py computes in float32 always."""
import torch
from transformers.models.modernbert import modeling_modernbert as modeling

from checkpoints import cast, drop, strip_prefix
from fixtures import MANY, Fixture, hidden_states
from oracle import FLOAT64_FORMS, Case
from sentence import sentence_cases, sentence_files, vocabulary


def float64_tables(self, x, position_ids, layer_type):
    theta = self.config.rope_parameters[layer_type]["rope_theta"]
    dim = self.config.hidden_size // self.config.num_attention_heads
    frequencies = 1.0 / theta ** (torch.arange(0, dim, 2, dtype=torch.float64) / dim)
    angles = position_ids[..., None].double() * frequencies
    angles = torch.cat((angles, angles), dim=-1)
    return angles.cos(), angles.sin()


def float64_rotation(q, k, cos, sin, unsqueeze_dim=1):
    cos, sin = cos.unsqueeze(unsqueeze_dim), sin.unsqueeze(unsqueeze_dim)
    return q * cos + modeling.rotate_half(q) * sin, k * cos + modeling.rotate_half(k) * sin


def float64_attention(module, query, key, value, attention_mask, scaling, **_):
    scores = query @ key.transpose(2, 3) * scaling
    if attention_mask is not None:
        scores = scores + attention_mask
    weights = torch.softmax(scores, dim=-1)
    return (weights @ value).transpose(1, 2).contiguous(), weights


FLOAT64_FORMS += [(modeling.ModernBertRotaryEmbedding, "forward", float64_tables),
                  (modeling, "apply_rotary_pos_emb", float64_rotation),
                  (modeling, "eager_attention_forward", float64_attention)]


def modernbert(cls, hidden, heads, inner, *, layers=3, window=8, vocab=53, positions=160, **more):
    """A config.json with the keys of published files."""
    return {"architectures": [cls], "model_type": "modernbert", "vocab_size": vocab, "hidden_size": hidden,
            "num_hidden_layers": layers, "num_attention_heads": heads, "intermediate_size": inner,
            "max_position_embeddings": positions, "local_attention": window, "pad_token_id": 0, "bos_token_id": 1,
            "cls_token_id": 1, "eos_token_id": 2, "sep_token_id": 2, **more}


def full_and_sliding(full, sliding):
    return {"full_attention": {"rope_type": "default", "rope_theta": full},
            "sliding_attention": {"rope_type": "default", "rope_theta": sliding}}


def layer_types(letters):
    return [{"F": "full_attention", "s": "sliding_attention"}[letter] for letter in letters]


def modernbert_cases(*outputs, lengths=(1, 2, 7, 33), long=None):
    def cases(tokens, config):
        vocab = config["vocab_size"]
        found = [Case("mixed", {"input_ids": tokens.rows(lengths, vocab, low=0)}, list(outputs)),
                 Case("layers", {"input_ids": tokens.rows([2, 17], vocab)},
                      hidden_states(config["num_hidden_layers"]))]
        if long:
            found.append(Case("long", {"input_ids": tokens.rows(long, vocab)}, list(outputs)))
        return found
    return cases


TIED = drop("decoder.weight")

MODERNBERT = [
    Fixture("modernbert-model", "ModernBertModel",
            modernbert("ModernBertModel", 30, 5, 31, layers=4, global_attn_every_n_layers=3, global_rope_theta=900.0,
                       local_rope_theta=70.0, position_embedding_type="absolute", layer_norm_eps=1e-5, norm_eps=1e-3),
            modernbert_cases("last_hidden_state", long=[129, 160]),
            what="the old keys; head size 6, a window of 4 to either side, a sequence as long as the table of positions"),
    Fixture("modernbert-model-window", "ModernBertModel",
            {"architectures": ["ModernBertModel"], "model_type": "modernbert", "vocab_size": 41, "hidden_size": 28,
             "num_hidden_layers": 3, "num_attention_heads": 2, "intermediate_size": 19, "pad_token_id": 0},
            modernbert_cases("last_hidden_state", long=[131, 64, 300]),
            what="the class's window, 64 to either side, thetas, positions and layer types; head size 14"),
    Fixture("modernbert-model-wide-head", "ModernBertModel",
            modernbert("ModernBertModel", 80, 1, 11, layers=1, window=5, layer_types=layer_types("s"),
                       hidden_activation="gelu_pytorch_tanh"),
            modernbert_cases("last_hidden_state"), what="one head of 80, an odd local_attention"),
    Fixture("modernbert-masked-lm", "ModernBertForMaskedLM",
            modernbert("ModernBertForMaskedLM", 30, 5, 41, layer_types=layer_types("sFs"),
                       rope_parameters=full_and_sliding(2000.0, 50.0)),
            modernbert_cases("logits", long=[40]), (TIED,),
            what="the keys of transformers 5, the first layer sliding; decoder not stored, tied to the embeddings"),
    Fixture("modernbert-masked-lm-biases", "ModernBertForMaskedLM",
            modernbert("ModernBertForMaskedLM", 32, 4, 25, window=7, norm_bias=True, attention_bias=True, mlp_bias=True,
                       classifier_bias=True, decoder_bias=False, hidden_activation="silu", classifier_activation="relu",
                       global_rope_theta=400.0, rope_parameters={"sliding_attention": {"rope_theta": 30}}),
            modernbert_cases("logits"), (TIED,),
            what="every bias but the decoder's, other activations, a theta of the new keys beside one of the old"),
    Fixture("modernbert-masked-lm-untied", "ModernBertForMaskedLM",
            modernbert("ModernBertForMaskedLM", 32, 2, 27, layers=2, tie_word_embeddings=False),
            modernbert_cases("logits"), what="tie_word_embeddings false: a decoder weight of its own"),
    Fixture("modernbert-masked-lm-no-prefix", "ModernBertForMaskedLM",
            modernbert("ModernBertForMaskedLM", 36, 3, 30, layers=2), modernbert_cases("logits"),
            (TIED, strip_prefix("model.")), what="backbone tensors without the model. prefix"),
    Fixture("modernbert-masked-lm-sharded", "ModernBertForMaskedLM",
            modernbert("ModernBertForMaskedLM", 24, 3, 31, layers=3), modernbert_cases("logits"), (TIED,), shards=3,
            what="three shards with an index"),
    Fixture("modernbert-masked-lm-f16", "ModernBertForMaskedLM",
            modernbert("ModernBertForMaskedLM", 32, 4, 39, layers=3, torch_dtype="float16"), modernbert_cases("logits"),
            (TIED, cast(torch.float16)), what="F16 tensors"),
    Fixture("modernbert-masked-lm-as-model", "ModernBertModel",
            modernbert("ModernBertForMaskedLM", 28, 2, 29, layers=3), modernbert_cases("last_hidden_state"), (TIED,),
            made_as="ModernBertForMaskedLM", unused=("head.", "decoder."),
            what="the prefix must be stripped and the head stays unused"),
    Fixture("modernbert-sequence-classification", "ModernBertForSequenceClassification",
            modernbert("ModernBertForSequenceClassification", 24, 4, 29, classifier_pooling="cls",
                       id2label={"0": "no", "1": "perhaps", "2": "yes"}, label2id={"no": 0, "perhaps": 1, "yes": 2}),
            modernbert_cases("logits", lengths=MANY), what="the first token is classified; three labels from id2label"),
    Fixture("modernbert-sequence-classification-mean", "ModernBertForSequenceClassification",
            modernbert("ModernBertForSequenceClassification", 30, 3, 23, layers=2, classifier_pooling="mean",
                       classifier_bias=True, norm_bias=True),
            modernbert_cases("logits", lengths=MANY), what="the mean of the tokens is classified; two labels by default"),
    Fixture("modernbert-token-classification", "ModernBertForTokenClassification",
            modernbert("ModernBertForTokenClassification", 30, 3, 37, layers=2,
                       id2label={str(i): f"LABEL_{i}" for i in range(5)},
                       label2id={f"LABEL_{i}": i for i in range(5)}),
            modernbert_cases("logits"), what="five labels per token"),
    Fixture("modernbert-question-answering", "ModernBertForQuestionAnswering",
            modernbert("ModernBertForQuestionAnswering", 34, 1, 45, layers=2),
            modernbert_cases("start_logits", "end_logits"), what="start and end logits; one head of 34"),
    Fixture("modernbert-sentence", "ModernBertModel",
            modernbert("ModernBertModel", 20, 2, 25, layers=2, window=4, vocab=len(vocabulary()), positions=40),
            sentence_cases, files=sentence_files("mean", normalize=True), what="embeddings: mean pooling and Normalize"),
]
