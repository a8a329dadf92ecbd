package dev.gatun.loader.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.loader.safetensors.DType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ConfigParserTest {
  @TempDir Path directory;

  @Test
  void bertDefaultsAreTheReferences() {
    BertConfig config = (BertConfig) parse("{\"model_type\": \"bert\"}");
    assertEquals(
        new BertConfig(
            30522,
            768,
            12,
            12,
            3072,
            Activation.GELU_ERF,
            512,
            2,
            1e-12,
            OptionalInt.of(0),
            true,
            config.common()),
        config);
    assertEquals(64, config.headDim());
    assertEquals(12, config.numKeyValueHeads());
    assertEquals(OptionalInt.of(512), config.maxPositions());
    assertEquals(2, config.numLabels());
    assertEquals(List.of(), config.architectures());
    assertEquals(Optional.empty(), config.torchDtype());
  }

  @Test
  void gpt2DefaultsAreTheReferences() {
    Gpt2Config config = (Gpt2Config) parse("{\"model_type\": \"gpt2\"}");
    assertEquals(
        new Gpt2Config(
            50257,
            1024,
            768,
            12,
            12,
            OptionalInt.empty(),
            Activation.GELU_TANH,
            1e-5,
            true,
            false,
            false,
            OptionalInt.of(50256),
            List.of(50256),
            OptionalInt.empty(),
            true,
            config.common()),
        config);
    assertEquals(3072, config.intermediateSize());
    assertEquals(768, config.hiddenSize());
  }

  @Test
  void t5DefaultsAreTheReferences() {
    T5Config config = (T5Config) parse("{\"model_type\": \"t5\"}");
    assertEquals(
        new T5Config(
            32128,
            512,
            64,
            2048,
            6,
            6,
            8,
            32,
            128,
            1e-6,
            "relu",
            false,
            Activation.RELU,
            true,
            true,
            OptionalInt.of(0),
            List.of(1),
            OptionalInt.empty(),
            config.common()),
        config);
    assertEquals(OptionalInt.empty(), config.maxPositions());
    assertEquals(64, config.headDim());
  }

  @Test
  void readsBothSpellings() {
    Gpt2Config gpt2 =
        (Gpt2Config)
            parse(
                """
                {"model_type": "gpt2", "hidden_size": 64, "num_attention_heads": 4, "num_hidden_layers": 3,
                 "max_position_embeddings": 77, "n_layer": 3, "n_inner": null, "n_ctx": 99}
                """);
    assertEquals(
        List.of(64, 4, 3, 77),
        List.of(gpt2.nEmbd(), gpt2.nHead(), gpt2.nLayer(), gpt2.nPositions()));
    T5Config t5 =
        (T5Config)
            parse(
                """
                {"model_type": "t5", "hidden_size": 32, "num_attention_heads": 4, "num_hidden_layers": 3, "head_dim": 16,
                 "num_decoder_layers": 2}
                """);
    assertEquals(
        List.of(32, 4, 3, 16, 2),
        List.of(t5.dModel(), t5.numHeads(), t5.numLayers(), t5.dKv(), t5.numDecoderLayers()));
    ConfigException e =
        assertThrows(
            ConfigException.class,
            () -> parse("{\"model_type\": \"gpt2\", \"n_layer\": 2, \"num_hidden_layers\": 3}"));
    assertEquals("num_hidden_layers", e.key());
    assertTrue(e.getMessage().contains("the value of n_layer, 2"), e::getMessage);
  }

  @ParameterizedTest
  @CsvSource({
    "torch_dtype, float32, F32",
    "torch_dtype, float16, F16",
    "dtype, bfloat16, BF16",
    "dtype, float64, F64",
  })
  void readsDtypes(String key, String name, DType dtype) {
    assertEquals(
        Optional.of(dtype), parse(bert("\"%s\": \"%s\"".formatted(key, name))).torchDtype());
  }

  @Test
  void theNewerDtypeKeyWins() {
    String both = bert("\"torch_dtype\": \"float16\", \"dtype\": \"bfloat16\"");
    assertEquals(Optional.of(DType.BF16), parse(both).torchDtype());
    assertEquals(Optional.of(DType.F16), parse(both.replace("\"bfloat16\"", "null")).torchDtype());
  }

  @ParameterizedTest
  @CsvSource({
    "relu, false, RELU",
    "gelu, false, GELU_ERF",
    "gated-gelu, true, GELU_TANH",
    "gated-silu, true, SILU",
    "gated-relu, true, RELU",
    "gated-gelu_new, true, GELU_TANH",
  })
  void derivesT5sFeedForward(String projection, boolean gated, Activation activation) {
    T5Config config =
        (T5Config) parse("{\"model_type\": \"t5\", \"feed_forward_proj\": \"" + projection + "\"}");
    assertEquals(gated, config.isGatedAct());
    assertEquals(activation, config.denseActFn());
  }

  @ParameterizedTest
  @CsvSource({"true, true", "false, false", "null, true"})
  void t5TieOnlyChoosesTheScale(String value, boolean scaled) {
    T5Config config =
        (T5Config) parse("{\"model_type\": \"t5\", \"tie_word_embeddings\": " + value + "}");
    assertEquals(scaled, config.scaleDecoderOutputs());
    assertTrue(config.tieWordEmbeddings());
  }

  @Test
  void t5ScaleHasAKeyOfItsOwn() {
    T5Config config =
        (T5Config)
            parse(
                "{\"model_type\": \"t5\", \"tie_word_embeddings\": true,"
                    + " \"scale_decoder_outputs\": false}");
    assertFalse(config.scaleDecoderOutputs());
    assertEquals(List.of(), config.unreadKeys().unknown());
  }

  @Test
  void readsLabels() {
    ModelConfig named =
        parse(bert("\"id2label\": {\"1\": \"B\", \"0\": \"A\", \"2\": \"C\"}, \"num_labels\": 3"));
    assertEquals(Map.of(0, "A", 1, "B", 2, "C"), named.idToLabel());
    assertEquals(3, named.numLabels());
    // names of another number of labels are those of another head
    ModelConfig counted = parse(bert("\"id2label\": {\"0\": \"A\"}, \"num_labels\": 7"));
    assertEquals("LABEL_0", counted.label(0));
    assertEquals(7, counted.numLabels());
    assertEquals(5, parse(bert("\"num_labels\": 5")).numLabels());
  }

  @Test
  void separatesHarmlessKeysFromUnknownOnes() {
    UnreadKeys keys =
        parse(
                bert(
                    """
                    "hidden_dropout_prob": 0.1, "transformers_version": "4", "use_cache": true, "max_length": 20,
                    "rope_theta": 1e4, "auto_map": {}, "gamma": null
                    """))
            .unreadKeys();
    assertEquals(
        List.of("hidden_dropout_prob", "transformers_version", "use_cache", "max_length", "gamma"),
        keys.harmless());
    assertEquals(List.of("rope_theta", "auto_map"), keys.unknown());
  }

  @Test
  void readsThePublishedConfigurationsWithoutAnUnknownKey() {
    String gpt2 =
        """
        {"activation_function": "gelu_new", "architectures": ["GPT2LMHeadModel"], "attn_pdrop": 0.1, "bos_token_id": 50256,
         "embd_pdrop": 0.1, "eos_token_id": 50256, "initializer_range": 0.02, "layer_norm_epsilon": 1e-05,
         "model_type": "gpt2", "n_ctx": 1024, "n_embd": 768, "n_head": 12, "n_layer": 12, "n_positions": 1024,
         "resid_pdrop": 0.1, "summary_activation": null, "summary_first_dropout": 0.1, "summary_proj_to_labels": true,
         "summary_type": "cls_index", "summary_use_proj": true,
         "task_specific_params": {"text-generation": {"do_sample": true, "max_length": 50}}, "vocab_size": 50257}
        """;
    String t5 =
        """
        {"architectures": ["T5ForConditionalGeneration"], "d_ff": 1024, "d_kv": 64, "d_model": 512,
         "decoder_start_token_id": 0, "dropout_rate": 0.1, "eos_token_id": 1, "feed_forward_proj": "gated-gelu",
         "dense_act_fn": "gelu_new", "is_gated_act": true, "initializer_factor": 1.0, "is_encoder_decoder": true,
         "layer_norm_epsilon": 1e-06, "model_type": "t5", "n_positions": 512, "num_decoder_layers": 8, "num_heads": 6,
         "num_layers": 8, "output_past": true, "pad_token_id": 0, "relative_attention_max_distance": 128,
         "relative_attention_num_buckets": 32, "tie_word_embeddings": false, "transformers_version": "4.23.1",
         "use_cache": true, "vocab_size": 32128}
        """;
    assertEquals(List.of(), parse(gpt2).unreadKeys().unknown());
    T5Config flan = (T5Config) parse(t5);
    assertEquals(List.of(), flan.unreadKeys().unknown());
    assertFalse(flan.scaleDecoderOutputs());
    assertEquals(OptionalInt.of(0), flan.decoderStartTokenId());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "bert; position_embedding_type; \"relative_key\"; absolute",
        "bert; position_embedding_type; \"alibi\"; absolute",
        "bert; is_decoder; true; false",
        "bert; is_decoder; 1; true or false",
        "bert; add_cross_attention; true; false",
        "bert; is_encoder_decoder; true; false",
        "bert; hidden_act; \"laplace\"; gelu, gelu_python, gelu_new",
        "bert; hidden_act; 3; a string",
        "bert; hidden_size; 100; a divisor of hidden_size, 100",
        "bert; hidden_size; 0; an integer between 1 and 1048576",
        "bert; hidden_size; -768; an integer between 1",
        "bert; hidden_size; 768.0; an integer between 1",
        "bert; hidden_size; \"768\"; an integer between 1",
        "bert; hidden_size; true; an integer between 1",
        "bert; hidden_size; null; or the key left out",
        "bert; hidden_size; 1099511627776; an integer between 1",
        "bert; hidden_size; 99999999999999999999999999; an integer between 1",
        "bert; num_hidden_layers; 1000000; an integer between 1 and 4096",
        "bert; vocab_size; 2147483647; an integer between 1",
        "bert; layer_norm_eps; 1e999; a number between 0.0 and 1.0",
        "bert; layer_norm_eps; -1e-5; a number between 0.0 and 1.0",
        "bert; layer_norm_eps; \"1e-5\"; a number between 0.0 and 1.0",
        "bert; tie_word_embeddings; null; or the key left out",
        "bert; quantization_config; {\"bits\": 4}; quantised checkpoints are not supported",
        "bert; pruned_heads; {\"1\": [0]}; every layer has all its heads",
        "bert; architectures; \"BertModel\"; a list of strings",
        "bert; architectures; [1]; a list of strings",
        "bert; torch_dtype; \"int8\"; float32, float16",
        "bert; id2label; [\"A\"]; label texts",
        "bert; id2label; {\"x\": \"A\"}; label texts",
        "bert; id2label; {\"-1\": \"A\"}; label texts",
        "bert; num_labels; 0; an integer between 1",
        "bert; problem_type; \"ranking\"; regression",
        "gpt2; n_head; 7; a divisor of n_embd, 768",
        "gpt2; add_cross_attention; true; false",
        "gpt2; activation_function; \"xielu\"; gelu",
        "gpt2; scale_attn_weights; \"yes\"; true or false",
        "gpt2; n_inner; 0; an integer between 1",
        "t5; feed_forward_proj; \"gated-gelu-x\"; NAME or gated-NAME",
        "t5; feed_forward_proj; \"swish-gelu\"; NAME or gated-NAME",
        "t5; relative_attention_num_buckets; 2; an integer between 4",
        "t5; relative_attention_max_distance; 16; an integer between 17",
        "t5; is_gated_act; true; what feed_forward_proj",
        "t5; dense_act_fn; \"gelu\"; what feed_forward_proj",
        "llama; x; 1; bert, ",
      })
  void refusesWithKeyValueAndWhatIsSupported(
      String modelType, String key, String value, String supported) {
    String json = "{\"model_type\": \"%s\", \"%s\": %s}".formatted(modelType, key, value);
    ConfigException e = assertThrows(ConfigException.class, () -> parse(json));
    assertTrue(e.supported().contains(supported), e::getMessage);
    assertTrue(e.getMessage().startsWith("test: " + e.key() + " is " + e.value()), e::getMessage);
    assertTrue(e.getMessage().length() < 600, e::getMessage);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{}",
        "{\"model_type\": null}",
        "{\"model_type\": 3}",
        "{\"model_type\": \"Bert\"}"
      })
  void refusesUnknownModelTypes(String json) {
    ConfigException e = assertThrows(ConfigException.class, () -> parse(json));
    assertEquals("model_type", e.key());
    assertTrue(
        List.of(e.supported().split(", ")).containsAll(List.of("bert", "gpt2", "t5")),
        e::getMessage);
  }

  @Test
  void acceptsWhatChangesNothing() {
    parse("{\"model_type\": \"gpt2\", \"reorder_and_upcast_attn\": true, \"is_decoder\": true}");
    parse(
        bert(
            "\"chunk_size_feed_forward\": 5, \"pruned_heads\": {}, \"quantization_config\": null, \"is_decoder\": false"));
    parse(bert("\"pad_token_id\": null"));
    assertEquals(Activation.IDENTITY, parse(bert("\"hidden_act\": \"linear\"")).activation());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "[]",
        "null",
        "\"bert\"",
        "{\"model_type\": \"bert\"",
        "{\"model_type\": \"bert\"} x",
        "{\"model_type\": \"bert\", \"model_type\": \"bert\"}",
        "{\"model_type\": \"bert\", \"id2label\": {\"0\": \"A\", \"0\": \"B\"}}",
        "{\"model_type\": \"bert\", \"layer_norm_eps\": NaN}",
        "{\"model_type\": \"bert\", \"layer_norm_eps\": Infinity}",
        "{\"model_type\": \"bert\", // comment\n \"x\": 1}",
        "{'model_type': 'bert'}",
        "\ufeff{\"model_type\": \"bert\"}",
      })
  void refusesWhatIsNotAJsonObject(String text) {
    ConfigException e = assertThrows(ConfigException.class, () -> parse(text));
    assertTrue(e.getMessage().startsWith("test: is malformed: "), e::getMessage);
    assertEquals("", e.key());
  }

  @Test
  void refusesOtherEncodingsAndEndlessNesting() {
    byte[] utf16 = "{\"model_type\": \"bert\"}".getBytes(StandardCharsets.UTF_16LE);
    assertThrows(ConfigException.class, () -> ConfigParser.parse("test", utf16));
    byte[] latin1 =
        "{\"model_type\": \"bert\", \"x\": \"é\"}".getBytes(StandardCharsets.ISO_8859_1);
    ConfigException e =
        assertThrows(ConfigException.class, () -> ConfigParser.parse("test", latin1));
    assertTrue(e.getMessage().contains("not UTF-8"), e::getMessage);
    assertThrows(ConfigException.class, () -> parse("{\"a\": " + "[".repeat(1_000_000)));
    assertThrows(ConfigException.class, () -> parse("{\"a\": ".repeat(1_000_000)));
    assertThrows(
        ConfigException.class, () -> parse(bert("\"vocab_size\": " + "9".repeat(1_000_000))));
  }

  @Test
  void refusesFilesThatAreNoConfiguration() throws IOException {
    Path file = directory.resolve("config.json");
    assertMessage(file, "no such file");
    Files.createDirectory(file);
    assertMessage(file, "cannot be read");
    Files.delete(file);
    // Sparse, so that only the limit is tested.
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.wrap(new byte[1]), 100_000_000);
    }
    assertMessage(file, "has 100000001 bytes");
  }

  private static void assertMessage(Path file, String part) {
    ConfigException e = assertThrows(ConfigException.class, () -> ConfigParser.parse(file));
    assertTrue(e.getMessage().startsWith(file + ": "), e::getMessage);
    assertTrue(e.getMessage().contains(part), e::getMessage);
  }

  private static String bert(String keys) {
    return "{\"model_type\": \"bert\", " + keys + "}";
  }

  private static ModelConfig parse(String json) {
    return ConfigParser.parse("test", json.getBytes(StandardCharsets.UTF_8));
  }
}
