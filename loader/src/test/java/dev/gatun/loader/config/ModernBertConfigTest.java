package dev.gatun.loader.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.loader.config.ModernBertConfig.ClassifierPooling;
import dev.gatun.loader.config.ModernBertConfig.LayerType;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ModernBertConfigTest {
  private static ModernBertConfig parse(String keys) {
    String json = "{\"model_type\": \"modernbert\"" + (keys.isEmpty() ? "" : ", ") + keys + "}";
    return (ModernBertConfig) ConfigParser.parse("test", json.getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void defaultsAreTheReferences() {
    ModernBertConfig config = parse("");
    List<LayerType> types =
        IntStream.range(0, 22)
            .mapToObj(n -> n % 3 == 0 ? LayerType.FULL : LayerType.SLIDING)
            .toList();
    assertEquals(
        new ModernBertConfig(
            50368,
            768,
            1152,
            22,
            12,
            Activation.GELU_ERF,
            8192,
            1e-5,
            false,
            false,
            false,
            types,
            128,
            160_000,
            10_000,
            true,
            ClassifierPooling.CLS,
            false,
            Activation.GELU_ERF,
            OptionalInt.of(50283),
            true,
            config.common()),
        config);
    assertEquals(64, config.headDim());
    assertEquals(64, config.slidingWindow());
    assertEquals(OptionalInt.of(8192), config.maxPositions());
  }

  @Test
  void readsOldAndNewRotaryKeys() {
    ModernBertConfig old = parse("\"global_rope_theta\": 5.5, \"local_rope_theta\": 7");
    assertEquals(List.of(5.5, 7.0), List.of(old.globalRopeTheta(), old.localRopeTheta()));

    String sliding =
        "\"rope_parameters\": {\"sliding_attention\": {\"rope_theta\": 30, \"rope_type\":"
            + " \"default\"}%s}";
    ModernBertConfig one = parse(sliding.formatted("") + ", \"global_rope_theta\": 8");
    assertEquals(List.of(8.0, 30.0), List.of(one.globalRopeTheta(), one.localRopeTheta()));

    // The newer key wins; a type without a theta, or that is null, has the older key's.
    ModernBertConfig both =
        parse(sliding.formatted(", \"full_attention\": {}") + ", \"local_rope_theta\": 8");
    assertEquals(List.of(160_000.0, 30.0), List.of(both.globalRopeTheta(), both.localRopeTheta()));
    parse(sliding.formatted(", \"full_attention\": null"));
    assertEquals(10_000, parse("\"rope_parameters\": null").localRopeTheta());
  }

  @Test
  void readsLayerTypes() {
    String three = "\"num_hidden_layers\": 3, ";
    assertEquals(
        List.of(LayerType.FULL, LayerType.SLIDING, LayerType.FULL),
        parse(three + "\"global_attn_every_n_layers\": 2").layerTypes());
    assertEquals(
        List.of(LayerType.SLIDING, LayerType.SLIDING, LayerType.FULL),
        parse(
                three
                    + "\"layer_types\": [\"sliding_attention\", \"sliding_attention\","
                    + " \"full_attention\"], \"global_attn_every_n_layers\": 1")
            .layerTypes());
    assertEquals(3, parse("\"local_attention\": 7").slidingWindow());
  }

  @Test
  void readsThePublishedConfigurationWithoutAnUnknownKey() {
    ModernBertConfig config =
        parse(
            """
            "architectures": ["ModernBertForMaskedLM"], "attention_bias": false, "attention_dropout": 0.0,
            "bos_token_id": 50281, "classifier_activation": "gelu", "classifier_bias": false, "classifier_dropout": 0.0,
            "classifier_pooling": "mean", "cls_token_id": 50281, "decoder_bias": true, "deterministic_flash_attn": false,
            "embedding_dropout": 0.0, "eos_token_id": 50282, "global_attn_every_n_layers": 3,
            "global_rope_theta": 160000.0, "gradient_checkpointing": false, "hidden_activation": "gelu",
            "hidden_size": 768, "initializer_cutoff_factor": 2.0, "initializer_range": 0.02, "intermediate_size": 1152,
            "layer_norm_eps": 1e-05, "local_attention": 128, "local_rope_theta": 10000.0,
            "max_position_embeddings": 8192, "mlp_bias": false, "mlp_dropout": 0.0, "norm_bias": false,
            "norm_eps": 1e-05, "num_attention_heads": 12, "num_hidden_layers": 22, "pad_token_id": 50283,
            "position_embedding_type": "absolute", "reference_compile": true, "repad_logits_with_grad": false,
            "sep_token_id": 50282, "sparse_pred_ignore_index": -100, "sparse_prediction": false,
            "tie_word_embeddings": true, "torch_dtype": "float32", "transformers_version": "4.48.0", "vocab_size": 50368
            """);
    assertEquals(List.of(), config.unreadKeys().unknown());
    assertEquals(ClassifierPooling.MEAN, config.classifierPooling());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "num_attention_heads; 7; into even head sizes",
        "num_attention_heads; 256; into even head sizes",
        "head_dim; 32; hidden_size / num_attention_heads, 64",
        "max_position_embeddings; 16777216; at most 2097152 with heads of 64",
        "is_decoder; true; false",
        "sliding_window; 64; the window is local_attention",
        "rope_scaling; {\"type\": \"linear\", \"factor\": 2.0}; not scaled",
        "rope_parameters; {\"rope_theta\": 1e4}; an object of full_attention",
        "rope_parameters; [1]; an object of full_attention",
        "rope_parameters; {\"full_attention\": 3}; an object of full_attention",
        "rope_parameters; {\"full_attention\": {\"rope_type\": \"yarn\"}}; \"default\"",
        "rope_parameters; {\"full_attention\": {\"type\": \"linear\"}}; \"default\"",
        "rope_parameters; {\"full_attention\": {\"factor\": 2}}; rope_theta and rope_type alone",
        "rope_parameters; {\"full_attention\": {\"rope_theta\": 0}}; a number between",
        "rope_parameters; {\"full_attention\": {\"rope_theta\": null}}; a number between",
        "global_rope_theta; null; or the key left out",
        "local_rope_theta; -1; a number between",
        "layer_types; [\"full_attention\"]; a type for each of 22 layers",
        "layer_types; [\"chunked_attention\"]; full_attention and sliding_attention",
        "layer_types; \"full_attention\"; a list of strings",
        "global_attn_every_n_layers; 0; an integer between 1",
        "local_attention; 1; an integer between 2",
        "classifier_pooling; \"max\"; cls, mean",
        "classifier_activation; \"xielu\"; gelu",
        "norm_bias; 1; true or false",
      })
  void refusesWithKeyValueAndWhatIsSupported(String key, String value, String supported) {
    ConfigException e =
        assertThrows(ConfigException.class, () -> parse("\"%s\": %s".formatted(key, value)));
    assertTrue(e.supported().contains(supported), e::getMessage);
    assertTrue(e.key().startsWith(key), e::getMessage);
    assertTrue(e.getMessage().startsWith("test: " + e.key() + " is " + e.value()), e::getMessage);
  }
}
