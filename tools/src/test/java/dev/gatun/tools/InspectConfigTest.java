package dev.gatun.tools;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class InspectConfigTest {
  @TempDir private Path directory;

  private static JsonNode inspect(String... arguments) throws IOException {
    String[] all = new String[arguments.length + 2];
    System.arraycopy(arguments, 0, all, 2, arguments.length);
    all[0] = "inspect-config";
    all[1] = "--json";
    return new JsonMapper().readTree(Cli.run(all).succeeds().out());
  }

  private String config(String json) throws IOException {
    Files.writeString(directory.resolve("config.json"), json);
    return directory.toString();
  }

  /** Parameters of the classes in transformers, without any weights on this machine. */
  @ParameterizedTest
  @CsvSource({
    "bert-base-uncased, BertForMaskedLM, 109514298",
    "bert-base-uncased, BertModel, 109482240",
    "bert-base-uncased, BertForPreTraining, 110106428",
    "gpt2, GPT2LMHeadModel, 124439808",
    "google-t5/t5-small, T5ForConditionalGeneration, 60506624",
    "t5-base, T5ForConditionalGeneration, 222903552",
    "t5-large, T5ForConditionalGeneration, 737668096",
    "google/flan-t5-small, T5ForConditionalGeneration, 76961152",
    "sentence-transformers/all-MiniLM-L6-v2, BertModel, 22713216",
    "roberta-base, RobertaForMaskedLM, 124697433",
    "FacebookAI/roberta-base, RobertaModel, 124645632",
    "roberta-base, RobertaForSequenceClassification, 124647170",
    "roberta-base, RobertaForQuestionAnswering, 124056578",
    "distilroberta-base, RobertaForMaskedLM, 82170201",
    "xlm-roberta-base, XLMRobertaForMaskedLM, 278295186",
    "xlm-roberta-base, XLMRobertaForTokenClassification, 277454594",
    "xlm-roberta-large, XLMRobertaModel, 559890432",
    "distilbert-base-uncased, DistilBertModel, 66362880",
    "distilbert-base-uncased, DistilBertForMaskedLM, 66985530",
    "distilbert/distilbert-base-cased, DistilBertForSequenceClassification, 65783042",
    "albert-base-v2, AlbertModel, 11683584",
    "albert/albert-base-v2, AlbertForMaskedLM, 11221680",
    "google/electra-small-discriminator, ElectraModel, 13483008",
    "google/electra-small-discriminator, ElectraForPreTraining, 13549057",
    "microsoft/mpnet-base, MPNetModel, 109486464",
    "microsoft/mpnet-base, MPNetForMaskedLM, 109518527",
    "sentence-transformers/all-mpnet-base-v2, MPNetModel, 109486464",
    "answerdotai/ModernBERT-base, ModernBertModel, 149014272",
    "microsoft/deberta-v3-base, DebertaV2Model, 183831552",
    "microsoft/deberta-v3-base, DebertaV2ForMaskedLM, 184551780",
    "microsoft/deberta-v3-small, DebertaV2Model, 141304320",
    "cross-encoder/nli-deberta-v3-base, DebertaV2ForSequenceClassification, 184424451",
  })
  void wellKnownModels(String id, String architecture, long parameters) throws IOException {
    JsonNode found = inspect(id, "--class", architecture);

    assertEquals(parameters, found.path("parameters").longValue());
    assertEquals(architecture, found.path("architecture").textValue());
    assertTrue(found.path("runnable").booleanValue());
    assertTrue(found.path("reason").isNull());
  }

  @Test
  void factsHaveOneNameWhateverTheFileCallsThem() throws IOException {
    JsonNode gpt2 = inspect("gpt2");
    assertEquals("gpt2", gpt2.path("model_type").textValue());
    assertEquals(768, gpt2.path("hidden_size").intValue());
    assertEquals(3072, gpt2.path("intermediate_size").intValue());
    assertEquals(12, gpt2.path("num_hidden_layers").intValue());
    assertEquals(12, gpt2.path("num_attention_heads").intValue());
    assertEquals(12, gpt2.path("num_key_value_heads").intValue());
    assertEquals(64, gpt2.path("head_dim").intValue());
    assertEquals(1024, gpt2.path("max_position_embeddings").intValue());
    assertEquals("gelu_new", gpt2.path("activation").textValue());
    assertTrue(gpt2.path("tie_word_embeddings").booleanValue());
    assertEquals(2 * 12 * 768 * 4, gpt2.path("kv_cache_bytes_per_token").intValue());

    JsonNode t5 = inspect("t5-small");
    assertEquals(512, t5.path("hidden_size").intValue());
    assertEquals(2048, t5.path("intermediate_size").intValue());
    assertEquals(6, t5.path("num_hidden_layers").intValue());
    assertEquals(6, t5.path("num_decoder_layers").intValue());
    assertEquals(8, t5.path("num_attention_heads").intValue());
    assertEquals(64, t5.path("head_dim").intValue());
    assertTrue(t5.path("max_position_embeddings").isNull());

    JsonNode bert = inspect("bert-base-uncased");
    assertEquals(0, bert.path("kv_cache_bytes_per_token").intValue());
    assertFalse(bert.has("num_decoder_layers"));

    JsonNode roberta = inspect("roberta-base");
    assertEquals(514, roberta.path("max_position_embeddings").intValue());
    assertEquals(0, roberta.path("kv_cache_bytes_per_token").intValue());

    JsonNode distilbert = inspect("distilbert-base-uncased");
    assertEquals(768, distilbert.path("hidden_size").intValue());
    assertEquals(3072, distilbert.path("intermediate_size").intValue());
    assertEquals(6, distilbert.path("num_hidden_layers").intValue());
    assertEquals(64, distilbert.path("head_dim").intValue());
    assertEquals(0, distilbert.path("kv_cache_bytes_per_token").intValue());
  }

  @Test
  void countsTheTensorsWhereThereAreSome() throws IOException {
    JsonNode found = inspect(Cli.fixture("bert-masked-lm"));

    assertEquals("tensors", found.path("parameters_from").textValue());
    assertTrue(found.path("weight_bytes").path("F32").longValue() > 0);
    // Tied: one matrix of the file serves twice.
    assertTrue(found.path("load_report").path("tied").size() > 0);
    assertEquals(
        inspect(Cli.fixture("bert-masked-lm") + "/config.json").path("parameters"),
        found.path("parameters"));
  }

  @Test
  void realWeights() throws IOException {
    Path model = Cli.root().resolveSibling("shared").resolve("models/all-MiniLM-L6-v2");
    assumeTrue(Files.isDirectory(model), "no all-MiniLM-L6-v2 in ../shared/models");

    JsonNode found = inspect(model.toString());
    assertEquals(22_713_216, found.path("parameters").longValue());
    assertEquals("tensors", found.path("parameters_from").textValue());
    Cli.run("inspect-config", model.toString()).succeeds().prints("22,713,216");
  }

  @Test
  void anUnknownModelTypeIsReadAsFarAsItGoes() throws IOException {
    String model =
        config(
            """
            {"model_type": "falcon9", "architectures": ["Falcon9ForCausalLM"], "n_embd": 64,
             "n_head": 4, "num_key_value_heads": 2, "n_layer": 3, "vocab_size": 100,
             "rms_norm_eps": 1e-6, "rope_theta": 10000.0, "hidden_act": "silu"}
            """);
    JsonNode found = inspect(model);

    assertFalse(found.path("runnable").booleanValue());
    assertTrue(found.path("reason").textValue().contains("falcon9"));
    assertTrue(found.path("reason").textValue().contains("bert"));
    assertEquals("falcon9", found.path("model_type").textValue());
    assertEquals("Falcon9ForCausalLM", found.path("architecture").textValue());
    assertEquals(64, found.path("hidden_size").intValue());
    assertEquals(16, found.path("head_dim").intValue());
    assertEquals(2, found.path("num_key_value_heads").intValue());
    assertEquals("RMSNorm", found.path("norm").textValue());
    assertEquals(2 * 3 * 2 * 16 * 4, found.path("kv_cache_bytes_per_token").intValue());
    assertTrue(found.path("parameters").isNull());
    Cli.run("inspect-config", model).succeeds().prints("no: ", "falcon9");
  }

  @Test
  void aValueThatIsNotSupportedIsTheReason() throws IOException {
    JsonNode found =
        inspect(
            config("{\"model_type\": \"bert\", \"position_embedding_type\": \"relative_key\"}"));

    assertFalse(found.path("runnable").booleanValue());
    assertTrue(found.path("reason").textValue().contains("position_embedding_type"));
    assertEquals(
        30522, inspect(config("{\"model_type\": \"bert\"}")).path("vocab_size").intValue());
  }

  @Test
  void brokenWeightsAreTheReason() throws IOException {
    String model = config("{\"model_type\": \"gpt2\", \"architectures\": [\"GPT2LMHeadModel\"]}");
    Files.writeString(directory.resolve("model.safetensors"), "no tensors at all");
    JsonNode found = inspect(model);

    assertFalse(found.path("runnable").booleanValue());
    assertTrue(found.path("reason").textValue().contains("model.safetensors"));
    assertEquals(124_439_808, found.path("parameters").longValue());
  }

  @Test
  void missingTensorsAreTheReason() throws IOException {
    String sound = Cli.fixture("bert-model");
    Files.copy(Path.of(sound, "model.safetensors"), directory.resolve("model.safetensors"));
    JsonNode config = new JsonMapper().readTree(Files.readString(Path.of(sound, "config.json")));
    JsonNode found = inspect(config(config.toString()), "--class", "BertForSequenceClassification");

    assertFalse(found.path("runnable").booleanValue());
    assertTrue(found.path("reason").textValue().contains("classifier"));
    assertTrue(found.path("load_report").path("missing").size() > 0);
  }

  @Test
  void picklesAreNamed() throws IOException {
    String model = config("{\"model_type\": \"gpt2\", \"architectures\": [\"GPT2LMHeadModel\"]}");
    Files.writeString(directory.resolve("pytorch_model.bin"), "");

    assertTrue(inspect(model).path("reason").textValue().contains("safetensors"));
  }

  @Test
  void aMissingModelSaysWhereItWasLookedFor() {
    Cli.run("inspect-config", "nowhere/to-be-found")
        .fails(1, "nowhere/to-be-found", "searched", "gatun download");
  }

  @Test
  void aConfigThatIsNoJson() throws IOException {
    Cli.run("inspect-config", config("{\"model_type\": ")).fails(1, "config.json", "malformed");
  }
}
