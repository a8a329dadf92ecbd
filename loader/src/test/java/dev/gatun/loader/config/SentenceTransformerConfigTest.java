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
        "config_sentence_transformers.json| {}| {\"similarity_fn_name\": \"near\"}| near",
        "config_sentence_transformers.json| {}| {\"truncate_dim\": -1}| truncate_dim",
        "sentence_bert_config.json| {}| {\"max_seq_length\": 0}| max_seq_length",
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
