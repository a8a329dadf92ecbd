package dev.gatun.loader.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DistilbertConfigTest {

  private static ModelConfig parse(String json) {
    return ConfigParser.parse("test", json.getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void defaultsAreTheReferences() {
    DistilbertConfig config = (DistilbertConfig) parse("{\"model_type\": \"distilbert\"}");
    assertEquals(
        new DistilbertConfig(
            30522,
            512,
            6,
            12,
            768,
            3072,
            Activation.GELU_ERF,
            OptionalInt.of(0),
            true,
            config.common()),
        config);
    assertEquals(768, config.hiddenSize());
    assertEquals(3072, config.intermediateSize());
    assertEquals(OptionalInt.of(512), config.maxPositions());
  }

  @Test
  void readsBothSpellings() {
    DistilbertConfig config =
        (DistilbertConfig)
            parse(
                """
                {"model_type": "distilbert", "hidden_size": 64, "num_attention_heads": 4, "num_hidden_layers": 3}
                """);
    assertEquals(List.of(64, 4, 3), List.of(config.dim(), config.nHeads(), config.nLayers()));
  }

  @Test
  void readsThePublishedConfigurationWithoutAnUnknownKey() {
    ModelConfig config =
        parse(
            """
            {"activation": "gelu", "architectures": ["DistilBertForMaskedLM"], "attention_dropout": 0.1, "dim": 768,
             "dropout": 0.1, "hidden_dim": 3072, "initializer_range": 0.02, "max_position_embeddings": 512,
             "model_type": "distilbert", "n_heads": 12, "n_layers": 6, "pad_token_id": 0, "qa_dropout": 0.1,
             "seq_classif_dropout": 0.2, "sinusoidal_pos_embds": false, "tie_weights_": true,
             "transformers_version": "4.10.0.dev0", "vocab_size": 30522}
            """);
    assertEquals(List.of(), config.unreadKeys().unknown());
  }

  @ParameterizedTest
  @CsvSource({
    "n_heads, 7",
    "activation, \"laplace\"",
    "is_decoder, true",
    "dim, 0",
    "n_layers, null"
  })
  void refusesByName(String key, String value) {
    ConfigException e =
        assertThrows(
            ConfigException.class,
            () -> parse("{\"model_type\": \"distilbert\", \"%s\": %s}".formatted(key, value)));
    assertEquals(key, e.key());
  }
}
