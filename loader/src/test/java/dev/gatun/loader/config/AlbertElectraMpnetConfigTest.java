package dev.gatun.loader.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AlbertElectraMpnetConfigTest {
  @Test
  void albertDefaultsAreTheReferences() {
    AlbertConfig config = (AlbertConfig) parse("{\"model_type\": \"albert\"}");
    assertEquals(
        new AlbertConfig(
            30000,
            128,
            4096,
            12,
            1,
            1,
            64,
            16384,
            Activation.GELU_TANH,
            512,
            2,
            1e-12,
            true,
            config.common()),
        config);
    assertEquals(64, config.headDim());
    assertEquals(OptionalInt.of(512), config.maxPositions());
  }

  @Test
  void electraDefaultsAreTheReferences() {
    ElectraConfig config = (ElectraConfig) parse("{\"model_type\": \"electra\"}");
    assertEquals(
        new ElectraConfig(
            30522,
            128,
            256,
            12,
            4,
            1024,
            Activation.GELU_ERF,
            512,
            2,
            1e-12,
            true,
            config.common()),
        config);
    assertEquals(64, config.headDim());
    assertEquals(OptionalInt.of(512), config.maxPositions());
  }

  @Test
  void mpnetDefaultsAreTheReferences() {
    MpnetConfig config = (MpnetConfig) parse("{\"model_type\": \"mpnet\"}");
    assertEquals(
        new MpnetConfig(
            30527, 768, 12, 12, 3072, Activation.GELU_ERF, 512, 32, 1e-12, true, config.common()),
        config);
    assertEquals(64, config.headDim());
    assertEquals(OptionalInt.of(510), config.maxPositions());
  }

  @Test
  void mpnetsPaddingIsFixed() {
    String json =
        "{\"model_type\": \"mpnet\", \"max_position_embeddings\": %d, \"pad_token_id\": %d}";
    assertEquals(OptionalInt.of(512), parse(json.formatted(514, 7)).maxPositions());
    assertEquals(OptionalInt.of(1), parse(json.formatted(3, 0)).maxPositions());
  }

  @Test
  void readsThePublishedConfigurationsWithoutAnUnknownKey() {
    String albert =
        """
        {"architectures": ["AlbertForMaskedLM"], "attention_probs_dropout_prob": 0, "bos_token_id": 2,
         "classifier_dropout_prob": 0.1, "down_scale_factor": 1, "embedding_size": 128, "eos_token_id": 3, "gap_size": 0,
         "hidden_act": "gelu_new", "hidden_dropout_prob": 0, "hidden_size": 768, "initializer_range": 0.02,
         "inner_group_num": 1, "intermediate_size": 3072, "layer_norm_eps": 1e-12, "max_position_embeddings": 512,
         "model_type": "albert", "net_structure_type": 0, "num_attention_heads": 12, "num_hidden_groups": 1,
         "num_hidden_layers": 12, "num_memory_blocks": 0, "pad_token_id": 0, "type_vocab_size": 2, "vocab_size": 30000}
        """;
    String electra =
        """
        {"architectures": ["ElectraForPreTraining"], "attention_probs_dropout_prob": 0.1, "embedding_size": 128,
         "hidden_act": "gelu", "hidden_dropout_prob": 0.1, "hidden_size": 256, "initializer_range": 0.02,
         "intermediate_size": 1024, "layer_norm_eps": 1e-12, "max_position_embeddings": 512, "model_type": "electra",
         "num_attention_heads": 4, "num_hidden_layers": 12, "pad_token_id": 0, "summary_activation": "gelu",
         "summary_last_dropout": 0.1, "summary_type": "first", "summary_use_proj": true, "type_vocab_size": 2,
         "position_embedding_type": "absolute", "vocab_size": 30522}
        """;
    String mpnet =
        """
        {"_name_or_path": "microsoft/mpnet-base", "architectures": ["MPNetForMaskedLM"],
         "attention_probs_dropout_prob": 0.1, "bos_token_id": 0, "eos_token_id": 2, "hidden_act": "gelu",
         "hidden_dropout_prob": 0.1, "hidden_size": 768, "initializer_range": 0.02, "intermediate_size": 3072,
         "layer_norm_eps": 1e-05, "max_position_embeddings": 514, "model_type": "mpnet", "num_attention_heads": 12,
         "num_hidden_layers": 12, "pad_token_id": 1, "relative_attention_num_buckets": 32,
         "transformers_version": "4.8.2", "vocab_size": 30527}
        """;
    for (String config : List.of(albert, electra, mpnet)) {
      assertEquals(List.of(), parse(config).unreadKeys().unknown());
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "albert; num_attention_heads; 63; a divisor of hidden_size, 4096",
        "albert; num_hidden_groups; 13; an integer between 1 and 12",
        "albert; num_hidden_groups; 0; an integer between 1",
        "albert; inner_group_num; 342; an integer between 1 and 341",
        "albert; embedding_size; 0; an integer between 1",
        "albert; is_decoder; true; false",
        "albert; position_embedding_type; \"relative_key\"; absolute",
        "electra; num_attention_heads; 3; a divisor of hidden_size, 256",
        "electra; embedding_size; null; or the key left out",
        "electra; is_decoder; true; false",
        "electra; position_embedding_type; \"relative_key_query\"; absolute",
        "mpnet; num_attention_heads; 7; a divisor of hidden_size, 768",
        "mpnet; max_position_embeddings; 2; an integer between 3",
        "mpnet; relative_attention_num_buckets; 31; an integer between 32",
        "mpnet; is_decoder; true; false",
      })
  void refusesWithKeyValueAndWhatIsSupported(
      String modelType, String key, String value, String supported) {
    String json = "{\"model_type\": \"%s\", \"%s\": %s}".formatted(modelType, key, value);
    ConfigException e = assertThrows(ConfigException.class, () -> parse(json));
    assertTrue(e.supported().contains(supported), e::getMessage);
    assertTrue(e.getMessage().startsWith("test: " + e.key() + " is " + e.value()), e::getMessage);
  }

  private static ModelConfig parse(String json) {
    return ConfigParser.parse("test", json.getBytes(StandardCharsets.UTF_8));
  }
}
