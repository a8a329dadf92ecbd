package dev.gatun.loader.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.loader.config.DebertaV2Config.Convolution;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DebertaV2ConfigTest {

  private static DebertaV2Config parse(String keys) {
    String json = "{\"model_type\": \"deberta-v2\"" + keys + "}";
    return (DebertaV2Config) ConfigParser.parse("test", json.getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void defaultsAreTheReferences() {
    DebertaV2Config config = parse("");
    assertEquals(
        new DebertaV2Config(
            128100,
            1536,
            1536,
            24,
            24,
            6144,
            Activation.GELU_ERF,
            512,
            true,
            0,
            1e-7,
            false,
            512,
            0,
            false,
            false,
            false,
            false,
            Optional.empty(),
            Activation.GELU_ERF,
            true,
            OptionalInt.of(0),
            true,
            config.common()),
        config);
    assertEquals(OptionalInt.of(512), config.maxPositions());
  }

  @Test
  void publishedV3() {
    DebertaV2Config config =
        parse(
            """
            , "attention_probs_dropout_prob": 0.1, "hidden_act": "gelu", "hidden_dropout_prob": 0.1, "hidden_size": 768,
            "initializer_range": 0.02, "intermediate_size": 3072, "max_position_embeddings": 512,
            "relative_attention": true, "position_buckets": 256, "norm_rel_ebd": "layer_norm", "share_att_key": true,
            "pos_att_type": "p2c|c2p", "layer_norm_eps": 1e-7, "max_relative_positions": -1,
            "position_biased_input": false, "num_attention_heads": 12, "num_hidden_layers": 12, "type_vocab_size": 0,
            "vocab_size": 128100
            """);
    assertEquals(List.of(), config.unreadKeys().unknown());
    assertTrue(config.contentToPosition() && config.positionToContent() && config.normRelEbd());
    assertEquals(List.of(512, 256), List.of(config.maxRelativePositions(), config.positionSpan()));
    assertEquals(OptionalInt.empty(), config.maxPositions());
  }

  @Test
  void positionTypesAreTextOrList() {
    assertTrue(parse(", \"pos_att_type\": \" C2P | \"").contentToPosition());
    assertFalse(parse(", \"pos_att_type\": [\"p2c\"]").contentToPosition());
    assertTrue(parse(", \"pos_att_type\": [\"p2c\"]").positionToContent());
    assertFalse(parse(", \"pos_att_type\": null").positionToContent());
    assertEquals(40, parse(", \"max_relative_positions\": 40").positionSpan());
  }

  @Test
  void convolution() {
    assertEquals(Optional.empty(), parse(", \"conv_kernel_size\": 0").convolution());
    assertEquals(
        Optional.of(new Convolution(3, 1, Activation.TANH)),
        parse(", \"conv_kernel_size\": 3").convolution());
    assertEquals(
        Optional.of(new Convolution(5, 4, Activation.GELU_ERF)),
        parse(", \"conv_kernel_size\": 5, \"conv_groups\": 4, \"conv_act\": \"gelu\"")
            .convolution());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "num_attention_heads; 7; a divisor of hidden_size, 1536",
        "attention_head_size; 32; hidden_size / num_attention_heads, 64",
        "pooler_hidden_size; 768; hidden_size, 1536",
        "is_decoder; true; false",
        "pos_att_type; \"p2c|p2p\"; c2p, p2c",
        "pos_att_type; [\"C2P\"]; c2p, p2c",
        "pos_att_type; 3; a list of strings",
        "norm_rel_ebd; \"batch_norm\"; layer_norm, none",
        "position_buckets; 7; an even number from 4",
        "position_buckets; 2; an even number from 4",
        "position_buckets; 1022; an even number from 4 whose half is below max_relative_positions - 1, 511",
        "position_buckets; 100000; an integer between -1 and 65536",
        "max_relative_positions; 2000000; an integer between -1 and 1048576",
        "conv_kernel_size; 4; an odd number",
        "conv_kernel_size; 2000; an integer between -1 and 1024",
        "conv_act; \"xielu\"; gelu",
        "type_vocab_size; -1; an integer between 0",
      })
  void refusesWithKeyValueAndWhatIsSupported(String key, String value, String supported) {
    ConfigException e =
        assertThrows(ConfigException.class, () -> parse(", \"%s\": %s".formatted(key, value)));
    assertEquals(key, e.key());
    assertTrue(e.getMessage().contains(supported), e.getMessage());
  }

  @Test
  void refusesWhatContradictsAnotherKey() {
    assertEquals(
        "conv_groups",
        assertThrows(
                ConfigException.class, () -> parse(", \"conv_kernel_size\": 3, \"conv_groups\": 7"))
            .key());
    assertEquals(
        "embedding_size",
        assertThrows(
                ConfigException.class, () -> parse(", \"legacy\": false, \"embedding_size\": 7"))
            .key());
  }
}
