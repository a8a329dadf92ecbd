"""Models with the real shapes of bert-base-uncased, gpt2 and t5-small and random weights: for full-size checks and
benchmarks where the real files are not at hand. Not committed."""
from checkpoints import add_position_ids, old_layer_norm_names, strip_prefix
from fixtures import BERT_TIED, GPT2_TIED, T5_TIED, Fixture, bert, gpt2, t5
from oracle import Case

LENGTHS = [16, 77, 128]


def bert_cases(tokens, config):
    return [Case("mixed", {"input_ids": tokens.rows(LENGTHS, 30522)},
                 ["hidden_states.0", "hidden_states.6", "hidden_states.12"]),
            Case("logits", {"input_ids": tokens.rows([3, 16], 30522)}, ["logits"])]


def gpt2_cases(tokens, config):
    return [Case("mixed", {"input_ids": tokens.rows(LENGTHS, 50257)},
                 ["hidden_states.0", "hidden_states.6", "hidden_states.12"]),
            Case("logits", {"input_ids": tokens.rows([3, 16], 50257)}, ["logits"]),
            Case("greedy", {"input_ids": tokens.rows([5, 16], 50257)}, generate={"max_new_tokens": 16})]


def t5_cases(tokens, config):
    def decoder_rows(lengths):
        return [[0] + row for row in tokens.rows([n - 1 for n in lengths], 32100)]
    return [Case("mixed", {"input_ids": tokens.rows(LENGTHS, 32100), "decoder_input_ids": decoder_rows([20, 33, 7])},
                 ["encoder_last_hidden_state", "decoder_hidden_states.6"]),
            Case("logits", {"input_ids": tokens.rows([3, 16], 32100), "decoder_input_ids": decoder_rows([9, 4])},
                 ["logits"]),
            Case("greedy", {"input_ids": tokens.rows([5, 16], 32100)}, generate={"max_new_tokens": 16})]


FULL_SIZE = [
    Fixture("bert-base-uncased", "BertForMaskedLM",
            bert("BertForMaskedLM", 768, 12, 3072, layers=12, vocab=30522, positions=512),
            bert_cases, (BERT_TIED, old_layer_norm_names, add_position_ids("bert.embeddings.position_ids", 512)),
            made_as="BertForPreTraining", unused=("pooler", "seq_relationship", "position_ids"), init_std=0.02),
    Fixture("gpt2", "GPT2LMHeadModel",
            gpt2("GPT2LMHeadModel", 768, 12, layers=12, vocab=50257, positions=1024, n_ctx=1024),
            gpt2_cases, (GPT2_TIED, strip_prefix("transformer.")), distinct_tokens=1),
    Fixture("t5-small", "T5ForConditionalGeneration",
            t5("T5ForConditionalGeneration", 512, 8, 64, 2048, layers=6, vocab=32128, n_positions=512,
               output_past=True),
            t5_cases, (T5_TIED,), distinct_tokens=1),
]
