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

class RobertaConfigTest {

  private static ModelConfig parse(String json) {
    return ConfigParser.parse("test", json.getBytes(StandardCharsets.UTF_8));
  }

  @ParameterizedTest
  @CsvSource({"roberta, 50265", "xlm-roberta, 30522", "camembert, 30522"})
  void defaultsAreTheReferences(String modelType, int vocabulary) {
    RobertaConfig config = (RobertaConfig) parse("{\"model_type\": \"" + modelType + "\"}");
    assertEquals(
        new RobertaConfig(
            modelType,
            vocabulary,
            768,
            12,
            12,
            3072,
            Activation.GELU_ERF,
            512,
            2,
            1e-12,
            1,
            true,
            config.common()),
        config);
    assertEquals(OptionalInt.of(510), config.maxPositions());
    assertEquals(64, config.headDim());
  }

  @ParameterizedTest
  @CsvSource({"514, 1, 512", "514, 0, 513", "40, 6, 33", "3, 1, 1"})
  void positionsBeginBehindThePad(int rows, int pad, int longest) {
    ModelConfig config =
        parse(
            "{\"model_type\": \"roberta\", \"max_position_embeddings\": %d, \"pad_token_id\": %d}"
                .formatted(rows, pad));
    assertEquals(OptionalInt.of(longest), config.maxPositions());
  }

  @Test
  void readsAPublishedConfigurationWithoutAnUnknownKey() {
    ModelConfig config =
        parse(
            """
            {"architectures": ["XLMRobertaForMaskedLM"], "attention_probs_dropout_prob": 0.1, "bos_token_id": 0,
             "eos_token_id": 2, "hidden_act": "gelu", "hidden_dropout_prob": 0.1, "hidden_size": 768,
             "initializer_range": 0.02, "intermediate_size": 3072, "layer_norm_eps": 1e-05,
             "max_position_embeddings": 514, "model_type": "xlm-roberta", "num_attention_heads": 12,
             "num_hidden_layers": 12, "output_past": true, "pad_token_id": 1, "position_embedding_type": "absolute",
             "transformers_version": "4.17.0.dev0", "type_vocab_size": 1, "use_cache": true, "vocab_size": 250002}
            """);
    assertEquals(List.of(), config.unreadKeys().unknown());
    assertEquals("xlm-roberta", config.modelType());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "pad_token_id; null; or the key left out",
        "pad_token_id; -1; an integer between 0",
        "pad_token_id; 511; max_position_embeddings - 1, 511",
        "pad_token_id; 50265; below vocab_size, 50265",
        "max_position_embeddings; 2; below vocab_size",
        "type_vocab_size; 0; an integer between 1",
        "position_embedding_type; \"relative_key\"; absolute",
        "is_decoder; true; false",
        "add_cross_attention; true; false",
        "num_attention_heads; 7; a divisor of hidden_size, 768",
      })
  void refusesWithKeyValueAndWhatIsSupported(String key, String value, String supported) {
    ConfigException e =
        assertThrows(
            ConfigException.class,
            () -> parse("{\"model_type\": \"roberta\", \"%s\": %s}".formatted(key, value)));
    assertTrue(e.supported().contains(supported), e::getMessage);
  }
}
