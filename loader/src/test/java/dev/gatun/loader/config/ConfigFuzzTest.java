package dev.gatun.loader.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import dev.gatun.loader.GatunException;
import dev.gatun.loader.Mutator;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * Damaged configurations, the same ones on every run: each is either read into sane values or
 * refused by name.
 */
class ConfigFuzzTest {
  private static final int INPUTS = 10_000;
  private static final long SEED = 20_260_714;

  private static final List<String> VALID =
      List.of(
          """
          {"model_type": "bert", "architectures": ["BertModel"], "hidden_size": 64, "num_attention_heads": 4,
           "num_hidden_layers": 2, "intermediate_size": 128, "hidden_act": "gelu", "layer_norm_eps": 1e-12,
           "id2label": {"0": "A", "1": "B"}, "torch_dtype": "float32", "position_embedding_type": "absolute"}
          """,
          """
          {"model_type": "gpt2", "n_embd": 64, "n_head": 4, "n_layer": 2, "n_inner": null, "n_positions": 32,
           "activation_function": "gelu_new", "eos_token_id": [1, 2], "scale_attn_weights": true}
          """,
          """
          {"model_type": "t5", "d_model": 64, "d_kv": 16, "d_ff": 128, "num_heads": 4, "num_layers": 2,
           "feed_forward_proj": "gated-gelu", "tie_word_embeddings": false, "layer_norm_epsilon": 1e-6}
          """,
          """
          {"model_type": "roberta", "hidden_size": 64, "num_attention_heads": 4, "num_hidden_layers": 2,
           "max_position_embeddings": 34, "pad_token_id": 1, "type_vocab_size": 1, "vocab_size": 100}
          """,
          """
          {"model_type": "distilbert", "dim": 64, "n_heads": 4, "n_layers": 2, "hidden_dim": 128,
           "activation": "gelu", "sinusoidal_pos_embds": false, "tie_weights_": true}
          """,
          """
          {"model_type": "albert", "embedding_size": 16, "hidden_size": 64, "num_attention_heads": 4,
           "num_hidden_layers": 6, "num_hidden_groups": 2, "inner_group_num": 3, "intermediate_size": 128}
          """,
          """
          {"model_type": "electra", "embedding_size": 16, "hidden_size": 64, "num_attention_heads": 4,
           "num_hidden_layers": 2, "intermediate_size": 128, "summary_type": "first"}
          """,
          """
          {"model_type": "mpnet", "hidden_size": 64, "num_attention_heads": 4, "num_hidden_layers": 2,
           "intermediate_size": 128, "max_position_embeddings": 34, "relative_attention_num_buckets": 32}
          """,
          """
          {"model_type": "modernbert", "hidden_size": 64, "num_attention_heads": 4, "num_hidden_layers": 2,
           "layer_types": ["full_attention", "sliding_attention"], "global_rope_theta": 160000.0,
           "rope_parameters": {"full_attention": {"rope_theta": 1e4, "rope_type": "default"}},
           "local_attention": 128, "classifier_pooling": "mean", "norm_eps": 1e-5, "norm_bias": true}
          """,
          """
          {"model_type": "deberta-v2", "hidden_size": 48, "num_attention_heads": 4, "num_hidden_layers": 2,
           "intermediate_size": 128, "relative_attention": true, "position_buckets": 16, "pos_att_type": "p2c|c2p",
           "norm_rel_ebd": "layer_norm", "share_att_key": true, "conv_kernel_size": 3, "embedding_size": 24}
          """);

  private static final List<String> TOKENS =
      List.of(
          "null",
          "true",
          "-1",
          "0",
          "1.5",
          "1e999",
          "NaN",
          "99999999999999999999",
          "\"\"",
          "\"t5\"",
          "[[[[",
          "{\"a\":",
          "\"hidden_size\": 7,",
          "\"n_head\": 3,",
          "\"quantization_config\": {\"bits\": 4},",
          "\\ud800",
          "\ufeff",
          "gated-");

  @Test
  void everyInputIsReadOrRefusedByName() {
    Random random = new Random(SEED);
    Mutator mutator = new Mutator(random, TOKENS);
    int read = 0;
    for (int i = 0; i < INPUTS; i++) {
      byte[] text = VALID.get(i % VALID.size()).getBytes(StandardCharsets.UTF_8);
      for (int defects = 1 + random.nextInt(3); defects > 0; defects--) {
        text = mutator.mutate(text);
      }
      try {
        assertSane(ConfigParser.parse("test", text));
        read++;
      } catch (GatunException e) {
        assertEquals(ConfigException.class, e.getClass());
        assertTrue(e.getMessage().length() < 1000, e::getMessage);
      } catch (RuntimeException | Error e) {
        fail(
            "input "
                + i
                + " of seed "
                + SEED
                + ": "
                + new String(text, StandardCharsets.ISO_8859_1),
            e);
      }
    }
    assertTrue(
        read > INPUTS / 20 && read < INPUTS * 19 / 20, read + " of " + INPUTS + " were read");
  }

  private static void assertSane(ModelConfig config) {
    assertTrue(config.vocabSize() > 0 && config.hiddenSize() > 0 && config.numHiddenLayers() > 0);
    assertTrue(config.headDim() > 0 && config.intermediateSize() > 0 && config.numLabels() >= 0);
    if (!(config instanceof T5Config)) {
      assertEquals(config.hiddenSize(), config.headDim() * config.numAttentionHeads());
    }
  }
}
