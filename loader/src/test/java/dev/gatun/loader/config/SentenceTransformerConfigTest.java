package dev.gatun.loader.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.loader.config.SentenceModule.Dense;
import dev.gatun.loader.config.SentenceModule.Normalize;
import dev.gatun.loader.config.SentenceModule.Pooling;
import dev.gatun.loader.config.SentenceModule.StaticEmbedding;
import dev.gatun.loader.config.SentenceModule.Transformer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SentenceTransformerConfigTest {
  private static final String MODULES =
      """
      [{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
       {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
       {"idx": 2, "name": "2", "path": "2_Dense", "type": "any.package.at.all.Dense"},
       {"idx": 3, "name": "3", "path": "3_Normalize", "type": "sentence_transformers.models.Normalize"}]
      """;
  private static final String POOLING = "{\"pooling_mode\": [\"max\", \"cls\"]}";
  private static final String DENSE = "{\"in_features\": 8, \"out_features\": 3}";

  @TempDir private Path directory;

  private void write(String file, String content) throws IOException {
    Path path = directory.resolve(file);
    Files.createDirectories(path.getParent());
    Files.writeString(path, content);
  }

  private void writeSound() throws IOException {
    write("modules.json", MODULES);
    write("1_Pooling/config.json", POOLING);
    write("2_Dense/config.json", DENSE);
  }

  private SentenceTransformerConfig load() {
    return SentenceTransformerConfig.load(directory);
  }

  @Test
  void modulesAndTheirDefaults() throws IOException {
    writeSound();
    SentenceTransformerConfig config = load();
    assertEquals(
        List.of(
            new Transformer(""),
            new Pooling(List.of(PoolingMode.MAX, PoolingMode.CLS), true),
            new Dense("2_Dense", 8, 3, true, Activation.TANH, false),
            new Normalize()),
        config.modules());
    assertEquals(OptionalInt.empty(), config.maxSeqLength());
    assertEquals(Map.of("query", "", "document", ""), config.prompts());
    assertEquals(Optional.empty(), config.defaultPromptName());
    assertEquals(SimilarityFunction.COSINE, config.similarity());
  }

  @Test
  void limitsStandBesideTheTransformer() throws IOException {
    writeSound();
    write("modules.json", MODULES.replace("\"path\": \"\"", "\"path\": \"0_T\""));
    write("sentence_bert_config.json", "{\"max_seq_length\": 7}");
    assertEquals(OptionalInt.empty(), load().maxSeqLength());
    write("0_T/sentence_xlnet_config.json", "{\"max_seq_length\": 9, \"do_lower_case\": true}");
    assertEquals(OptionalInt.of(9), load().maxSeqLength());
    assertTrue(load().doLowerCase());
  }

  @Test
  void settingsOfTheWhole() throws IOException {
    writeSound();
    write(
        "config_sentence_transformers.json",
        """
        {"prompts": {"query": "q: ", "document": null, "other": "o"}, "default_prompt_name": "other",
         "similarity_fn_name": "manhattan", "truncate_dim": 2}
        """);
    assertEquals(Map.of("query", "q: ", "document", "", "other", "o"), load().prompts());
    assertEquals(Optional.of("other"), load().defaultPromptName());
    assertEquals(SimilarityFunction.MANHATTAN, load().similarity());
    assertEquals(OptionalInt.of(2), load().truncateDim());
  }

  @Test
  void withoutModulesThePoolingFollowsTheKindOfModel() throws IOException {
    assertEquals(pooledBy(PoolingMode.MEAN), load().modules());
    write("config.json", "{\"architectures\": [\"BertModel\"]}");
    assertEquals(pooledBy(PoolingMode.MEAN), load().modules());
    write("config.json", "{\"architectures\": [\"LlamaForCausalLM\"]}");
    assertEquals(pooledBy(PoolingMode.LASTTOKEN), load().modules());
    write("config.json", "{\"architectures\": [\"LlamaForCausalLM\"], \"is_causal\": false}");
    assertEquals(pooledBy(PoolingMode.MEAN), load().modules());
    write("config.json", "{\"model_type\": \"model2vec\", \"normalize\": true}");
    assertEquals(List.of(new StaticEmbedding(""), new Normalize()), load().modules());
  }

  @Test
  void withoutModulesOrWithThoseOfAnotherKindNothingElseIsRead() throws IOException {
    write("sentence_bert_config.json", "{\"max_seq_length\": 7, \"do_lower_case\": true}");
    write(
        "config_sentence_transformers.json",
        """
        {"prompts": {"query": "q: "}, "default_prompt_name": "query", "similarity_fn_name": "dot",
         "truncate_dim": 2, "model_type": "CrossEncoder"}
        """);
    SentenceTransformerConfig plain = load();
    assertEquals(
        new SentenceTransformerConfig(
            pooledBy(PoolingMode.MEAN),
            OptionalInt.empty(),
            false,
            Map.of("query", "", "document", ""),
            Optional.empty(),
            SimilarityFunction.COSINE,
            OptionalInt.empty()),
        plain);
    writeSound();
    assertEquals(plain, load());
  }

  @Test
  void aTransformerAsTodaysReleasesSaveIt() throws IOException {
    writeSound();
    write(
        "sentence_bert_config.json",
        """
        {"transformer_task": "feature-extraction", "module_output_name": "token_embeddings",
         "modality_config": {"text": {"method": "forward", "method_output_name": "last_hidden_state"}},
         "max_seq_length": 30, "model_args": {"torch_dtype": "float16", "revision": null},
         "tokenizer_args": {"model_max_length": 9, "use_fast": true}, "query_length": null}
        """);
    assertEquals(OptionalInt.of(9), load().maxSeqLength());
  }

  @Test
  void whatOnlyTrainingHasIsLeftOut() throws IOException {
    writeSound();
    write("modules.json", MODULES.replace("models.Normalize", "models.Dropout"));
    assertEquals(3, load().modules().size());
  }

  @Test
  void activationsOfTorch() throws IOException {
    writeSound();
    write(
        "2_Dense/config.json",
        DENSE.replace(
            "{", "{\"activation_function\": \"torch.nn.modules.activation.LeakyReLU\", "));
    assertEquals(
        new Dense("2_Dense", 8, 3, true, Activation.LEAKY_RELU, false), load().modules().get(2));
  }

  @Test
  void aSimilarityThatNobodyKnowsIsCosine() throws IOException {
    writeSound();
    write("config_sentence_transformers.json", "{\"similarity_fn_name\": \"maxsim\"}");
    assertEquals(SimilarityFunction.COSINE, load().similarity());
  }

  private static List<SentenceModule> pooledBy(PoolingMode mode) {
    return List.of(new Transformer(""), new Pooling(List.of(mode), true));
  }

  /** Each row: file, a text of the sound one, what replaces it, what the refusal must say. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "modules.json| [{| [[{| malformed",
        "modules.json| [{| {\"a\": [{| malformed",
        "modules.json| models.Pooling| models.CNN| CNN",
        "modules.json| at.all.Dense| at.all.Router| Router",
        "modules.json| \"path\": \"2_Dense\"| \"path\": 2| lacks its type or path",
        "modules.json| \"path\": \"2_Dense\"| \"path\": \"../2_Dense\"| ../2_Dense",
        "modules.json| \"path\": \"2_Dense\"| \"path\": \"/etc\"| /etc",
        "modules.json| \"path\": \"2_Dense\"| \"path\": \"a\\u0000b\"| impossible path",
        "modules.json| \"path\": \"2_Dense\"| \"path\": \"3_Dense\"| 3_Dense",
        "modules.json| models.Transformer| models.Normalize| modules",
        "modules.json| models.Normalize| models.Transformer| modules",
        "1_Pooling/config.json| \"max\"| \"median\"| median",
        "1_Pooling/config.json| [\"max\", \"cls\"]| 3| pooling_mode",
        "1_Pooling/config.json| {| {\"include_prompt\": 1, | include_prompt",
        "2_Dense/config.json| 8| 0| in_features",
        "2_Dense/config.json| 8| 1e9| in_features",
        "2_Dense/config.json| \"out_features\"| \"out\"| out_features",
        "2_Dense/config.json| {| {\"activation_function\": \"os.system\", | os.system",
        "2_Dense/config.json| {| {\"activation_function\": \"torch.nn.Softmax\", | torch.nn.Softmax",
        "2_Dense/config.json| {| {\"module_input_name\": \"token_embeddings\", | token_embeddings",
        "config_sentence_transformers.json| {}| {\"prompts\": [1]}| prompts",
        "config_sentence_transformers.json| {}| {\"prompts\": {\"query\": 1}}| prompts",
        "config_sentence_transformers.json| {}| {\"default_prompt_name\": \"x\"}| default_prompt_name",
        "config_sentence_transformers.json| {}| {\"similarity_fn_name\": 1}| similarity_fn_name",
        "config_sentence_transformers.json| {}| {\"truncate_dim\": -1}| truncate_dim",
        "sentence_bert_config.json| {}| {\"max_seq_length\": 0}| max_seq_length",
        "sentence_bert_config.json| {}| {\"transformer_task\": \"fill-mask\"}| fill-mask",
        "sentence_bert_config.json| {}| {\"module_output_name\": \"sentence_embedding\"}| module_output_name",
        "sentence_bert_config.json| {}| {\"modality_config\": {\"message\": {}}}| modality_config",
        "sentence_bert_config.json| {}| {\"processing_kwargs\": {\"text\": {}}}| processing_kwargs",
        "sentence_bert_config.json| {}| {\"query_length\": 32}| query_length",
        "sentence_bert_config.json| {}| {\"tokenizer_name_or_path\": \"other\"}| tokenizer_name_or_path",
        "sentence_bert_config.json| {}| {\"config_args\": {\"hidden_act\": \"relu\"}}| config_args.hidden_act",
        "sentence_bert_config.json| {}| {\"tokenizer_args\": {\"model_max_length\": 0}}| model_max_length",
        "sentence_bert_config.json| {}| {\"processor_kwargs\": {\"do_lower_case\": true}}| do_lower_case",
      })
  void whatIsMalformedIsNamed(String file, String sound, String broken, String refusal)
      throws IOException {
    writeSound();
    write("config_sentence_transformers.json", "{}");
    write("sentence_bert_config.json", "{}");
    load();
    String text = Files.readString(directory.resolve(file));
    assertTrue(text.contains(sound), text);
    write(file, text.replace(sound, broken));
    ConfigException e = assertThrows(ConfigException.class, this::load);
    assertTrue(e.getMessage().contains(refusal), e::getMessage);
  }
}
